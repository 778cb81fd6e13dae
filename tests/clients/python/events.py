"""The checks of those that subscribe by Server-Sent Events."""

import json

from check import PUBLISHED, check, equal, say, urls


def events_all(version, events):
    """`events(channel, last_event_id)` yields id and data of one event after the other."""
    say(f"version {version}")
    (channel,) = urls()
    expected = json.loads(PUBLISHED)

    stream = events(channel, None)
    with check("open"):
        first, data = next(stream)
        equal(json.loads(data)["gap"], False)
    with check("live"):
        say("subscribed")
        _, data = next(stream)
        equal(json.loads(data)["data"], expected)
    stream.close()

    with check("resume"):
        stream = events(channel, first)
        _, data = next(stream)
        equal(json.loads(data)["gap"], False)
        _, data = next(stream)
        equal(json.loads(data)["data"], expected)
        stream.close()

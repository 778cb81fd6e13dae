"""https://github.com/florimondmanca/httpx-sse"""

from importlib.metadata import version

import httpx
from httpx_sse import connect_sse

from events import events_all


def events(channel, last_event_id):
    headers = {"Last-Event-ID": last_event_id} if last_event_id else {}
    with httpx.Client(timeout=20) as client:
        with connect_sse(client, "GET", channel, headers=headers) as source:
            for event in source.iter_sse():
                yield event.id, event.data


events_all(version("httpx-sse"), events)

"""https://github.com/mpetazzoni/sseclient, over requests"""

from importlib.metadata import version

import requests
import sseclient

from events import events_all


def events(channel, last_event_id):
    headers = {"Accept": "text/event-stream"}
    if last_event_id:
        headers["Last-Event-ID"] = last_event_id
    with requests.get(channel, headers=headers, stream=True, timeout=20) as answer:
        for event in sseclient.SSEClient(answer).events():
            yield event.id, event.data


events_all(version("sseclient-py"), events)

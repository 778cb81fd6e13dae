"""https://www.python-httpx.org"""

import httpx

from publish import publish_all, pieces

BINARY = {"Content-Type": "application/octet-stream"}


class Httpx:
    version = httpx.__version__
    reads_while_it_sends = True

    def __init__(self, channel):
        self.channel = channel
        self.client = httpx.Client(timeout=20)

    def publish(self, body, binary=False):
        answer = self.client.post(self.channel, content=body, headers=BINARY if binary else {})
        return answer.status_code, answer.text

    def publish_chunked(self, body):
        answer = self.client.post(self.channel, content=pieces(body))
        return answer.status_code, answer.text

    def newest(self):
        return self.client.get(self.channel, params={"limit": 1}).text


publish_all(Httpx)

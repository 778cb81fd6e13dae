"""https://requests.readthedocs.io"""

import requests

from publish import publish_all, pieces

BINARY = {"Content-Type": "application/octet-stream"}


class Requests:
    version = requests.__version__
    reads_while_it_sends = True

    def __init__(self, channel):
        self.channel = channel
        self.session = requests.Session()

    def publish(self, body, binary=False):
        answer = self.session.post(self.channel, body, headers=BINARY if binary else {})
        return answer.status_code, answer.text

    def publish_chunked(self, body):
        answer = self.session.post(self.channel, pieces(body))
        return answer.status_code, answer.text

    def newest(self):
        return self.session.get(self.channel, params={"limit": 1}).text


publish_all(Requests)

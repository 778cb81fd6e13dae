"""https://docs.python.org/3/library/urllib.request.html"""

import platform
import urllib.request
from urllib.error import HTTPError

from publish import publish_all, pieces


class Urllib:
    version = platform.python_version()
    reads_while_it_sends = False

    def __init__(self, channel):
        self.channel = channel

    def publish(self, body, binary=False):
        # It names a form as its Content-Type by itself; to Kodama that is text.
        request = urllib.request.Request(self.channel, data=body, method="POST")
        if binary:
            request.add_header("Content-Type", "application/octet-stream")
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as refusal:
            return refusal.code, refusal.read().decode()

    def publish_chunked(self, body):
        return self.publish(pieces(body))

    def newest(self):
        with urllib.request.urlopen(f"{self.channel}?limit=1", timeout=20) as answer:
            return answer.read().decode()


publish_all(Urllib)

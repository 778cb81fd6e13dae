"""https://docs.aiohttp.org/en/stable/client_quickstart.html"""

import asyncio

import aiohttp

from publish import publish_all, pieces

# What is given as bytes would be sent as application/octet-stream by itself.
TEXT = {"Content-Type": "text/plain; charset=utf-8"}
BINARY = {"Content-Type": "application/octet-stream"}


class Aiohttp:
    version = aiohttp.__version__
    reads_while_it_sends = True

    def __init__(self, channel):
        self.channel = channel
        self.loop = asyncio.new_event_loop()
        self.session = self.loop.run_until_complete(self.open())

    async def open(self):
        return aiohttp.ClientSession()

    async def post(self, body, headers=TEXT):
        async with self.session.post(self.channel, data=body, headers=headers) as answer:
            return answer.status, await answer.text()

    async def get(self):
        async with self.session.get(self.channel, params={"limit": "1"}) as answer:
            return await answer.text()

    def publish(self, body, binary=False):
        return self.loop.run_until_complete(self.post(body, BINARY if binary else TEXT))

    def publish_chunked(self, body):
        async def chunks():
            for piece in pieces(body):
                yield piece

        return self.loop.run_until_complete(self.post(chunks()))

    def newest(self):
        return self.loop.run_until_complete(self.get())


publish_all(Aiohttp)

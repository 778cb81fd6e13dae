"""https://docs.aiohttp.org/en/stable/client_quickstart.html#websockets"""

import asyncio

import aiohttp

from check import PUBLISHED, SIZES, binary, check, equal, say, skip, text, urls


async def main(echo, channel):
    say(f"version {aiohttp.__version__}")
    async with aiohttp.ClientSession() as session:
        # compress=15 offers permessage-deflate with the largest window.
        async with session.ws_connect(echo, compress=15) as ws:
            for size in SIZES:
                with check(f"echo text {size}"):
                    await ws.send_str(text(size))
                    equal(await ws.receive_str(), text(size))
                with check(f"echo binary {size}"):
                    await ws.send_bytes(binary(size))
                    equal(await ws.receive_bytes(), binary(size))
            skip("fragments", "sends whole messages only")
        # A pong is only shown to whoever answers pings as well.
        async with session.ws_connect(echo, autoping=False) as ws:
            with check("ping"):
                await ws.ping(b"are you there")
                pong = await ws.receive()
                equal((pong.type, bytes(pong.data)), (aiohttp.WSMsgType.PONG, b"are you there"))
            with check("close by the client"):
                await ws.close(code=4001, message=b"bye")
                equal(ws.close_code, 4001)

        with check("channel"):
            async with session.ws_connect(channel, compress=15) as ws:
                say("subscribed")
                equal(await ws.receive_str(), PUBLISHED)

        with check("close by the server"):
            async with session.ws_connect(channel, protocols=["kodama.v1"]) as ws:
                assert (await ws.receive_str()).startswith('{"open":')
                await ws.send_bytes(b"not JSON")
                closed = await ws.receive()
                equal((closed.data, closed.extra), (1003, "JSON is spoken here"))


asyncio.run(main(*urls()))

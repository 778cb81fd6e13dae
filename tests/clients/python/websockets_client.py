"""https://websockets.readthedocs.io"""

import asyncio

import websockets

from check import PUBLISHED, SIZES, binary, check, equal, say, text, urls


async def main(echo, channel):
    say(f"version {websockets.__version__}")
    # Messages of up to 1 MiB are taken by default, compression is offered.
    async with websockets.connect(echo) as ws:
        for size in SIZES:
            with check(f"echo text {size}"):
                await ws.send(text(size))
                equal(await ws.recv(), text(size))
            with check(f"echo binary {size}"):
                await ws.send(binary(size))
                equal(await ws.recv(), binary(size))
        with check("fragments"):
            await ws.send(["frag", "men", "ts"])
            equal(await ws.recv(), "fragments")
        with check("ping"):
            await (await ws.ping("are you there"))
        with check("close by the client"):
            await ws.close(4001, "bye")
            equal(ws.close_code, 4001)

    with check("channel"):
        async with websockets.connect(channel) as ws:
            say("subscribed")
            equal(await ws.recv(), PUBLISHED)

    with check("close by the server"):
        async with websockets.connect(channel, subprotocols=["kodama.v1"]) as ws:
            assert (await ws.recv()).startswith('{"open":')
            await ws.send(b"not JSON")
            try:
                await ws.recv()
            except websockets.ConnectionClosed as closed:
                equal((closed.rcvd.code, closed.rcvd.reason), (1003, "JSON is spoken here"))


asyncio.run(main(*urls()))

"""https://websocket-client.readthedocs.io"""

import struct

import websocket
from websocket import ABNF

from check import PUBLISHED, SIZES, binary, check, equal, say, text, urls

echo, channel = urls()
say(f"version {websocket.__version__}")

ws = websocket.create_connection(echo, timeout=20)
for size in SIZES:
    with check(f"echo text {size}"):
        ws.send(text(size))
        equal(ws.recv(), text(size))
    with check(f"echo binary {size}"):
        ws.send_binary(binary(size))
        # An empty message comes as an empty text, whatever it was.
        equal(ws.recv() or b"", binary(size))
with check("fragments"):
    ws.send_frame(ABNF.create_frame("frag", ABNF.OPCODE_TEXT, 0))
    ws.send_frame(ABNF.create_frame("men", ABNF.OPCODE_CONT, 0))
    ws.send_frame(ABNF.create_frame("ts", ABNF.OPCODE_CONT, 1))
    equal(ws.recv(), "fragments")
with check("ping"):
    ws.ping("are you there")
    equal(ws.recv_data(control_frame=True), (ABNF.OPCODE_PONG, b"are you there"))
with check("close by the client"):
    ws.send_close(4001, b"bye")
    equal(ws.recv_data(), (ABNF.OPCODE_CLOSE, struct.pack("!H", 4001)))
ws.shutdown()

with check("channel"):
    ws = websocket.create_connection(channel, timeout=20)
    say("subscribed")
    equal(ws.recv(), PUBLISHED)
    ws.close()

with check("close by the server"):
    ws = websocket.create_connection(channel, timeout=20, subprotocols=["kodama.v1"])
    assert ws.recv().startswith('{"open":')
    ws.send_binary(b"not JSON")
    expected = struct.pack("!H", 1003) + b"JSON is spoken here"
    equal(ws.recv_data(), (ABNF.OPCODE_CLOSE, expected))
    ws.shutdown()

/** What ends one WebSocket and nothing else: peers that vanish, handlers that throw. */
import { assertEquals } from "@std/assert";
import type { SocketHandler } from "../../lib/net/socket_handler.ts";
import { clientFrame } from "../tools/frames.ts";
import { noise, utf8 } from "../tools/bytes.ts";
import { echo, Recorder } from "../tools/handler.ts";
import { join, textOf } from "../tools/raw.ts";
import { ResettingClient } from "../tools/reset.ts";
import { TestServer, webSocket } from "../tools/server.ts";
import { closeCode, HANDSHAKE, WebSocketClient } from "../tools/websocket.ts";
import { test } from "../tools/way.ts";

const last: Record<string, Uint8Array> = {
  "between frames": new Uint8Array(0),
  "within a header": clientFrame(0x82, noise(1000)).subarray(0, 3),
  "within a frame": clientFrame(0x82, noise(1000)).subarray(0, 500),
  "within a message": clientFrame(0x02, noise(10)),
};

for (const [when, bytes] of Object.entries(last)) {
  test(`Socket takes an RST ${when} for a normal end, told once`, async () => {
    const recorder = new Recorder();
    await using server = new TestServer(webSocket(recorder));
    const client = await ResettingClient.connect(server.server.addr);
    await client.send(join(HANDSHAKE, clientFrame(0x81, utf8("hi")), bytes));
    await recorder.until("message");
    await client.reset();
    await server.shrunk();
    assertEquals(recorder.log, ["open", "message 1 hi", "close 1006 unclean"]);
    assertEquals(server.takeFaults(), []);
  });

  test(`Socket takes a FIN ${when} for a normal end, told once`, async () => {
    const recorder = new Recorder();
    await using server = new TestServer(webSocket(recorder));
    using client = await WebSocketClient.open(server);
    await client.raw.send(bytes);
    await client.raw.end();
    assertEquals(await client.rest(), []);
    assertEquals(client.raw.ended, "FIN");
    await server.shrunk();
    assertEquals(recorder.log, ["open", "close 1006 unclean"]);
  });
}

test("Socket takes an RST within a write for a normal end, and sends on into nothing", async () => {
  const recorder = new Recorder({
    open: (socket) => void socket.send(new Uint8Array(32 << 20)),
  });
  await using server = new TestServer(webSocket(recorder), { maxBuffered: 64 << 20 });
  const client = await ResettingClient.connect(server.server.addr);
  await client.send(HANDSHAKE);
  await recorder.until("open");
  await client.reset();
  await server.shrunk();
  assertEquals(recorder.log, ["open", "close 1006 unclean"]);
  assertEquals(recorder.socket.bufferedAmount, 0);
  assertEquals(recorder.socket.send("to nobody"), false);
  recorder.socket.close();
  assertEquals(recorder.log.length, 2);
});

function fault(): never {
  throw new Error("a fault of the handler");
}

const throwing: Record<string, [handler: SocketHandler, log: string[]]> = {
  open: [{ open: fault }, ["open", "close 1011 unclean internal error"]],
  message: [{ message: fault }, ["open", "message 1 hi", "close 1011 unclean internal error"]],
  tick: [
    { tick: (socket) => socket.peer.port > 0 && fault() },
    ["open", "message 1 hi", "close 1011 unclean internal error"],
  ],
};

for (const [where, [handler, log]] of Object.entries(throwing)) {
  test(`Socket answers a throw in ${where} with 1011, and other connections go on`, async () => {
    const bad = new Recorder(handler);
    const serveEcho = webSocket(echo), serveBad = webSocket(bad);
    const served = { bad: false };
    await using server = new TestServer(
      (request) => served.bad ? serveBad(request) : serveEcho(request),
      { closeTimeout: 200 },
    );
    using other = await WebSocketClient.open(server);
    served.bad = true;
    using client = await WebSocketClient.open(server, clientFrame(0x81, utf8("hi")));
    assertEquals((await client.rest()).map(closeCode), [1011]);
    assertEquals(server.takeFaults(), ["a fault of the handler"]);
    assertEquals(bad.log, log);
    await other.send(0x81, "still here");
    assertEquals(textOf((await other.next())!.payload), "still here");
  });
}

test("Socket reports a throw in close, and ends as it was ending", async () => {
  const recorder = new Recorder({ close: fault });
  await using server = new TestServer(webSocket(recorder));
  using client = await WebSocketClient.open(server);
  await client.send(0x88);
  assertEquals((await client.rest()).map(closeCode), [1005]);
  assertEquals(recorder.log, ["open", "close 1005 clean"]);
  assertEquals(server.takeFaults(), ["a fault of the handler"]);
});

test("Socket.drop() ends the connection at once and tells its handler once", async () => {
  const recorder = new Recorder({ message: (socket) => socket.drop() });
  await using server = new TestServer(webSocket(recorder));
  using client = await WebSocketClient.open(server);
  await client.send(0x81, "drop me");
  assertEquals(await client.rest(), []);
  await server.shrunk();
  recorder.socket.drop();
  assertEquals(recorder.log, ["open", "message 1 drop me", "close 1006 unclean"]);
});

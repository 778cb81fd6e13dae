/** A WebSocket's deadlines: pings, unfinished messages, closing handshakes. */
import { assertEquals, assertGreaterOrEqual } from "@std/assert";
import { Clock } from "../../lib/net/clock.ts";
import { Socket } from "../../lib/net/socket.ts";
import { Transport } from "../../lib/net/transport.ts";
import type { Accepted } from "../../lib/websocket/handshake.ts";
import { clientFrame } from "../tools/frames.ts";
import { utf8 } from "../tools/bytes.ts";
import { echo, Recorder } from "../tools/handler.ts";
import { RawClient, textOf } from "../tools/raw.ts";
import { PATIENT, TestServer, webSocket } from "../tools/server.ts";
import { closeCode, WebSocketClient } from "../tools/websocket.ts";
import { test } from "../tools/way.ts";

test("Socket pings after pingInterval, and a peer that answers stays", async () => {
  const recorder = new Recorder(echo);
  await using server = new TestServer(webSocket(recorder), { pingInterval: 30, pingTimeout: 200 });
  using client = await WebSocketClient.open(server);
  const began = performance.now();
  for (let i = 0; i < 10; i++) {
    const ping = await client.next();
    assertEquals(ping, { first: 0x89, payload: new Uint8Array(0) });
    await client.send(0x8a, ping!.payload);
  }
  assertGreaterOrEqual(performance.now() - began, 200);
  assertEquals(recorder.log, ["open"]);
});

test("Socket drops a silent peer after ping and pingTimeout, without a close frame", async () => {
  const recorder = new Recorder();
  await using server = new TestServer(webSocket(recorder), { pingInterval: 60, pingTimeout: 40 });
  using client = await WebSocketClient.open(server);
  const frames = await client.rest();
  assertEquals(new Set(frames.map((frame) => frame.first)), new Set([0x89]));
  await server.shrunk();
  assertEquals(recorder.log, ["open", "close 1006 unclean"]);
});

test("Socket keeps a peer whose answer came while nobody could look for it", async () => {
  const recorder = new Recorder();
  await using server = new TestServer(webSocket(recorder), { pingInterval: 60, pingTimeout: 40 });
  using client = await WebSocketClient.open(server);
  for (let i = 0; i < 3; i++) {
    assertEquals((await client.next())?.first, 0x89);
    const sent = client.send(0x8a);
    for (const began = performance.now(); performance.now() - began < 200;);
    await sent;
  }
  assertEquals(recorder.log, ["open"]);
});

Deno.test("Socket does not drop a peer before it is its turn to be read, but then", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const [conn, client] = await Promise.all([
    listener.accept(),
    RawClient.connect(listener.addr),
  ]);
  const clock = new Clock(5), recorder = new Recorder(), faults: unknown[] = [];
  const { promise: turn, resolve } = Promise.withResolvers<void>();
  const transport = new Transport(conn, clock, undefined, undefined, { next: () => turn });
  const accepted: Accepted = {
    ...{ accepted: true, headers: [], protocol: undefined, deflate: undefined },
  };
  const settings = { ...PATIENT, pingInterval: 20, pingTimeout: 20 };
  const run = new Socket(transport, accepted, recorder, settings, (e) => faults.push(e)).run();
  // Five pings, of which the first could have been answered in time.
  await client.until((received) => received.length >= 10);
  await client.send(clientFrame(0x8a, new Uint8Array()));
  resolve();
  client.take(10);
  await client.until((received) => received.length >= 2);
  assertEquals(recorder.log, ["open"]);
  await run;
  assertEquals([recorder.log, faults], [["open", "close 1006 unclean"], []]);
  client.close();
  clock.stop();
});

test("Socket takes any bytes as a sign of life, also a frame that is not done", async () => {
  const recorder = new Recorder();
  await using server = new TestServer(webSocket(recorder), { pingInterval: 40, pingTimeout: 100 });
  using client = await WebSocketClient.open(server);
  const frame = clientFrame(0x82, new Uint8Array(14));
  for (let i = 0; i < 6; i++) {
    assertEquals((await client.next())?.first, 0x89);
    await client.raw.send(frame.subarray(i * 3, i * 3 + 3));
  }
  await client.raw.send(frame.subarray(18));
  await recorder.until("message 2");
});

const unfinished: Record<string, Uint8Array> = {
  "the first fragment": clientFrame(0x01, utf8("one")),
  "half a header": clientFrame(0x81, utf8("one")).subarray(0, 1),
  "half a payload": clientFrame(0x81, utf8("one")).subarray(0, 7),
};

for (const [what, bytes] of Object.entries(unfinished)) {
  test(`Socket ends a message of which only ${what} comes with 1008 at messageTimeout`, async () => {
    const recorder = new Recorder(echo);
    await using server = new TestServer(webSocket(recorder), { messageTimeout: 60 });
    using client = await WebSocketClient.open(server);
    await client.send(0x81, "whole");
    assertEquals(textOf((await client.next())!.payload), "whole");
    await client.raw.send(bytes);
    assertEquals((await client.rest()).map(closeCode), [1008]);
    assertEquals(recorder.log.at(-1), "close 1008 unclean message took too long");
  });
}

test("Socket counts a message's time from its first byte, whatever drips meanwhile", async () => {
  const recorder = new Recorder();
  await using server = new TestServer(webSocket(recorder), {
    messageTimeout: 80,
    pingInterval: 10,
  });
  using client = await WebSocketClient.open(server);
  await client.send(0x01, "a");
  // A fragment at each ping of the server's: it never falls silent, and never ends the message.
  let frame = await client.next();
  for (; frame?.first === 0x89; frame = await client.next()) await client.send(0x00, "b");
  assertEquals(closeCode(frame), 1008);
});

test("Socket gives each message its own time", async () => {
  const recorder = new Recorder();
  await using server = new TestServer(webSocket(recorder), {
    messageTimeout: 800,
    pingInterval: 100,
  });
  using client = await WebSocketClient.open(server);
  // Each segment ends one message and begins the next.
  await client.send(0x01, "a");
  for (let i = 0; i < 10; i++) {
    assertEquals((await client.next())?.first, 0x89);
    await client.raw.send(
      new Uint8Array([
        ...clientFrame(0x80, utf8("b")),
        ...clientFrame(0x01, utf8("a")),
      ]),
    );
  }
  await recorder.until("message 1 ab", 10);
});

test("Socket drops a peer that does not answer its close, at closeTimeout", async () => {
  const recorder = new Recorder({ open: (socket) => socket.close(4000) });
  await using server = new TestServer(webSocket(recorder), { closeTimeout: 60, pingInterval: 20 });
  using client = await WebSocketClient.open(server);
  assertEquals((await client.rest()).map(closeCode), [4000]);
  await server.shrunk();
  assertEquals(recorder.log, ["open", "close 1006 unclean"]);
});

test("Socket drops a peer that answers its close and does not end TCP, at closeTimeout", async () => {
  const recorder = new Recorder({ open: (socket) => socket.close(4000) });
  await using server = new TestServer(webSocket(recorder), { closeTimeout: 60 });
  using client = await WebSocketClient.open(server);
  assertEquals(closeCode(await client.next()), 4000);
  await client.send(0x88, Uint8Array.of(0x0f, 0xa0));
  assertEquals(await client.rest(), []);
  assertEquals(recorder.log, ["open", "close 4000 clean"]);
  await server.shrunk();
  assertEquals(recorder.log.length, 2);
});

test("Socket lets its handler look at each tick while it is open, and not after", async () => {
  const ticks: number[] = [];
  const recorder = new Recorder({
    tick(socket, now) {
      assertEquals(socket.open, true);
      if (ticks.push(now) === 3) socket.close(1000);
    },
  });
  await using server = new TestServer(webSocket(recorder), { closeTimeout: 60 });
  using client = await WebSocketClient.open(server);
  assertEquals((await client.rest()).map(closeCode), [1000]);
  await server.shrunk();
  assertEquals(ticks.length, 3);
  assertEquals(ticks.toSorted((a, b) => a - b), ticks);
});

/** A WebSocket over a real socket: messages of every size, and the closing handshake from both sides. */
import { assertEquals, assertThrows } from "@std/assert";
import type { Socket } from "../../lib/net/socket.ts";
import { clientFrame } from "../tools/frames.ts";
import { concat, noise, utf8 } from "../tools/bytes.ts";
import { echo, Recorder } from "../tools/handler.ts";
import { textOf } from "../tools/raw.ts";
import { TestServer, webSocket } from "../tools/server.ts";
import { closeCode, WebSocketClient } from "../tools/websocket.ts";

const none = new Uint8Array(0);

/** The payload of a close frame. */
function closing(code: number, reason = ""): Uint8Array {
  return concat(Uint8Array.of(code >> 8, code & 255), utf8(reason));
}

Deno.test("Socket echoes messages of every length form, whole and in fragments (RFC 6455, 5.2 and 5.4)", async () => {
  await using server = new TestServer(webSocket(echo));
  using client = await WebSocketClient.open(server);
  for (const size of [0, 1, 125, 126, 127, 65535, 65536, 1_000_000]) {
    const payload = noise(size);
    await client.send(0x82, payload);
    assertEquals(await client.next(), { first: 0x82, payload });
    const third = Math.ceil(size / 3);
    await client.raw.send(concat(
      clientFrame(0x02, payload.subarray(0, third)),
      clientFrame(0x00, payload.subarray(third, 2 * third)),
      clientFrame(0x89, utf8("between")),
      clientFrame(0x80, payload.subarray(2 * third)),
    ));
    // 5.4: a ping between fragments is answered before the message.
    assertEquals(textOf((await client.next())!.payload), "between");
    assertEquals(await client.next(), { first: 0x82, payload });
  }
});

Deno.test("Socket echoes what comes in any pieces", async () => {
  await using server = new TestServer(webSocket(echo));
  using client = await WebSocketClient.open(server);
  const frames = concat(clientFrame(0x81, utf8("k\u014ddama")), clientFrame(0x82, noise(200)));
  await client.raw.drip(frames);
  assertEquals(await client.next(), { first: 0x81, payload: utf8("k\u014ddama") });
  assertEquals(await client.next(), { first: 0x82, payload: noise(200) });
});

Deno.test("Socket echoes thousands of messages of one segment in order", async () => {
  await using server = new TestServer(webSocket(echo));
  using client = await WebSocketClient.open(server);
  const numbers = Array.from({ length: 5000 }, (_, i) => String(i));
  await client.raw.send(concat(...numbers.map((n) => clientFrame(0x81, utf8(n)))));
  for (const n of numbers) assertEquals(textOf((await client.next())!.payload), n);
});

Deno.test("Socket tells of no more messages while it is held, and of all of them afterwards; who leaves is not held", async () => {
  const recorder = new Recorder({ message: (socket) => socket.hold() });
  await using server = new TestServer(webSocket(recorder));
  using client = await WebSocketClient.open(server);
  await client.raw.send(concat(...["1", "2", "3"].map((n) => clientFrame(0x81, utf8(n)))));
  for (const n of ["1", "2", "3"]) {
    await recorder.until(`message 1 ${n}`);
    await new Promise((resolve) => setImmediate(resolve));
    assertEquals(recorder.log.at(-1), `message 1 ${n}`);
    if (n !== "3") recorder.socket.goOn();
  }
  recorder.socket.drop();
  await recorder.until("close");
  await server.shrunk();
});

Deno.test("Socket echoes messages of the largest size that come close behind one another", async () => {
  await using server = new TestServer(webSocket(echo), {
    maxMessage: 1 << 20,
    maxBuffered: 1 << 20,
  });
  using client = await WebSocketClient.open(server);
  const sizes = [1 << 20, 2, 1 << 20, 1 << 20, 1 << 20, 300_000, 300_000, 300_000, 300_000, 5];
  const sent = client.raw.send(concat(...sizes.map((size) => clientFrame(0x82, noise(size)))));
  for (const size of sizes) {
    const frame = await client.next();
    assertEquals([frame?.first, frame?.payload.length], [0x82, size]);
  }
  await sent;
});

Deno.test("Socket sends a message back as it came, of every size around that from which it is not copied", async () => {
  await using server = new TestServer(webSocket(echo));
  using client = await WebSocketClient.open(server);
  for (const size of [16383, 16384, 16385, 20_000, 65535, 65536, 300_000]) {
    for (const first of [0x81, 0x82]) {
      const payload = first === 0x81 ? utf8("k".repeat(size)) : noise(size);
      await client.send(first, payload);
      assertEquals(await client.next(), { first, payload });
    }
  }
});

Deno.test("Socket sends a large message to its sender and to others, as often as the handler says", async () => {
  const sockets: Socket[] = [];
  const seen: boolean[] = [];
  const payload = noise(200_000);
  await using server = new TestServer(webSocket({
    open: (socket) => void sockets.push(socket),
    message(socket, message, opcode) {
      socket.send(utf8("before"), 1);
      for (const to of [socket, ...sockets, socket]) to.send(message, opcode);
      socket.send(message.subarray(5), opcode);
      seen.push(message.length === payload.length && message.every((b, i) => b === payload[i]));
    },
  }));
  using other = await WebSocketClient.open(server);
  using client = await WebSocketClient.open(server);
  for (let round = 0; round < 3; round++) {
    await client.raw.send(concat(clientFrame(0x82, payload), clientFrame(0x89, utf8("behind"))));
    assertEquals(await client.next(), { first: 0x81, payload: utf8("before") });
    for (let i = 0; i < 3; i++) assertEquals(await client.next(), { first: 0x82, payload });
    assertEquals(await client.next(), { first: 0x82, payload: payload.subarray(5) });
    assertEquals(await client.next(), { first: 0x8a, payload: utf8("behind") });
    assertEquals(await other.next(), { first: 0x82, payload });
  }
  assertEquals(seen, [true, true, true]);
});

Deno.test("Socket sends text as text and bytes as bytes", async () => {
  const long = "木".repeat(3000);
  await using server = new TestServer(webSocket({
    open(socket) {
      socket.send("木霊");
      socket.send(long);
      socket.send(Uint8Array.of(1, 2));
      socket.send(utf8("text"), 1);
    },
  }));
  using client = await WebSocketClient.open(server);
  assertEquals(await client.next(), { first: 0x81, payload: utf8("木霊") });
  assertEquals(await client.next(), { first: 0x81, payload: utf8(long) });
  assertEquals(await client.next(), { first: 0x82, payload: Uint8Array.of(1, 2) });
  assertEquals(await client.next(), { first: 0x81, payload: utf8("text") });
});

Deno.test("Socket answers a ping with its payload, and takes a pong that nobody asked for (5.5.3)", async () => {
  const pings: string[] = [];
  const recorder = new Recorder();
  await using server = new TestServer(webSocket(
    Object.assign(recorder, { ping: () => pings.push("ping") }),
  ));
  using client = await WebSocketClient.open(server);
  await client.send(0x8a, "unasked");
  await client.send(0x89, noise(125));
  assertEquals(await client.next(), { first: 0x8a, payload: noise(125) });
  assertEquals(recorder.log, ["open"]);
  assertEquals(pings, ["ping"]);
});

Deno.test("Socket answers the client's close with its code and ends TCP first (7.1.1)", async () => {
  for (
    const [payload, code, line] of [
      [none, 1005, "close 1005 clean"],
      [closing(1000, "bye"), 1000, "close 1000 clean bye"],
      [closing(4999), 4999, "close 4999 clean"],
    ] as const
  ) {
    const recorder = new Recorder(echo);
    await using server = new TestServer(webSocket(recorder));
    using client = await WebSocketClient.open(server);
    await client.raw.send(concat(
      clientFrame(0x81, utf8("last words")),
      clientFrame(0x88, payload),
      clientFrame(0x81, utf8("too late")),
    ));
    const [message, close, ...more] = await client.rest();
    assertEquals(textOf(message!.payload), "last words");
    assertEquals([closeCode(close), more.length, client.raw.ended], [code, 0, "FIN"]);
    assertEquals(recorder.log, ["open", "message 1 last words", line]);
  }
});

Deno.test("Socket.close() says it once, behind what was sent, and ends TCP at the answer (7.1.2)", async () => {
  const recorder = new Recorder();
  await using server = new TestServer(webSocket(recorder));
  using client = await WebSocketClient.open(server);
  await recorder.until("open");
  const { socket } = recorder;
  assertEquals([socket.send("before"), socket.open], [true, true]);
  socket.close(4000, "enough");
  socket.close(4001, "again");
  assertEquals([socket.send("after"), socket.open], [false, false]);
  assertEquals(textOf((await client.next())!.payload), "before");
  const close = await client.next();
  assertEquals(closeCode(close), 4000);
  assertEquals(textOf(close!.payload.subarray(2)), "enough");
  // 7.1.2: what comes before the answer is not delivered any more.
  await client.send(0x81, "crossing");
  await client.send(0x88, closing(4000));
  assertEquals(await client.rest(), []);
  assertEquals(client.raw.ended, "FIN");
  assertEquals(recorder.log, ["open", "close 4000 clean"]);
});

Deno.test("Socket.close() throws at a code that must not be sent, and stays open (7.4)", async () => {
  const recorder = new Recorder();
  await using server = new TestServer(webSocket(recorder));
  using client = await WebSocketClient.open(server);
  await recorder.until("open");
  for (const code of [0, 999, 1004, 1005, 1006, 1015, 2000, 5000]) {
    assertThrows(() => recorder.socket.close(code), RangeError);
  }
  recorder.socket.send("still here");
  assertEquals(textOf((await client.next())!.payload), "still here");
});

Deno.test("Socket.close() cuts a long reason at a character", async () => {
  await using server = new TestServer(webSocket({
    open: (socket) => socket.close(1000, "木".repeat(50)),
  }));
  using client = await WebSocketClient.open(server);
  assertEquals((await client.next())!.payload, closing(1000, "木".repeat(41)));
});

const broken: [what: string, bytes: Uint8Array, code: number][] = [
  ["an unmasked frame", Uint8Array.of(0x81, 0), 1002],
  ["a reserved opcode", clientFrame(0x83, none), 1002],
  ["a reserved bit", clientFrame(0xa1, none), 1002],
  ["RSV1 without an extension", clientFrame(0xc1, none), 1002],
  ["a fragmented ping", clientFrame(0x09, none), 1002],
  ["a continuation of nothing", clientFrame(0x80, none), 1002],
  ["a close code that must not appear", clientFrame(0x88, closing(1005)), 1002],
  ["a close payload of one byte", clientFrame(0x88, Uint8Array.of(3)), 1002],
  ["text that is not UTF-8", clientFrame(0x81, Uint8Array.of(0xff)), 1007],
  ["a message that is declared too big", clientFrame(0x82, noise(1001)).subarray(0, 8), 1009],
];

for (const [what, bytes, code] of broken) {
  Deno.test(`Socket answers ${what} with ${code}, flushes what it owes, and ends TCP within closeTimeout`, async () => {
    const recorder = new Recorder(echo);
    await using server = new TestServer(webSocket(recorder), {
      maxMessage: 1000,
      closeTimeout: 40,
    });
    using client = await WebSocketClient.open(server);
    await client.raw.send(concat(
      clientFrame(0x81, utf8("owed")),
      clientFrame(0x89, utf8("too")),
      bytes,
      clientFrame(0x81, utf8("ignored")),
    ));
    const [message, pong, close, ...more] = await client.rest();
    assertEquals(textOf(message!.payload), "owed");
    assertEquals([pong?.first, textOf(pong!.payload)], [0x8a, "too"]);
    assertEquals([closeCode(close), more.length, client.raw.ended], [code, 0, "FIN"]);
    assertEquals(recorder.log.slice(0, 2), ["open", "message 1 owed"]);
    assertEquals(recorder.log[2]?.startsWith(`close ${code} unclean`), true);
    // The client stays, and sends: it is gone all the same.
    await server.shrunk();
    assertEquals(recorder.log.length, 3);
  });
}

/** Peers that read slowly or not at all: what waits for them is bounded, and nobody else notices. */
import { assertEquals, assertGreater, assertLess } from "@std/assert";
import { clientFrame } from "../tools/frames.ts";
import { concat, noise } from "../tools/bytes.ts";
import { echo, Recorder } from "../tools/handler.ts";
import { textOf } from "../tools/raw.ts";
import { TestServer, webSocket } from "../tools/server.ts";
import { closeCode, WebSocketClient } from "../tools/websocket.ts";
import { test } from "../tools/way.ts";

const MAX_BUFFERED = 100_000;

/** A server that sends to the first connection, and echoes to others. */
function sender(settings: ConstructorParameters<typeof TestServer>[1]) {
  const recorder = new Recorder();
  const first = webSocket(recorder), others = webSocket(echo);
  let count = 0;
  const server = new TestServer(
    (request) => count++ === 0 ? first(request) : others(request),
    settings,
  );
  return { server, recorder };
}

/** Sends until no more is taken, and lets writes get on. Gives how many messages were taken. */
async function flood(recorder: Recorder, payload: Uint8Array): Promise<number> {
  for (let taken = 0;; taken++) {
    if (!recorder.socket.send(payload)) return taken;
    assertLess(recorder.socket.bufferedAmount, MAX_BUFFERED + payload.length + 100);
    if (taken % 16 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
}

test("Socket drops a peer that never reads at maxBuffered, while others are served", async () => {
  const { server, recorder } = sender({ maxBuffered: MAX_BUFFERED, closeTimeout: 60 });
  await using _ = server;
  using slow = await WebSocketClient.open(server);
  using other = await WebSocketClient.open(server);
  const flooding = flood(recorder, noise(10_000));
  await other.send(0x81, "meanwhile");
  assertEquals(textOf((await other.next())!.payload), "meanwhile");
  assertGreater(await flooding, 9);
  assertEquals(recorder.log, ["open", "close 1013 unclean reading too slowly"]);
  await server.shrunk(1);
  await other.send(0x81, "after");
  assertEquals(textOf((await other.next())!.payload), "after");
  slow.raw.close();
});

test("Socket gives a peer that begins to read late whole frames, and 1013 as the last", async () => {
  const { server, recorder } = sender({ maxBuffered: MAX_BUFFERED });
  await using _ = server;
  using slow = await WebSocketClient.open(server);
  const payload = noise(10_000);
  const taken = await flood(recorder, payload);
  const frames = await slow.rest();
  const close = frames.pop();
  assertEquals(closeCode(close), 1013);
  assertEquals(textOf(close!.payload.subarray(2)), "reading too slowly");
  assertEquals(slow.raw.ended, "FIN");
  for (const frame of frames) assertEquals(frame, { first: 0x82, payload });
  // What waited in the queue was thrown away.
  assertLess(frames.length, taken);
  assertGreater(frames.length, 0);
});

test("Socket ends a peer that takes no byte for writeTimeout, and drops it at closeTimeout", async () => {
  const recorder = new Recorder({
    open: (socket) => void socket.send(new Uint8Array(32 << 20)),
  });
  await using server = new TestServer(webSocket(recorder), { writeTimeout: 60, closeTimeout: 60 });
  using client = await WebSocketClient.open(server);
  assertEquals(await recorder.until("close"), "close 1013 unclean reading too slowly");
  await server.shrunk();
  client.raw.close();
});

test("Socket keeps a peer that reads slowly but steadily", async () => {
  const size = 24 << 20;
  const recorder = new Recorder({
    open: (socket) => void socket.send(new Uint8Array(size)),
  });
  // All of it takes longer than writeTimeout, each step of it much less.
  const settings = { writeTimeout: 1000, pingInterval: 60, pingTimeout: 60_000 };
  await using server = new TestServer(webSocket(recorder), settings);
  using client = await WebSocketClient.open(server);
  for (let wanted = 2 << 20; wanted < size; wanted += 2 << 20) {
    await client.raw.until((received) => received.length > wanted);
    await new Promise((resolve) => setTimeout(resolve, 120));
  }
  assertEquals((await client.next())?.payload.length, size);
  assertEquals(recorder.log, ["open"]);
});

test("Socket stops reading while its own replies wait, and loses none of them", async () => {
  let most = 0, ticksAlike = 0, before = -1;
  const stuck = Promise.withResolvers<void>();
  const recorder = new Recorder({
    message(socket, payload, opcode) {
      assertEquals(socket.send(payload, opcode), true);
      most = Math.max(most, socket.bufferedAmount);
    },
    tick() {
      ticksAlike = recorder.log.length === before ? ticksAlike + 1 : 0;
      before = recorder.log.length;
      if (ticksAlike === 110) stuck.resolve();
    },
  });
  // Times too short to live through the pause, were they not to stand still in it.
  const settings = { messageTimeout: 500, pingInterval: 50, pingTimeout: 500, closeTimeout: 20 };
  await using server = new TestServer(webSocket(recorder), settings);
  using client = await WebSocketClient.open(server);
  const count = 2500, payload = noise(10_000);
  const all = concat(...Array(count).fill(clientFrame(0x82, payload)));
  const sending = client.raw.send(all);
  await stuck.promise;
  assertLess(recorder.log.length, count);
  assertLess(most, 200_000);
  for (let echoes = 0; echoes < count;) {
    const frame = await client.next();
    if (frame?.first === 0x89) continue;
    assertEquals([frame?.first, frame?.payload.length], [0x82, payload.length]);
    echoes++;
  }
  await sending;
});

test("Socket answers a flood of pings with bounded memory", async () => {
  const recorder = new Recorder();
  let most = 0;
  await using server = new TestServer(webSocket(
    Object.assign(recorder, {
      ping: () => most = Math.max(most, recorder.socket.bufferedAmount),
    }),
  ));
  using client = await WebSocketClient.open(server);
  const count = 20_000;
  const ping = clientFrame(0x89, noise(125));
  const sending = client.raw.send(concat(...Array(count).fill(ping)));
  const pong = 127;
  await client.raw.until((received) => received.length >= count * pong);
  await sending;
  assertEquals(client.raw.received.length, count * pong);
  assertLess(most, 200_000);
});

/** Shutting down: everybody is told, nobody is cut off in a request, and nobody holds it up. */
import { assert, assertEquals, assertGreaterOrEqual, assertLess, assertRejects } from "@std/assert";
import { answers, hasAnswers, statuses } from "../tools/answers.ts";
import { Recorder } from "../tools/handler.ts";
import { textOf, within } from "../tools/raw.ts";
import { TestServer, webSocket } from "../tools/server.ts";
import { closeCode, HANDSHAKE, WebSocketClient } from "../tools/websocket.ts";
import { test } from "../tools/way.ts";

const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

test("Server.shutdown() ends a server without connections at once", async () => {
  await using server = new TestServer(() => ({ status: 200 }));
  assertEquals(server.server.draining, false);
  await within(1000, "shutdown", server.server.shutdown(60_000));
  assertEquals(server.server.draining, true);
  await server.server.finished;
  await assertRejects(() => server.connect(), Deno.errors.ConnectionRefused);
});

test("Server.shutdown() closes every WebSocket with 1001, behind what it was owed", async () => {
  const recorder = new Recorder();
  await using server = new TestServer(webSocket(recorder));
  using client = await WebSocketClient.open(server);
  await recorder.until("open");
  recorder.socket.send("owed");
  const ended = server.server.shutdown(5000);
  assertEquals(recorder.socket.send("too late"), false);
  assertEquals(textOf((await client.next())!.payload), "owed");
  const close = await client.next();
  assertEquals([closeCode(close), textOf(close!.payload.subarray(2))], [1001, "shutting down"]);
  await client.send(0x88, close!.payload);
  assertEquals(await client.rest(), []);
  client.raw.close();
  await within(2000, "shutdown", ended);
  assertEquals(recorder.log, ["open", "close 1001 clean shutting down"]);
});

/** How long the closes of so many WebSockets take, the first and the last, from the shutdown on; in ms. */
async function closesWithin(count: number, drain: number): Promise<[first: number, last: number]> {
  await using server = new TestServer(webSocket({}));
  const clients: WebSocketClient[] = [];
  for (let i = 0; i < count; i++) clients.push(await WebSocketClient.open(server));
  const began = performance.now();
  const ended = server.server.shutdown(drain);
  const times = await Promise.all(clients.map(async (client) => {
    const close = await client.next();
    assertEquals(closeCode(close), 1001);
    const time = performance.now() - began;
    await client.send(0x88, close!.payload);
    await client.rest();
    client.raw.close();
    return time;
  }));
  await ended;
  return [Math.min(...times), Math.max(...times)];
}

test("Server.shutdown() closes 200 WebSockets a second", async () => {
  const [first, last] = await closesWithin(61, 10_000);
  assertLess(first, 200);
  // 60 pauses of 5 ms.
  assertGreaterOrEqual(last, 290);
  assertLess(last, 3000);
});

test("Server.shutdown() closes faster where the drain would not be enough", async () => {
  // 200 a second would be 500 ms, for 100: these have nine tenths of 300.
  const [, last] = await closesWithin(101, 300);
  assertGreaterOrEqual(last, 200);
  // To be told of it takes its time, too.
  assertLess(last, 450);
});

test("Server.shutdown() closes the few connections of one page at once", async () => {
  const [, last] = await closesWithin(3, 60_000);
  assertLess(last, 1000);
});

test("Server.shutdown() drops at its deadline what does not answer", async () => {
  const recorder = new Recorder();
  await using server = new TestServer(webSocket(recorder));
  using client = await WebSocketClient.open(server);
  const began = performance.now();
  await server.server.shutdown(150);
  assertGreaterOrEqual(performance.now() - began, 140);
  assertLess(performance.now() - began, 1500);
  assertEquals((await client.rest()).map(closeCode), [1001]);
  assertEquals(recorder.log, ["open", "close 1006 unclean"]);
  assertEquals(server.server.size, 0);
});

test("Server.shutdown(0) drops everybody at once", async () => {
  const recorder = new Recorder();
  await using server = new TestServer(webSocket(recorder));
  using client = await WebSocketClient.open(server);
  await within(1000, "shutdown", server.server.shutdown(0));
  await client.rest();
  assertEquals(recorder.log.length, 2);
});

test("Server.shutdown() lets a request under way be answered, and then ends its connection", async () => {
  const asked = Promise.withResolvers<void>(), go = Promise.withResolvers<void>();
  await using server = new TestServer(async () => {
    asked.resolve();
    await go.promise;
    return { status: 200, body: "done" };
  });
  using client = await server.connect();
  await client.send(GET + GET);
  await asked.promise;
  const ended = server.server.shutdown(5000);
  go.resolve();
  const [answer, ...more] = answers(await client.readAll());
  assertEquals([answer?.body, answer?.headers.get("connection")], ["done", "close"]);
  assertEquals([more.length, client.ended], [0, "FIN"]);
  client.close();
  await within(2000, "shutdown", ended);
});

test("Server.shutdown() drops connections that wait between requests, or have sent half a head", async () => {
  await using server = new TestServer(() => ({ status: 200 }));
  using kept = await server.connect();
  using begun = await server.connect();
  using silent = await server.connect();
  await kept.send(GET);
  await kept.until(hasAnswers(1));
  await begun.send(GET.slice(0, 20));
  // Accepted in the order of connecting: the last is there once it is counted.
  while (server.server.size < 3) await new Promise((resolve) => setTimeout(resolve, 1));
  await within(1000, "shutdown", server.server.shutdown(60_000));
  for (const client of [kept, begun, silent]) {
    await client.readAll();
    assert(client.ended !== undefined);
  }
});

test("Server.shutdown() closes a WebSocket whose handshake was under way", async () => {
  const asked = Promise.withResolvers<void>(), go = Promise.withResolvers<void>();
  const accept = webSocket({});
  await using server = new TestServer(async (request) => {
    asked.resolve();
    await go.promise;
    return await accept(request);
  });
  using client = await server.connect();
  await client.send(HANDSHAKE);
  await asked.promise;
  const ended = server.server.shutdown(300);
  go.resolve();
  const received = await client.readAll();
  assertEquals(statuses(received), [101]);
  assertEquals(textOf(received).endsWith("\x88\x0f\x03\xe9shutting down"), true);
  await ended;
});

test("Server.shutdown() called again changes nothing", async () => {
  await using server = new TestServer(webSocket({}));
  using client = await WebSocketClient.open(server);
  const first = server.server.shutdown(200);
  assertEquals(server.server.shutdown(0), first);
  assertEquals(server.server.shutdown(60_000), first);
  const frames = client.rest();
  await within(2000, "shutdown", first);
  assertEquals((await frames).map(closeCode), [1001]);
});

test("Server.shutdown() is not held up by a handler that never answers", async () => {
  const asked = Promise.withResolvers<void>();
  await using server = new TestServer(() => {
    asked.resolve();
    return new Promise(() => {});
  });
  using client = await server.connect();
  await client.send(GET);
  await asked.promise;
  await within(2000, "shutdown", server.server.shutdown(50));
  assertEquals(textOf(await client.readAll()), "");
});

test("Server.finished resolves when the last connection is gone", async () => {
  await using server = new TestServer(webSocket({}));
  using client = await WebSocketClient.open(server);
  let finished = false;
  const done = server.server.finished.then(() => finished = true);
  server.server.shutdown(5000);
  const close = await client.next();
  assertEquals([finished, server.server.size], [false, 1]);
  await client.send(0x88, close!.payload);
  await client.rest();
  client.raw.close();
  await within(2000, "the end", done);
  assertEquals(server.server.size, 0);
});

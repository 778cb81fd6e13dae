/** Admission: how many connections there may be, and what happens when accepting fails. */
import { assertEquals, assertGreaterOrEqual, assertLess } from "@std/assert";
import { answers, hasAnswers, statuses } from "../tools/answers.ts";
import { Recorder } from "../tools/handler.ts";
import { within } from "../tools/raw.ts";
import { TestServer, webSocket } from "../tools/server.ts";
import { WebSocketClient } from "../tools/websocket.ts";

const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

Deno.test("Server serves maxConnections at once; one more is answered 503", async () => {
  await using server = new TestServer(() => ({ status: 200 }), { maxConnections: 2 });
  using first = await server.connect();
  using second = await server.connect();
  for (const client of [first, second]) {
    await client.send(GET);
    assertEquals(statuses(await client.until(hasAnswers(1))), [200]);
  }
  using third = await server.connect();
  const [refused] = answers(await third.readAll());
  assertEquals([refused?.status, refused?.headers.get("connection")], [503, "close"]);
  assertEquals(refused?.headers.has("retry-after"), true);
  assertEquals(third.ended, "FIN");

  third.close();
  first.close();
  await server.shrunk(1);
  using fourth = await server.connect();
  await fourth.send(GET);
  assertEquals(statuses(await fourth.until(hasAnswers(1))), [200]);
  await second.send(GET);
  assertEquals(statuses(await second.until(hasAnswers(2))), [200, 200]);
});

Deno.test("Server counts WebSockets as connections, until they are gone", async () => {
  await using server = new TestServer(webSocket({}), { maxConnections: 1 });
  using client = await WebSocketClient.open(server);
  using refused = await server.connect();
  await refused.send(GET);
  assertEquals(statuses(await refused.readAll()), [503]);
  refused.close();
  client.raw.close();
  await server.shrunk();
  using _next = await WebSocketClient.open(server);
});

/** A listener whose next accepts fail. */
class FailingListener implements Deno.Listener {
  /** Resolves at the second call of accept. */
  readonly called = Promise.withResolvers<void>();
  /** When accept was called, in ms. */
  readonly calls: number[] = [];
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #failures: unknown[];

  constructor(failures: unknown[]) {
    this.#failures = [...failures];
  }

  get addr(): Deno.NetAddr {
    return this.#listener.addr;
  }

  accept(): Promise<Deno.TcpConn> {
    if (this.calls.push(performance.now()) === 2) this.called.resolve();
    const failure = this.#failures.shift();
    return failure === undefined ? this.#listener.accept() : Promise.reject(failure);
  }

  close(): void {
    this.#listener.close();
  }

  ref(): void {}

  unref(): void {}

  [Symbol.dispose](): void {
    this.close();
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Deno.TcpConn> {
    throw new Error("an iterator ends at the first error");
  }
}

/** What Deno throws when the process has no file descriptor left. */
function noDescriptor(): Error {
  return Object.assign(new Error("Too many open files (os error 24)"), { code: "EMFILE" });
}

Deno.test("Server backs off when it cannot accept, reports it once, and recovers", async () => {
  const listener = new FailingListener([noDescriptor(), noDescriptor(), noDescriptor()]);
  await using server = new TestServer(() => ({ status: 200 }), {}, listener);
  using client = await server.connect();
  await client.send(GET);
  assertEquals(statuses(await client.until(hasAnswers(1))), [200]);
  assertEquals(server.takeFaults(), ["Too many open files (os error 24)"]);
  const [first, second, third, fourth] = listener.calls as [number, number, number, number];
  // Each pause is about twice the one before.
  assertGreaterOrEqual(second - first, 15);
  assertGreaterOrEqual(third - second, 30);
  assertGreaterOrEqual(fourth - third, 60);
});

Deno.test("Server reports a failure again after it has accepted", async () => {
  const listener = new FailingListener([noDescriptor()]);
  await using server = new TestServer(() => ({ status: 200 }), {}, listener);
  using client = await server.connect();
  await client.send(GET);
  await client.until(hasAnswers(1));
  assertEquals(server.takeFaults().length, 1);
});

Deno.test("Server goes on at once where a connection was reset before it was accepted", async () => {
  const { NotConnected, ConnectionReset, ConnectionAborted } = Deno.errors;
  const failures = [NotConnected, ConnectionReset, ConnectionAborted].map((Kind) => new Kind());
  const listener = new FailingListener([...failures, ...failures, ...failures]);
  await using server = new TestServer(() => ({ status: 200 }), {}, listener);
  await listener.called.promise;
  using client = await server.connect();
  await client.send(GET);
  assertEquals(statuses(await client.until(hasAnswers(1))), [200]);
  assertEquals(listener.calls.length, 11);
  // The first pause of a listener that backs off is longer than all of these together.
  assertLess(listener.calls[9]! - listener.calls[0]!, 15);
  assertEquals(server.takeFaults(), []);
});

Deno.test("Server can be shut down while it backs off", async () => {
  const listener = new FailingListener(Array(50).fill(noDescriptor()));
  const server = new TestServer(() => ({ status: 200 }), {}, listener);
  await listener.called.promise;
  await within(3000, "shutdown", server.server.shutdown(0));
  assertLess(listener.calls.length, 5);
  assertEquals(server.takeFaults().length, 1);
});

Deno.test("Server keeps its count through a hundred connections that come and go", async () => {
  const recorder = new Recorder();
  await using server = new TestServer(webSocket(recorder));
  for (let i = 0; i < 100; i++) {
    using client = await WebSocketClient.open(server);
    if (i % 2 === 0) await client.send(0x88);
  }
  await server.shrunk();
  assertEquals(recorder.log.filter((line) => line.startsWith("close")).length, 100);
});

Deno.test("Server that runs out of files keeps 64 of them free from then on", async () => {
  // Accepts 66 connections, has no file for one more, then goes on.
  const inner = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  let accepted = 0, failed = false;
  const listener: Deno.Listener = {
    addr: inner.addr,
    close: () => inner.close(),
    ref: () => {},
    unref: () => {},
    [Symbol.dispose]: () => inner.close(),
    [Symbol.asyncIterator]: () => inner[Symbol.asyncIterator](),
    accept() {
      if (accepted === 66 && !failed) {
        failed = true;
        return Promise.reject(Object.assign(new Error("too many open files"), { code: "EMFILE" }));
      }
      accepted++;
      return inner.accept();
    },
  };
  await using server = new TestServer(() => ({ status: 200 }), {}, listener);
  const clients = await Promise.all(Array.from({ length: 66 }, () => server.connect()));
  for (const client of clients) {
    await client.send(GET);
    assertEquals(statuses(await client.until(hasAnswers(1))), [200]);
  }
  using refused = await server.connect();
  assertEquals(statuses(await refused.readAll()), [503]);
  assertEquals(server.takeFaults(), ["too many open files"]);
  refused.close();
  for (const client of clients.slice(1)) client.close();
  await server.shrunk(1);
  using next = await server.connect();
  await next.send(GET);
  assertEquals(statuses(await next.until(hasAnswers(1))), [200]);
  clients[0]!.close();
});

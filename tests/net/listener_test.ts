/** Admission: how many connections there may be, and what happens when accepting fails. */
import { assertEquals, assertGreaterOrEqual, assertLess } from "@std/assert";
import { answers, hasAnswers, statuses } from "../tools/answers.ts";
import { Recorder } from "../tools/handler.ts";
import { within } from "../tools/raw.ts";
import { TestServer, webSocket } from "../tools/server.ts";
import { closeCode, WebSocketClient } from "../tools/websocket.ts";
import { test } from "../tools/way.ts";

const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

test("Server serves maxConnections at once; one more is answered 503", async () => {
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

test("Server counts WebSockets as connections, until they are gone", async () => {
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

test("Server backs off when it cannot accept, reports it once, and recovers", async () => {
  const listener = new FailingListener([noDescriptor(), noDescriptor(), noDescriptor()]);
  await using server = new TestServer(() => ({ status: 200 }), {}, listener);
  using client = await server.connect();
  await client.send(GET);
  assertEquals(statuses(await client.until(hasAnswers(1))), [200]);
  assertEquals(server.takeFaults(), [
    "no file left at 0 connections: 1 for now; raise ulimit -n",
  ]);
  const [first, second, third, fourth] = listener.calls as [number, number, number, number];
  // Each pause is about twice the one before.
  assertGreaterOrEqual(second - first, 15);
  assertGreaterOrEqual(third - second, 30);
  assertGreaterOrEqual(fourth - third, 60);
});

test("Server reports a failure again after it has accepted", async () => {
  const listener = new FailingListener([noDescriptor()]);
  await using server = new TestServer(() => ({ status: 200 }), {}, listener);
  using client = await server.connect();
  await client.send(GET);
  await client.until(hasAnswers(1));
  assertEquals(server.takeFaults().length, 1);
});

test("Server goes on at once where a connection was reset before it was accepted", async () => {
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

test("Server can be shut down while it backs off", async () => {
  const listener = new FailingListener(Array(50).fill(noDescriptor()));
  const server = new TestServer(() => ({ status: 200 }), {}, listener);
  await listener.called.promise;
  await within(3000, "shutdown", server.server.shutdown(0));
  assertLess(listener.calls.length, 5);
  assertEquals(server.takeFaults().length, 1);
});

test("Server keeps its count through a hundred connections that come and go", async () => {
  const recorder = new Recorder();
  await using server = new TestServer(webSocket(recorder));
  for (let i = 0; i < 100; i++) {
    using client = await WebSocketClient.open(server);
    if (i % 2 === 0) await client.send(0x88);
  }
  await server.shrunk();
  assertEquals(recorder.log.filter((line) => line.startsWith("close")).length, 100);
});

/** A listener that has files for so many connections. */
function scarce(files: number): Deno.TcpListener {
  const inner = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open = new Set<Deno.Conn>();
  return {
    addr: inner.addr,
    close: () => inner.close(),
    ref: () => {},
    unref: () => {},
    [Symbol.dispose]: () => inner.close(),
    [Symbol.asyncIterator]: () => inner[Symbol.asyncIterator](),
    async accept() {
      if (open.size >= files) throw noDescriptor();
      const conn = await inner.accept();
      open.add(conn);
      const close = conn.close.bind(conn);
      conn.close = () => {
        open.delete(conn);
        close();
      };
      return conn;
    },
  };
}

test("Server that runs out of files makes room for a few, and has as many again once all have left", async () => {
  await using server = new TestServer(() => ({ status: 200 }), {}, scarce(40));
  for (let round = 1; round <= 3; round++) {
    const clients = await Promise.all(Array.from({ length: 40 }, () => server.connect()));
    while (server.server.size < 40) await new Promise((resolve) => setTimeout(resolve, 1));
    // A quarter of them, those that ask for nothing, are told; what is left has none to spare but for what is vital.
    await server.shrunk(30);
    assertEquals(server.takeFaults(), [
      "no file left at 40 connections: 30 for now; raise ulimit -n",
    ]);
    let served = 0, refused = 0;
    for (const client of clients) {
      await client.send(GET).catch(() => {});
      const [status] = statuses(await client.until(hasAnswers(1)));
      if (status === 200) served++;
      if (status === 503) refused++;
    }
    assertEquals([served, refused], [30, 10]);
    using another = await server.connect();
    assertEquals(statuses(await another.readAll()), [503]);
    another.close();
    for (const client of clients) client.close();
    await server.shrunk();
  }
});

test("Server drops WebSockets that do not leave when asked to make room", async () => {
  const recorder = new Recorder();
  await using server = new TestServer(webSocket(recorder), {}, scarce(9));
  const clients: WebSocketClient[] = [];
  for (let i = 0; i < 8; i++) clients.push(await WebSocketClient.open(server));
  using last = await server.connect();
  // It has the last file, and asks for nothing: it goes first, and then the two latest.
  assertEquals(statuses(await last.readAll()), [503]);
  await recorder.until("close 1006", 2);
  assertEquals(closeCode(await clients[7]!.next()), 1013);
  assertEquals(server.takeFaults().length, 1);
  for (const client of clients) client.raw.close();
});

test("Server answers vital requests beyond maxConnections, and is not kept from it by the silent", async () => {
  await using server = new TestServer(
    () => ({ status: 200 }),
    { maxConnections: 1 },
    undefined,
    ({ target }) => target === "/vital",
  );
  using first = await server.connect();
  await first.send(GET);
  await first.until(hasAnswers(1));
  const silent = await Promise.all(Array.from({ length: 20 }, () => server.connect()));
  using vital = await server.connect();
  await vital.send("GET /vital HTTP/1.1\r\nHost: a\r\n\r\n" + GET);
  const [answer, ...more] = answers(await vital.readAll());
  assertEquals([answer?.status, answer?.headers.get("connection")], [200, "close"]);
  assertEquals(more.length, 0);
  using other = await server.connect();
  await other.send(GET);
  const [refused] = answers(await other.readAll());
  assertEquals([refused?.status, refused?.headers.get("retry-after")], [503, "1"]);
  for (const client of silent) client.close();
});

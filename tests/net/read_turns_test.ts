/** Reads in turns: who waits, in which order they begin, and that nobody waits where there can be no turns. */
import { assert, assertEquals, assertLess } from "@std/assert";
import { Clock } from "../../lib/net/clock.ts";
import type { Loopback } from "../../lib/net/loopback.ts";
import { CALM, type NoTurns, PASSING, ReadTurns, TURN } from "../../lib/net/read_turns.ts";
import { clientFrame } from "../tools/frames.ts";
import { utf8 } from "../tools/bytes.ts";
import { echo } from "../tools/handler.ts";
import { within } from "../tools/raw.ts";
import { TestServer, webSocket } from "../tools/server.ts";
import { WebSocketClient } from "../tools/websocket.ts";

/** Lets all that is ready happen. */
const settled = () => new Promise((resolve) => setTimeout(resolve, 0));

/** As many as begin at once. */
const MOST = CALM + TURN;

/** Turns whose bytes come back when the test says so. */
class Trial implements AsyncDisposable {
  /** What was opened and closed, and why there were no turns. */
  readonly log: string[] = [];
  /** Bytes sent. */
  sent = 0;
  /** Numbers of those who have begun. */
  readonly begun: number[] = [];
  readonly clock = new Clock(1);
  readonly turns: ReadTurns;
  back = () => {};
  lost = (_: unknown) => {};
  /** What connecting to ourselves waits for. */
  ready: Promise<unknown> = Promise.resolve();
  readonly #fault = (error: unknown) => void this.log.push((error as NoTurns).why);
  #asked = 0;

  constructor(patience = 60_000, listening = true) {
    this.turns = new ReadTurns(async (back, lost) => {
      this.log.push("open");
      Object.assign(this, { back, lost });
      await this.ready;
      const loopback: Loopback = {
        send: () => void this.sent++,
        close: () => Promise.resolve(void this.log.push("close")),
      };
      return loopback;
    }, patience);
    if (listening) this.turns.enter(this.clock, this.#fault);
  }

  /** Asks for so many places. */
  ask(count: number): void {
    for (let i = 0; i < count; i++) {
      const number = this.#asked++, turn = this.turns.next();
      if (turn === undefined) this.begun.push(number);
      else turn.then(() => this.begun.push(number));
    }
  }

  /** Has it connect to ourselves. */
  async connect(): Promise<void> {
    this.ask(CALM);
    await settled();
    this.#asked = this.begun.length = 0;
  }

  /** Has it connect, and as many begin at once as ever do, and one wait. */
  async crowd(): Promise<void> {
    await this.connect();
    this.ask(MOST + 1);
  }

  leave(): Promise<void> {
    return this.turns.leave(this.clock, this.#fault);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.clock.stop();
    return Promise.resolve();
  }
}

/** The numbers from 0 on. */
const first = (count: number) => Array.from({ length: count }, (_, i) => i);

Deno.test("ReadTurns sends nothing for few reads", async () => {
  await using trial = new Trial();
  trial.ask(CALM - 1);
  assertEquals([trial.begun, trial.log, trial.sent], [first(CALM - 1), [], 0]);
});

Deno.test("ReadTurns lets all begin at once without a crowd, and sends one byte for 1,024 reads", async () => {
  await using trial = new Trial();
  await trial.connect();
  assertEquals([trial.log, trial.sent], [["open"], 0]);
  for (let i = 1; i <= 3; i++) {
    trial.ask(CALM - 1);
    assertEquals(trial.sent, i - 1);
    trial.ask(1 + TURN);
    assertEquals(trial.sent, i);
    trial.back();
  }
  assertEquals(trial.begun, first(3 * (CALM + TURN)));
});

Deno.test("ReadTurns has whoever comes wait where more than a turn's reads have begun before the byte is back", async () => {
  await using trial = new Trial();
  await trial.crowd();
  await settled();
  assertEquals([trial.begun, trial.sent], [first(MOST), 1]);
  trial.back();
  await settled();
  assertEquals(trial.begun, first(MOST + 1));
});

Deno.test("ReadTurns lets those who wait begin in order, at most a turn for each byte that comes back", async () => {
  await using trial = new Trial();
  await trial.crowd();
  trial.ask(20 * TURN - 1);
  for (let turn = 0; turn < 20; turn++) {
    await settled();
    assertEquals(trial.begun.length, MOST + turn * TURN);
    assertEquals(trial.sent, 1 + turn);
    // Whoever comes now is behind all of them.
    trial.ask(1);
    trial.back();
  }
  await settled();
  assertEquals(trial.begun, first(MOST + 20 * TURN));
  trial.back();
  await settled();
  assertEquals(trial.begun, first(MOST + 20 * TURN + 20));
});

Deno.test("ReadTurns takes a turn's reads at once while there is a crowd, and no more", async () => {
  await using trial = new Trial();
  await trial.crowd();
  trial.back();
  await settled();
  assertEquals([trial.begun.length, trial.sent], [MOST + 1, 1]);
  trial.ask(TURN);
  await settled();
  assertEquals([trial.begun.length, trial.sent], [MOST + TURN, 2]);
});

Deno.test("ReadTurns takes the crowd for gone after 64 turns in a row that nobody waited longer than one", async () => {
  await using trial = new Trial();
  await trial.crowd();
  /** How many bytes one more turn sends. */
  const turn = async () => {
    const { sent } = trial;
    trial.back();
    await settled();
    trial.ask(TURN);
    return trial.sent - sent;
  };
  for (let i = 1; i < PASSING; i++) assertEquals(await turn(), 1, `turn ${i}`);
  // Once more wait than a turn takes: it begins anew.
  trial.ask(TURN);
  trial.back();
  for (let i = 1; i < PASSING; i++) assertEquals(await turn(), 1, `turn ${i} after`);
  assertEquals(await turn(), 0);
  const asked = MOST + 1 + 2 * PASSING * TURN;
  await settled();
  assertEquals(trial.begun, first(asked));
});

Deno.test("ReadTurns lets all begin while it connects, and where it cannot; it says so once, and tries again", async () => {
  await using trial = new Trial(20);
  trial.ready = Promise.reject(new Error("no file left"));
  trial.ask(10 * CALM);
  await settled();
  assertEquals(trial.begun.length, 10 * CALM);
  assertEquals(trial.log, ["open", "no file left"]);
  // Not before its time.
  trial.ask(CALM);
  assertEquals(trial.log.length, 2);
  const began = performance.now();
  while (trial.log.length < 3) {
    assertLess(performance.now() - began, 5000);
    await settled();
    trial.ask(CALM);
  }
  await settled();
  assertEquals(trial.log, ["open", "no file left", "open"]);
});

Deno.test("ReadTurns lets all begin who wait when the connection to ourselves is lost, and connects anew", async () => {
  await using trial = new Trial(0);
  await trial.connect();
  trial.ask(MOST + 10 * CALM);
  trial.lost(new Error("reset"));
  await settled();
  assertEquals([trial.begun, trial.log], [first(MOST + 10 * CALM), ["open", "close", "reset"]]);
  await trial.connect();
  assertEquals(trial.log, ["open", "close", "reset", "open"]);
  // It went well meanwhile: the next loss is told again.
  trial.lost(new Error("again"));
  assertEquals(trial.log.slice(4), ["close", "again"]);
});

Deno.test("ReadTurns does not wait for ever for a byte that does not come back", async () => {
  await using trial = new Trial(10);
  await trial.crowd();
  const began = performance.now();
  while (trial.log.length === 1) {
    assertLess(performance.now() - began, 5000);
    await settled();
  }
  await settled();
  assertEquals(trial.begun.length, MOST + 1);
  assertEquals(trial.log, ["open", "close", "a byte to ourselves has not come back"]);
});

Deno.test("ReadTurns does not take a byte for lost because nobody looked for a while", async () => {
  await using trial = new Trial(50);
  await trial.crowd();
  // The thread is held up; the tick comes before the byte is looked at.
  for (const began = performance.now(); performance.now() - began < 120;);
  trial.turns.tick();
  trial.back();
  await settled();
  assertEquals([trial.begun.length, trial.log], [MOST + 1, ["open"]]);
});

Deno.test("ReadTurns closes with the last listener, and lets go of who waits", async () => {
  await using trial = new Trial();
  const other = () => {};
  trial.turns.enter(trial.clock, other);
  await trial.crowd();
  await trial.turns.leave(trial.clock, other);
  assertEquals([trial.begun.length, trial.log], [MOST, ["open"]]);
  await trial.leave();
  assertEquals([trial.begun.length, trial.log], [MOST + 1, ["open", "close"]]);
});

Deno.test("ReadTurns closes what it was still opening when the last listener left", async () => {
  await using trial = new Trial();
  const { promise, resolve } = Promise.withResolvers<void>();
  trial.ready = promise;
  trial.ask(CALM);
  const left = trial.leave();
  resolve();
  await left;
  assertEquals(trial.log, ["open", "close"]);
});

Deno.test("ReadTurns opens nothing where nobody listens", async () => {
  await using trial = new Trial(0, false);
  trial.ask(10 * CALM);
  await settled();
  assertEquals([trial.begun.length, trial.log], [10 * CALM, []]);
});

/** A connection that always has one more message to say, until it is told to end. */
function talker(said: () => boolean): Deno.Conn {
  const request =
    "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
  const frame = clientFrame(0x82, new Uint8Array(20));
  let next: Uint8Array = utf8(request);
  return {
    remoteAddr: { transport: "tcp", hostname: "127.0.0.1", port: 1 },
    read(into: Uint8Array) {
      if (!said()) return Promise.resolve(null);
      into.set(next);
      const { length } = next;
      next = frame;
      return Promise.resolve(length);
    },
    write: (bytes: Uint8Array) => Promise.resolve(bytes.length),
    closeWrite: () => Promise.resolve(),
    close() {},
  } as unknown as Deno.Conn;
}

Deno.test("a server hears whoever comes while others never pause", async () => {
  const most = 300_000;
  let left = most;
  const talkers = Array.from({ length: 300 }, () => talker(() => left-- > 0));
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  let accepted = 0;
  await using server = new TestServer(webSocket(echo), {}, {
    addr: listener.addr,
    async accept() {
      if (accepted++ === 0) return await listener.accept();
      await begun;
      return talkers.pop() ?? await listener.accept();
    },
    close: () => listener.close(),
  } as unknown as Deno.TcpListener);
  using quiet = await WebSocketClient.open(server);
  // So many reads that there are turns.
  for (let i = 0; i < 2 * CALM; i++) {
    await quiet.send(0x81, "hello");
    assertEquals((await quiet.next())?.first, 0x81);
  }
  begin();
  using client = await WebSocketClient.open(server);
  await client.send(0x81, "and I?");
  const answer = await within(10_000, "an answer", client.next());
  assertEquals(answer?.first, 0x81);
  // Without turns their messages are all taken first.
  assert(left > 0, `${most} messages came first`);
  left = 0;
});

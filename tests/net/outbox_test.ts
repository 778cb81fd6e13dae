/** The write side against a sink that takes as much, and as slowly, as a test wants. */
import { setImmediate } from "node:timers";
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { Clock } from "../../lib/net/clock.ts";
import { Outbox } from "../../lib/net/outbox.ts";
import { encodeFrame, Opcode } from "../../lib/websocket/frame.ts";
import { lendBuffer, returnBuffer } from "../../lib/websocket/pool.ts";
import { concat, noise, utf8 } from "../tools/bytes.ts";

const TEXT = 0x81;

/** A sink whose writes wait until the test lets them go. */
class SlowSink {
  /** What was offered, each write as it was called. */
  offered: Uint8Array[] = [];
  /** What was taken, as one. */
  taken = new Uint8Array(0);
  #pending: ((outcome: number | Error) => void)[] = [];
  #waiting: (() => void) | undefined;

  write(bytes: Uint8Array): Promise<number> {
    this.offered.push(bytes);
    this.#waiting?.();
    return new Promise((resolve, reject) => {
      this.#pending.push((outcome) => {
        if (outcome instanceof Error) return reject(outcome);
        const count = Math.min(outcome, bytes.length);
        this.taken = concat(this.taken, bytes.subarray(0, count));
        resolve(count);
      });
    });
  }

  /** How many writes are under way. */
  get underWay(): number {
    return this.#pending.length;
  }

  /** Waits for a write. */
  async called(): Promise<void> {
    if (this.#pending.length > 0) return;
    await new Promise<void>((resolve) => this.#waiting = resolve);
  }

  /** Waits for a write and takes so many bytes of it, or fails it. */
  async let(outcome: number | Error): Promise<void> {
    await this.called();
    this.#pending.shift()!(outcome);
  }
}

/** Runs a test with an outbox on a slow sink. */
function onOutbox(test: (outbox: Outbox, sink: SlowSink, clock: Clock) => Promise<void>) {
  return async () => {
    const clock = new Clock(1000);
    const sink = new SlowSink();
    try {
      await test(new Outbox(sink, clock), sink, clock);
    } finally {
      clock.stop();
    }
  };
}

function frame(payload: Uint8Array): Uint8Array {
  return encodeFrame(Opcode.Text, payload);
}

Deno.test(
  "Outbox writes many frames of one turn as one write",
  onOutbox(async (outbox, sink) => {
    const payloads = Array.from({ length: 100 }, (_, i) => noise(i));
    for (const payload of payloads) outbox.frame(TEXT, payload);
    assertEquals(sink.offered.length, 0);
    const all = concat(...payloads.map(frame));
    assertEquals(outbox.bufferedAmount, all.length);
    await sink.let(Infinity);
    await outbox.drained();
    assertEquals(sink.offered.length, 1);
    assertEquals(sink.taken, all);
    assertEquals(outbox.bufferedAmount, 0);
  }),
);

Deno.test(
  "Outbox gathers what is sent during a write, and has one write under way",
  onOutbox(async (outbox, sink) => {
    outbox.frame(TEXT, utf8("a"));
    await sink.called();
    for (let turn = 0; turn < 5; turn++) {
      outbox.frame(TEXT, utf8("b"));
      outbox.flush();
      await Promise.resolve();
      assertEquals(sink.underWay, 1);
    }
    await sink.let(Infinity);
    await sink.let(Infinity);
    await outbox.drained();
    assertEquals(sink.offered.length, 2);
    const b = frame(utf8("b"));
    assertEquals(sink.taken, concat(frame(utf8("a")), b, b, b, b, b));
  }),
);

Deno.test(
  "Outbox offers the rest of a partial write before anything else",
  onOutbox(async (outbox, sink) => {
    outbox.frame(TEXT, noise(50));
    await sink.let(1);
    outbox.frame(TEXT, noise(60));
    await sink.let(7);
    await sink.called();
    assertEquals(outbox.bufferedAmount, 52 + 62 - 1 - 7);
    await sink.let(43);
    assertEquals(sink.offered.map((o) => o.length), [52, 51, 44, 1]);
    await sink.let(1);
    await sink.let(Infinity);
    await outbox.drained();
    assertEquals(sink.taken, concat(frame(noise(50)), frame(noise(60))));
    assertEquals(outbox.bufferedAmount, 0);
  }),
);

Deno.test(
  "Outbox keeps the order of frames and bytes of every size, whatever is taken of them",
  onOutbox(async (outbox, sink) => {
    const sizes = [0, 125, 126, 1000, 16383, 16384, 65535, 65536, 3, 40_000, 1, 0, 200_000, 20];
    const expected: Uint8Array[] = [];
    for (const [i, size] of sizes.entries()) {
      outbox.frame(TEXT, noise(size));
      const bytes = frame(noise(sizes.at(-i)!));
      outbox.bytes(bytes);
      expected.push(frame(noise(size)), bytes);
    }
    const done = { yet: false };
    const drained = outbox.drained().then(() => done.yet = true);
    for (let take = 1; !done.yet; take = take * 7 % 100_003) {
      await Promise.race([sink.let(take), drained]);
    }
    assertEquals(sink.taken, concat(...expected));
    assertEquals(outbox.bufferedAmount, 0);
  }),
);

Deno.test(
  "Outbox copies a frame's payload, and small bytes",
  onOutbox(async (outbox, sink) => {
    const payload = noise(100), bytes = noise(100);
    outbox.frame(TEXT, payload);
    outbox.bytes(bytes);
    const expected = concat(frame(payload), bytes);
    payload.fill(0);
    bytes.fill(0);
    await sink.let(Infinity);
    await outbox.drained();
    assertEquals(sink.taken, expected);
  }),
);

Deno.test(
  "Outbox hands large shared bytes over as they are, not copied",
  onOutbox(async (outbox, sink) => {
    const shared = noise(16 * 1024);
    outbox.frame(TEXT, utf8("before"));
    outbox.bytes(shared);
    outbox.frame(TEXT, utf8("after"));
    await sink.let(Infinity);
    await sink.let(Infinity);
    await sink.let(Infinity);
    await outbox.drained();
    assertStrictEquals(sink.offered[1]!.buffer, shared.buffer);
    assertEquals(sink.taken, concat(frame(utf8("before")), shared, frame(utf8("after"))));
  }),
);

Deno.test(
  "Outbox discards what has not begun to be written, and what is left ends with a whole frame",
  onOutbox(async (outbox, sink) => {
    outbox.frame(TEXT, noise(300));
    await sink.let(100);
    await sink.called();
    outbox.bytes(noise(20_000));
    outbox.frame(TEXT, noise(500));
    outbox.discard();
    assertEquals(outbox.bufferedAmount, 204);
    outbox.frame(0x88, Uint8Array.of(3, 245));
    await sink.let(Infinity);
    await sink.let(Infinity);
    await outbox.drained();
    assertEquals(sink.taken, concat(frame(noise(300)), Uint8Array.of(0x88, 2, 3, 245)));
  }),
);

Deno.test(
  "Outbox writes nothing of what was discarded in the turn it was sent in",
  onOutbox(async (outbox, sink) => {
    outbox.frame(TEXT, noise(300));
    outbox.discard();
    assertEquals(outbox.bufferedAmount, 0);
    await outbox.drained();
    assertEquals(sink.offered.length, 0);
  }),
);

Deno.test(
  "Outbox.drained() resolves once no more than the amount is left",
  onOutbox(async (outbox, sink) => {
    await outbox.drained();
    outbox.frame(TEXT, noise(98));
    const order: string[] = [];
    const half = outbox.drained(50).then(() => order.push("half"));
    await sink.let(49);
    order.push("51 left");
    await sink.let(1);
    await half;
    const all = outbox.drained().then(() => order.push("all"));
    await outbox.drained(50);
    order.push("still half");
    await sink.let(Infinity);
    await all;
    assertEquals(order, ["51 left", "half", "still half", "all"]);
  }),
);

Deno.test(
  "Outbox drops all that is sent once a write has failed",
  onOutbox(async (outbox, sink) => {
    outbox.frame(TEXT, noise(100));
    await sink.let(10);
    outbox.frame(TEXT, noise(30_000));
    outbox.bytes(noise(30_000));
    const drained = outbox.drained();
    const reset = new Deno.errors.ConnectionReset("reset");
    await sink.let(reset);
    await drained;
    assertStrictEquals(outbox.failure, reset);
    assertEquals(outbox.bufferedAmount, 0);
    outbox.frame(TEXT, noise(5));
    outbox.bytes(noise(5));
    outbox.bytes(noise(20_000));
    assertEquals(outbox.bufferedAmount, 0);
    await outbox.drained();
    assertEquals(sink.offered.length, 2);
  }),
);

Deno.test(
  "Outbox notes when bytes began to wait and when they last left",
  onOutbox(async (outbox, sink, clock) => {
    clock.now = 1000;
    outbox.frame(TEXT, noise(10));
    assertEquals(outbox.progressAt, 1000);
    clock.now = 2000;
    outbox.frame(TEXT, noise(10));
    assertEquals(outbox.progressAt, 1000);
    await sink.let(1);
    await sink.called();
    assertEquals(outbox.progressAt, 2000);
    clock.now = 3000;
    await sink.let(Infinity);
    await outbox.drained();
    assertEquals(outbox.progressAt, 3000);
  }),
);

Deno.test(
  "Outboxes that were sent to in one turn are each written at its end",
  onOutbox(async (outbox, sink, clock) => {
    const others = Array.from({ length: 3 }, () => new SlowSink());
    const outboxes = others.map((other) => new Outbox(other, clock));
    for (const each of [outbox, ...outboxes]) each.frame(TEXT, utf8("hi"));
    assert([sink, ...others].every((each) => each.underWay === 0));
    await new Promise((resolve) => setImmediate(resolve));
    assert([sink, ...others].every((each) => each.underWay === 1));
    for (const each of [sink, ...others]) await each.let(Infinity);
    for (const each of [outbox, ...outboxes]) await each.drained();
  }),
);

Deno.test(
  "Outbox writes bytes in a buffer that it was given from where they are, in their place",
  onOutbox(async (outbox, sink) => {
    const buffer = lendBuffer(64 * 1024);
    buffer.set(noise(1000), 10);
    outbox.frame(TEXT, noise(30));
    outbox.lent(buffer.subarray(10, 1010), buffer);
    outbox.frame(TEXT, noise(40));
    assertEquals(outbox.bufferedAmount, 32 + 1000 + 42);
    await sink.let(Infinity);
    await sink.let(999);
    assertStrictEquals(sink.offered[1]!.buffer, buffer.buffer);
    await sink.let(Infinity);
    await sink.let(Infinity);
    await outbox.drained();
    assertEquals(sink.taken, concat(frame(noise(30)), noise(1000), frame(noise(40))));
    // It is in the pool again.
    assertStrictEquals(lendBuffer(64 * 1024), buffer);
  }),
);

Deno.test(
  "Outbox leaves a buffer that it was given alone once it is discarded",
  onOutbox(async (outbox, sink) => {
    outbox.frame(TEXT, noise(30));
    await sink.called();
    const buffer = lendBuffer(64 * 1024);
    outbox.lent(buffer.subarray(10, 1010), buffer);
    outbox.discard();
    assertEquals(outbox.bufferedAmount, 32);
    // Somebody may still be looking at it: nobody else gets it.
    const others = Array.from({ length: 200 }, () => lendBuffer(64 * 1024));
    assert(!others.includes(buffer));
    others.forEach(returnBuffer);
    await sink.let(Infinity);
    await outbox.drained();
    assertEquals(sink.taken, frame(noise(30)));
  }),
);

Deno.test("Outboxes begin at most 64 writes at the end of a turn, one after the other", async () => {
  const clock = new Clock(1000);
  let turn: number[] = [];
  const outboxes = Array.from({ length: 3000 }, (_, i) => {
    const write = (bytes: Uint8Array) => {
      turn.push(i);
      return Promise.resolve(bytes.length);
    };
    return new Outbox({ write }, clock);
  });
  const all = outboxes.keys().toArray(), order: number[] = [];
  for (const outbox of outboxes) outbox.frame(TEXT, noise(20));
  for (let turns = 1; order.length < 3640; turns++) {
    turn = [];
    await new Promise((resolve) => setImmediate(resolve));
    assertEquals(turn.length, Math.min(64, 3640 - order.length));
    order.push(...turn);
    // Those that were served come again behind those that wait.
    if (turns === 10) { for (const outbox of outboxes) outbox.frame(TEXT, noise(20)); }
  }
  clock.stop();
  assertEquals(order, [...all, ...all.slice(0, 640)]);
});

Deno.test(
  "Outbox takes a text as one byte a character, between frames and bytes",
  onOutbox(async (outbox, sink) => {
    const high = "\x80\xff" + "é".repeat(40_000);
    const texts = ["", "HTTP/1.1 200 OK\r\n", "a\u00e9b", "\u00ff", "x".repeat(40_000), high];
    const expected: Uint8Array[] = [];
    for (const text of texts) {
      outbox.text(text);
      outbox.frame(TEXT, noise(3));
      outbox.bytes(noise(20_000));
      const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
      expected.push(bytes, frame(noise(3)), noise(20_000));
    }
    const done = { yet: false };
    const drained = outbox.drained().then(() => done.yet = true);
    while (!done.yet) await Promise.race([sink.let(Infinity), drained]);
    assertEquals(sink.taken, concat(...expected));
  }),
);

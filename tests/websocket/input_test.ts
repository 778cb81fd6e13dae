import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { Input } from "../../lib/websocket/input.ts";
import { lendBuffer } from "../../lib/websocket/pool.ts";
import { concat, noise, toHex } from "../tools/bytes.ts";

const KIB = 1024;

/** What waits. */
function unread(input: Input): Uint8Array {
  return input.bytes.subarray(input.start, input.end);
}

/** A read that takes as much as there is space for, as a socket's would. */
function read(input: Input, bytes: Uint8Array): number {
  const space = input.space();
  const count = Math.min(space.length, bytes.length);
  space.set(bytes.subarray(0, count));
  input.filled(count);
  return count;
}

Deno.test("Input begins empty, with a buffer for a request", () => {
  const input = new Input();
  assertEquals(input.length, 0);
  assertEquals(input.space().length, KIB);
  input.dispose();
});

Deno.test("Input keeps what arrives in order until it is consumed", () => {
  const input = new Input();
  input.append(noise(10));
  assertEquals(unread(input), noise(10));
  input.start += 4;
  input.append(noise(3));
  assertEquals(toHex(unread(input)), toHex(concat(noise(10).slice(4), noise(3))));
  assertEquals(input.length, 9);
  input.start = input.end;
  assertEquals(input.length, 0);
  assertEquals(input.space().length, input.bytes.length);
  input.dispose();
});

Deno.test("Input takes more than its buffer holds", () => {
  for (const size of [KIB - 1, KIB, KIB + 1, 5000, 64 * KIB, 300 * KIB]) {
    const input = new Input();
    input.append(noise(size));
    assertEquals(unread(input), noise(size));
    input.dispose();
  }
});

Deno.test("Input grows fourfold when a read fills it, before what arrived is looked at", () => {
  const input = new Input();
  const sizes: number[] = [];
  for (let i = 0; i < 5; i++) {
    read(input, noise(1 << 20));
    sizes.push(input.bytes.length);
    input.start = input.end;
  }
  // A buffer that is read into while nothing waits does not grow past 64 KiB.
  assertEquals(sizes, [4 * KIB, 16 * KIB, 64 * KIB, 64 * KIB, 64 * KIB]);
  input.dispose();
});

Deno.test("Input grows only as bytes arrive, to at most four times what waits and a page", () => {
  const input = new Input();
  const bytes = noise(1 << 20);
  for (let at = 0; at < bytes.length;) {
    at += read(input, bytes.subarray(at));
    const most = Math.max(KIB, 4 * input.length + 4 * KIB);
    assert(input.bytes.length <= most, `${input.bytes.length} for ${input.length} that wait`);
  }
  assertEquals(unread(input), bytes);
  input.dispose();
});

Deno.test("Input grows to what is wanted, once, and never for what is only announced", () => {
  const input = new Input();
  const bytes = noise((1 << 20) + 14);
  const sizes = new Set<number>();
  for (let at = 0; at < bytes.length;) {
    at += read(input, bytes.subarray(at));
    input.wanted = bytes.length;
    sizes.add(input.bytes.length);
  }
  assertEquals([...sizes], [4, 16, 64, 260, 1028].map((kib) => kib * KIB));
  assertEquals(unread(input), bytes);
  input.dispose();
});

Deno.test("Input rests in its smallest buffer, but keeps what waits", () => {
  const input = new Input();
  const bytes = noise(3 * KIB);
  input.append(bytes);
  assertEquals(input.bytes.length, 4 * KIB);
  input.rest();
  assertEquals(unread(input), bytes);
  input.start = input.end;
  input.rest();
  assertEquals([input.bytes.length, input.length], [256, 0]);
  input.dispose();
});

Deno.test("Input moves what waits to the front before it grows", () => {
  const input = new Input();
  input.append(noise(KIB - 100));
  input.start = KIB - 110;
  assertEquals(input.space().length, KIB - 10);
  assertEquals(input.bytes.length, KIB);
  assertEquals(unread(input), noise(KIB - 100).slice(-10));
  input.dispose();
});

Deno.test("Input gives up a large buffer after a single large frame", () => {
  const input = new Input();
  input.append(noise(256 * KIB));
  assertEquals(input.bytes.length > 64 * KIB, true);
  input.start = input.end;
  assertEquals(input.space().length, 64 * KIB);
  input.dispose();
});

Deno.test("Input gives up a large buffer after a run of small reads, step by step", () => {
  const input = new Input();
  for (let i = 0; i < 3; i++) {
    read(input, noise(1 << 20));
    input.start = input.end;
  }
  assertEquals(input.bytes.length, 64 * KIB);
  const sizes: number[] = [];
  for (let i = 0; i < 70; i++) {
    read(input, noise(5));
    assertEquals(unread(input), noise(5));
    input.start = input.end;
    if (sizes.at(-1) !== input.bytes.length) sizes.push(input.bytes.length);
  }
  assertEquals(sizes, [64 * KIB, 16 * KIB, 4 * KIB, KIB, 256]);
  input.dispose();
});

Deno.test("Input keeps its buffer while a read of some size comes now and then", () => {
  const input = new Input();
  read(input, noise(KIB));
  input.start = input.end;
  for (let i = 0; i < 100; i++) {
    read(input, noise(i % 16 === 0 ? 1100 : 5));
    input.start = input.end;
    assertEquals(input.bytes.length, 4 * KIB);
  }
  input.dispose();
});

Deno.test("Input gives its buffer back when it changes it for another", () => {
  const input = new Input();
  const { bytes } = input;
  input.append(noise(2 * KIB));
  assert(input.bytes !== bytes);
  const again = lendBuffer(KIB);
  assert(again === bytes);
  assertEquals(unread(input), noise(2 * KIB));
  input.dispose();
});

Deno.test("Input gives its buffer back once, and is empty after", () => {
  const input = new Input();
  input.append(noise(100));
  const { bytes } = input;
  input.dispose();
  assertEquals([input.length, input.bytes.length, input.words.length], [0, 0, 0]);
  const next = new Input();
  assert(next.bytes === bytes);
  assertEquals(next.length, 0);
  const another = new Input();
  assert(another.bytes !== bytes);
  next.dispose();
  another.dispose();
});

Deno.test("Input gives its buffer away with what was consumed, and keeps what waits", () => {
  const input = new Input();
  const bytes = noise(200 * KIB);
  input.append(bytes);
  input.start = 199 * KIB;
  const old = input.bytes, given = input.release();
  assertEquals(given === old && given !== input.bytes, true);
  assertEquals(given.subarray(0, 200 * KIB), bytes);
  assertEquals(toHex(unread(input)), toHex(bytes.subarray(199 * KIB)));
  assertEquals(input.words.buffer === input.bytes.buffer, true);
  input.append(noise(300));
  assertEquals(unread(input), concat(bytes.subarray(199 * KIB), noise(300)));
  input.dispose();
});

Deno.test("Input is a queue of bytes, whatever arrives and is consumed when", () => {
  const step = fc.record({ arrive: fc.oneof(fc.nat(50), fc.nat(6000)), consume: fc.nat(100) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const input = new Input();
      let waiting = new Uint8Array(0);
      for (const { arrive, consume } of steps) {
        const bytes = noise(arrive);
        input.append(bytes);
        waiting = concat(waiting, bytes);
        const taken = Math.floor(waiting.length * consume / 100);
        input.start += taken;
        waiting = waiting.slice(taken);
        assertEquals(unread(input), waiting);
        assert(input.words.buffer === input.bytes.buffer, "the words are of the same buffer");
        assertEquals(input.words.byteLength, input.bytes.length);
        assert(input.space().length > 0);
        assertEquals(unread(input), waiting);
      }
      input.dispose();
    }),
    { numRuns: 100 },
  );
});

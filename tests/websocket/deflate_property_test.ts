import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { ProtocolError } from "../../lib/websocket/close.ts";
import { deflate, Deflater, Inflater } from "../../lib/websocket/deflate.ts";
import { Protocol } from "../../lib/websocket/protocol.ts";
import { concat, noise, utf8 } from "../tools/bytes.ts";
import {
  agreed,
  inflateAll,
  json,
  SHARED,
  TAKEOVER,
  zlibDeflate,
  zlibInflate,
} from "../tools/deflate.ts";
import { clientFrame, outcome, ROOMY, said } from "../tools/frames.ts";

const windowBits = fc.integer({ min: 9, max: 15 });

/** Mostly small; now and then around 64 KiB, where the level changes, or up to 1 MiB. */
const size = fc.oneof(
  { weight: 8, arbitrary: fc.nat(2000) },
  { weight: 2, arbitrary: fc.integer({ min: 65_000, max: 66_000 }) },
  { weight: 1, arbitrary: fc.nat(1 << 20) },
);
/** A recipe, since a report of a failure would list every byte of the content. */
const content = fc.record({ size, kind: fc.nat(3), byte: fc.nat(255) });

/** Content that shrinks well, a little, or not at all; at most 1 MiB. */
function make({ size, kind, byte }: { size: number; kind: number; byte: number }): Uint8Array {
  if (kind === 0) return new Uint8Array(size).fill(byte);
  if (kind === 1) return noise(size);
  if (kind === 2) return size < 200 ? utf8("木".repeat(size)) : json(size);
  return concat(noise(size >> 2), json(200 + (size >> 2)), new Uint8Array(size >> 2));
}

/** An assertion on so many elements would take seconds. */
function same(a: Uint8Array, b: Uint8Array) {
  assert(a.length === b.length && a.every((byte, i) => byte === b[i]), `${a.length}, ${b.length}`);
}

Deno.test("deflate() writes what zlib reads, in any window, and Inflater reads what zlib writes", () => {
  fc.assert(
    fc.property(content, windowBits, fc.integer({ min: 0, max: 9 }), (recipe, bits, level) => {
      const message = make(recipe);
      same(zlibInflate([deflate(message, bits)], bits), message);
      const payload = zlibDeflate(message, { windowBits: bits, level });
      same(inflateAll(new Inflater(false), payload, message.length), message);
    }),
    { numRuns: 150 },
  );
});

Deno.test("Deflater writes what zlib reads as one stream, in any window, and Inflater reads each message", () => {
  fc.assert(
    fc.property(fc.array(content, { maxLength: 5 }), windowBits, (recipes, bits) => {
      const messages = recipes.map(make);
      const deflater = new Deflater(bits);
      const payloads = messages.map((message) => deflater.deflate(message).slice());
      same(zlibInflate(payloads, bits), concat(...messages));
      const inflater = new Inflater(true);
      messages.forEach((message, i) => same(inflateAll(inflater, payloads[i]!), message));
    }),
    { numRuns: 80 },
  );
});

Deno.test("Inflater makes of any bytes a message or a refusal, and serves the next message", () => {
  const hello = zlibDeflate(utf8("Hello"));
  const seen = new Set<string>();
  const broken = fc.tuple(fc.integer({ min: 200, max: 400 }), fc.nat(9999), fc.nat(255))
    .map(([size, at, byte]) => {
      const payload = zlibDeflate(json(size));
      payload[at % payload.length] = byte;
      return payload;
    });
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 100 }), broken), (payload) => {
      const inflater = new Inflater(false);
      let inflated: Uint8Array | undefined;
      try {
        inflated = inflateAll(inflater, payload, 1 << 20);
        seen.add("a message");
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
        seen.add(error.message.split(":")[0]!);
      }
      // zlib agrees; it stops at a block with BFINAL, where this side reads on.
      if (inflated !== undefined) {
        const start = zlibInflate([payload]);
        same(inflated.subarray(0, start.length), start);
      }
      assertEquals(inflateAll(inflater, hello), utf8("Hello"));
    }),
    { numRuns: 1000 },
  );
  assertEquals([...seen].sort(), ["a message", "message does not inflate"]);
});

/** A message as a client may send it: compressed or not, in fragments, with pings between them. */
const sent = fc.record({
  content: fc.oneof(
    { weight: 9, arbitrary: fc.string({ unit: "binary", maxLength: 300 }).map(utf8) },
    { weight: 1, arbitrary: fc.integer({ min: 200, max: 150_000 }) },
  ),
  text: fc.boolean(),
  compressed: fc.boolean(),
  shares: fc.array(fc.nat(9999), { maxLength: 4 }),
  pings: fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }),
});

function cutsOf(bytes: Uint8Array, shares: number[]): number[] {
  return shares.map((share) => Math.floor(share * bytes.length / 9999)).sort((a, b) => a - b);
}

Deno.test("Protocol tells messages as they were sent, compressed or not, with any fragments, pings and cuts", () => {
  fc.assert(
    fc.property(
      fc.array(sent, { maxLength: 6 }),
      fc.boolean(),
      windowBits,
      fc.array(fc.nat(9999), { maxLength: 6 }),
      (messages, takeover, bits, cuts) => {
        const deflater = new Deflater(bits);
        const wire: Uint8Array[] = [], expected: string[] = [];
        let pings = 0;
        for (const { content, text, compressed, shares, pings: asked } of messages) {
          const message = typeof content === "number" ? json(content) : content;
          const payload = !compressed
            ? message
            : takeover
            ? deflater.deflate(message)
            : deflate(message, bits);
          const ends = [...cutsOf(payload, shares), payload.length];
          ends.forEach((end, i) => {
            const fin = i === ends.length - 1 ? 0x80 : 0;
            const first = i > 0 ? 0 : (compressed ? 0x40 : 0) | (text ? 1 : 2);
            wire.push(clientFrame(fin | first, payload.subarray(ends[i - 1] ?? 0, end)));
            if (asked[i]) wire.push(clientFrame(0x89, Uint8Array.of(pings++)));
          });
          expected.push(said(text ? 1 : 2, message));
        }
        const bytes = concat(...wire);
        const extension = agreed(takeover ? TAKEOVER : SHARED);
        const log = outcome(bytes, cutsOf(bytes, cuts), undefined, extension);
        assertEquals(log.at(-1), "open");
        assertEquals(log.filter((line) => /^(text|binary)/.test(line)), expected);
        assertEquals(log.length, expected.length + 2 * pings + 1);
      },
    ),
    { numRuns: 300 },
  );
});

Deno.test("Protocol sends what zlib reads, and compresses what pays", () => {
  const modes = fc.constantFrom(SHARED, TAKEOVER);
  fc.assert(
    fc.property(
      fc.array(content, { maxLength: 4 }),
      modes,
      windowBits,
      fc.constantFrom(0, 256, 5000),
      (recipes, mode, serverMaxWindowBits, threshold) => {
        const messages = recipes.map(make);
        const extension = agreed({ ...mode, serverMaxWindowBits }, threshold);
        const told: Uint8Array[] = [];
        const frames: [first: number, payload: Uint8Array][] = [];
        const protocol = new Protocol(
          { frame: (first, payload) => frames.push([first, payload.slice()]) },
          { message: () => {} },
          ROOMY,
          extension,
        );
        for (const message of messages) assert(protocol.send(message, 2));
        const context: Uint8Array[] = [];
        let before = 0;
        frames.forEach(([first, payload], i) => {
          const { length } = messages[i]!;
          if (first === 0x82) return void told.push(payload);
          assertEquals(first, 0xc2);
          assert(length >= threshold && length <= 1 << 20);
          if (mode === SHARED) {
            assert(payload.length < length);
            return void told.push(zlibInflate([payload], serverMaxWindowBits));
          }
          context.push(payload);
          const all = zlibInflate(context, serverMaxWindowBits);
          told.push(all.subarray(before));
          before = all.length;
        });
        messages.forEach((message, i) => same(told[i]!, message));
      },
    ),
    { numRuns: 80 },
  );
});

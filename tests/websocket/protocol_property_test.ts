import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { MessageLimits } from "../../lib/websocket/message.ts";
import { concat, hex, noise, utf8 } from "../tools/bytes.ts";
import { clientClose, clientFrame, drive, ended, outcome, record, said } from "../tools/frames.ts";

const limits: MessageLimits = { maxMessage: 400, maxFragments: 4 };
const key = fc.uint8Array({ minLength: 4, maxLength: 4 });

/** Where to cut, as shares of the whole. */
const shares = fc.array(fc.nat(9999), { maxLength: 8 });
function cutsOf(bytes: Uint8Array, shares: number[]): number[] {
  return shares.map((share) => Math.floor(share * bytes.length / 9999)).sort((a, b) => a - b);
}

const payload = fc.oneof(
  fc.string({ unit: "binary", maxLength: 20 }).map(utf8),
  fc.uint8Array({ maxLength: 20 }),
  fc.integer({ min: 120, max: 410 }).map((length) => utf8("x".repeat(length))),
);
/** A part of a stream: its bytes, given whether a message is under way, and whether one is after it. */
type Part = (within: boolean) => [bytes: Uint8Array, within: boolean];

/** What a client may send. */
const data: fc.Arbitrary<Part> = fc.record({ payload, key, text: fc.boolean(), fin: fc.boolean() })
  .map(({ payload, key, text, fin }) => (within) => {
    const opcode = within ? 0 : text ? 1 : 2;
    return [clientFrame((fin ? 0x80 : 0) | opcode, payload, key), !fin];
  });
const control: fc.Arbitrary<Part> = fc.tuple(fc.constantFrom(0x89, 0x8a), payload, key)
  .map(([first, payload, key]) => (within) => [
    clientFrame(first, payload.subarray(0, 125), key),
    within,
  ]);
const close: fc.Arbitrary<Part> = fc.tuple(
  fc.integer({ min: 990, max: 1020 }),
  fc.string({ maxLength: 5 }),
)
  .map(([code, reason]) => (within) => [clientClose(code, reason), within]);
/** What it may not, in most places. */
const wild: fc.Arbitrary<Part> = fc.oneof(
  fc.tuple(fc.nat(255), payload, key).map((frame) => clientFrame(...frame)),
  fc.uint8Array({ maxLength: 30 }),
).map((bytes) => (within) => [bytes, within]);

const parts = fc.oneof(
  { weight: 12, arbitrary: data },
  { weight: 4, arbitrary: control },
  { weight: 1, arbitrary: close },
  { weight: 1, arbitrary: wild },
);
const stream = fc.array(parts, { maxLength: 10 }).map((parts) => {
  let within = false;
  return concat(...parts.map((part) => {
    const [bytes, after] = part(within);
    within = after;
    return bytes;
  }));
});

Deno.test("Protocol makes the same of any bytes, however they are cut", () => {
  const ends = new Map<string, number>();
  fc.assert(
    fc.property(stream, shares, (bytes, shares) => {
      // Nothing but a ProtocolError is caught inside: any other throw would come through here.
      const { protocol, log } = record(limits);
      drive(protocol, bytes);
      const whole = [...log, ended(protocol)];
      assertEquals(outcome(bytes, cutsOf(bytes, shares), limits), whole);

      const { state, ending } = protocol;
      const end = ending === undefined ? state : String(ending.code);
      ends.set(end, (ends.get(end) ?? 0) + 1);
      // It waits, or it is closed: by one close frame, which is the last.
      const closes = log.filter((line) => line.startsWith("wrote 88"));
      assertEquals(closes.length, state === "open" ? 0 : 1);
      if (state !== "open") assertEquals(log.at(-1), closes[0]);
      assertEquals(state === "closed", ending !== undefined);
      if (ending !== undefined && !ending.clean) {
        assert([1002, 1007, 1008, 1009].includes(ending.code), `${ending.code}`);
      }
    }),
    { numRuns: 1500 },
  );
  // The property has seen every kind of end.
  for (const end of ["open", "1002", "1007", "1009"]) {
    assert((ends.get(end) ?? 0) > 20, end);
  }
});

Deno.test("Protocol makes the same of a valid stream in which one byte is changed, however it is cut", () => {
  const bytes = concat(
    clientFrame(0x81, utf8("κόσμε")),
    clientFrame(0x01, utf8("Hel")),
    clientFrame(0x89, utf8("p")),
    clientFrame(0x80, utf8("lo")),
    clientFrame(0x82, noise(130), hex("deadbeef")),
    clientClose(1000, "bye"),
  );
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.nat(255), shares, (at, value, shares) => {
      const changed = bytes.slice();
      changed[at] = value;
      assertEquals(
        outcome(changed, cutsOf(changed, shares), limits),
        outcome(changed, [], limits),
      );
    }),
    { numRuns: 800 },
  );
});

/** A message, the sizes of whose fragments are shares of it, with pings between them. */
const message = fc.record({
  text: fc.boolean(),
  content: fc.string({ unit: "binary", maxLength: 60 }).map(utf8),
  shares: fc.array(fc.nat(9999), { maxLength: 5 }),
  pings: fc.array(fc.uint8Array({ maxLength: 4 }), { maxLength: 3 }),
  key,
});

Deno.test("Protocol tells every message as it was sent, with any fragments, pings and cuts", () => {
  fc.assert(
    fc.property(fc.array(message, { maxLength: 5 }), shares, (messages, shares) => {
      const wire: Uint8Array[] = [];
      const expected: string[] = [];
      const pings: string[] = [];
      for (const { text, content, shares, pings: asked, key } of messages) {
        const ends = [...cutsOf(content, shares), content.length];
        ends.forEach((end, i) => {
          const fin = i === ends.length - 1 ? 0x80 : 0;
          const opcode = i > 0 ? 0 : text ? 1 : 2;
          wire.push(clientFrame(fin | opcode, content.subarray(ends[i - 1] ?? 0, end), key));
          const ping = asked[i];
          if (ping !== undefined && fin === 0) {
            wire.push(clientFrame(0x89, ping, key));
            pings.push(`${ping}`);
          }
        });
        expected.push(said(text ? 1 : 2, content));
      }
      const bytes = concat(...wire);
      const log = outcome(bytes, cutsOf(bytes, shares));
      assertEquals(log.at(-1), "open");
      assertEquals(log.filter((line) => /^(text|binary)/.test(line)), expected);
      assertEquals(log.filter((line) => line.startsWith("wrote 8a")).length, pings.length);
      assertEquals(log.length, expected.length + 2 * pings.length + 1);
    }),
    { numRuns: 400 },
  );
});

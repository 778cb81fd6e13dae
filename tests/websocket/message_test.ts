import { assert, assertEquals, assertThrows } from "@std/assert";
import { ProtocolError } from "../../lib/websocket/close.ts";
import { FrameHeader } from "../../lib/websocket/frame.ts";
import { MessageAssembler, type MessageLimits } from "../../lib/websocket/message.ts";
import { lendBuffer, returnBuffer } from "../../lib/websocket/pool.ts";
import { concat, hex, noise, utf8 } from "../tools/bytes.ts";
import { ROOMY } from "../tools/frames.ts";

function header(first: number, length: number): FrameHeader {
  return Object.assign(new FrameHeader(), { fin: first >= 0x80, opcode: first & 0xf, length });
}

/** Gives the assembler one frame, as the protocol does. */
function take(assembler: MessageAssembler, first: number, payload: Uint8Array) {
  const frame = header(first, payload.length);
  assembler.begin(frame);
  const ascii = payload.every((byte) => byte < 0x80);
  assembler.validate(payload, 0, payload.length, ascii);
  return assembler.finish(frame, payload);
}

function refused(code: number, run: () => unknown) {
  assertEquals(assertThrows(run, ProtocolError).code, code);
}

Deno.test("MessageAssembler gives a message of one frame as it is, without a copy", () => {
  const assembler = new MessageAssembler(ROOMY);
  for (
    const [first, payload] of [[0x81, utf8("κ")], [0x82, hex("ff")], [0x81, utf8("")]] as const
  ) {
    assert(take(assembler, first, payload) === payload);
    assertEquals(assembler.opcode, first & 0xf);
    assembler.end();
    assertEquals(assembler.opcode, 0);
  }
});

Deno.test("MessageAssembler joins fragments of any sizes, also empty ones (5.4)", () => {
  const tables = [
    [3, 2],
    [0, 0],
    [0, 5, 0],
    [1, 1, 1, 1],
    [1000, 24, 1],
    [1024, 3072, 1, 12288],
    [1, 70_000, 1, 300_000],
  ];
  const assembler = new MessageAssembler(ROOMY);
  for (const sizes of tables) {
    const fragments = sizes.map((size) => noise(size));
    let message: Uint8Array | undefined;
    fragments.forEach((fragment, i) => {
      assertEquals(message, undefined);
      const last = i === fragments.length - 1;
      const kept = fragment.slice();
      message = take(assembler, (last ? 0x80 : 0) | (i === 0 ? 2 : 0), kept);
      // What arrives next overwrites the read buffer.
      kept.fill(0xee);
    });
    assertEquals(message, concat(...fragments), `${sizes}`);
    assertEquals(assembler.opcode, 2);
    assembler.end();
  }
});

Deno.test("MessageAssembler refuses a continuation of nothing (5.4)", () => {
  for (const first of [0x00, 0x80]) {
    const fresh = new MessageAssembler(ROOMY);
    refused(1002, () => fresh.begin(header(first, 0)));
    take(fresh, 0x82, hex("01"));
    fresh.end();
    refused(1002, () => fresh.begin(header(first, 0)));
  }
});

Deno.test("MessageAssembler refuses a message within a message (5.4)", () => {
  for (const begun of [0x01, 0x02]) {
    for (const first of [0x01, 0x02, 0x81, 0x82]) {
      const assembler = new MessageAssembler(ROOMY);
      take(assembler, begun, utf8("a"));
      refused(1002, () => assembler.begin(header(first, 0)));
    }
  }
});

Deno.test("MessageAssembler counts the sum of fragments against the limit, at the header (7.4.1)", () => {
  const limits: MessageLimits = { ...ROOMY, maxMessage: 10 };
  const tables: [sizes: number[], fits: boolean][] = [
    [[10], true],
    [[11], false],
    [[2 ** 52], false],
    [[5, 5], true],
    [[5, 6], false],
    [[10, 0, 0], true],
    [[10, 0, 1], false],
    [[0, 11], false],
    [[1, 2, 3, 4], true],
    [[1, 2, 3, 5], false],
  ];
  for (const [sizes, fits] of tables) {
    const assembler = new MessageAssembler(limits);
    const last = sizes.length - 1;
    for (const [i, size] of sizes.slice(0, -1).entries()) {
      take(assembler, i === 0 ? 2 : 0, noise(size));
    }
    const end = header(0x80 | (last === 0 ? 2 : 0), sizes[last]!);
    if (fits) {
      assembler.begin(end);
      assertEquals(assembler.finish(end, noise(sizes[last]!))?.length, 10);
    } else refused(1009, () => assembler.begin(end));
  }
});

Deno.test("MessageAssembler counts each message anew", () => {
  const assembler = new MessageAssembler({ maxMessage: 10, maxFragments: 2 });
  for (let i = 0; i < 5; i++) {
    assertEquals(take(assembler, 0x02, noise(5)), undefined);
    assertEquals(take(assembler, 0x80, noise(5)), concat(noise(5), noise(5)));
    assembler.end();
    assertEquals(take(assembler, 0x82, noise(10)), noise(10));
    assembler.end();
  }
});

Deno.test("MessageAssembler refuses one fragment more than the limit, also an empty one", () => {
  for (const maxFragments of [1, 2, 5]) {
    const assembler = new MessageAssembler({ ...ROOMY, maxFragments });
    for (let i = 0; i < maxFragments; i++) take(assembler, i === 0 ? 1 : 0, utf8(""));
    refused(1008, () => assembler.begin(header(0x80, 0)));
  }
});

Deno.test("MessageAssembler validates text across fragments, and inside one (8.1)", () => {
  const assembler = new MessageAssembler(ROOMY);
  assertEquals(take(assembler, 0x01, hex("ce")), undefined);
  assertEquals(take(assembler, 0x00, hex("")), undefined);
  assertEquals(take(assembler, 0x80, hex("ba")), utf8("κ"));
  assembler.end();

  const begun = header(0x81, 5);
  assembler.begin(begun);
  assembler.validate(hex("61 f4 90 80 80"), 0, 2, false);
  refused(1007, () => assembler.validate(hex("61 f4 90 80 80"), 2, 3, false));
});

Deno.test("MessageAssembler looks at ASCII where a character is unfinished (8.1)", () => {
  const assembler = new MessageAssembler(ROOMY);
  take(assembler, 0x01, hex("ce"));
  refused(1007, () => take(assembler, 0x00, utf8("a")));
});

Deno.test("MessageAssembler refuses a text that ends within a character (8.1)", () => {
  for (const tail of ["ce", "e2 82", "f0 9f 8c"]) {
    const assembler = new MessageAssembler(ROOMY);
    refused(1007, () => take(assembler, 0x81, hex(tail)));
    const fragmented = new MessageAssembler(ROOMY);
    take(fragmented, 0x01, utf8("a"));
    take(fragmented, 0x00, hex(tail));
    refused(1007, () => take(fragmented, 0x80, hex("")));
  }
});

Deno.test("MessageAssembler does not validate binary messages, nor what follows them", () => {
  const assembler = new MessageAssembler(ROOMY);
  assertEquals(take(assembler, 0x02, hex("ff ce")), undefined);
  assertEquals(take(assembler, 0x80, hex("80")), hex("ff ce 80"));
  assembler.end();
  assertEquals(take(assembler, 0x81, utf8("κ")), utf8("κ"));
});

Deno.test("MessageAssembler forgets what it held when it is disposed of", () => {
  const assembler = new MessageAssembler(ROOMY);
  take(assembler, 0x02, noise(5));
  assembler.dispose();
  assembler.dispose();
  assembler.end();
  assertEquals(assembler.opcode, 0);
  assertEquals(take(assembler, 0x82, noise(3)), noise(3));
});

Deno.test("MessageAssembler gives its buffer back when it grows, and when the message is done", () => {
  const assembler = new MessageAssembler(ROOMY);
  const small = lendBuffer(1000), large = lendBuffer(4000);
  returnBuffer(small);
  returnBuffer(large);
  take(assembler, 0x02, noise(1000));
  assert(lendBuffer(1000) !== small);
  take(assembler, 0x00, noise(3000));
  assert(lendBuffer(1000) === small);
  assert(lendBuffer(4000) !== large);
  assert(take(assembler, 0x80, noise(1))?.buffer === large.buffer);
  // Ended while the message is still looked at: it stays until then.
  assembler.dispose();
  assert(lendBuffer(4000) !== large);
  assembler.end();
  assembler.end();
  assert(lendBuffer(4000) === large);
  assert(lendBuffer(4000) !== large);
});

import { assert, assertEquals, assertFalse } from "@std/assert";
import fc from "fast-check";
import { isUtf8, Utf8Validator } from "../../lib/websocket/utf8.ts";
import { concat, hex, utf8 } from "../tools/bytes.ts";

/** Index of the byte at which validation fails when they come one by one; -1 if it does not. */
function firstBad(bytes: Uint8Array): number {
  const validator = new Utf8Validator();
  return bytes.findIndex((byte) => !validator.push(Uint8Array.of(byte)));
}

/** Whether the whole is valid, given in pieces that are cut before each index. */
function isValid(bytes: Uint8Array, cuts: readonly number[] = []): boolean {
  const validator = new Utf8Validator();
  let from = 0;
  for (const to of [...cuts, bytes.length]) {
    if (!validator.push(bytes, from, to)) return false;
    from = to;
  }
  return validator.complete;
}

function decodes(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

Deno.test("Utf8Validator takes the ends of every row of the table (RFC 3629, 4)", () => {
  const characters = [
    ["00", "7f"],
    ["c2 80", "df bf"],
    ["e0 a0 80", "e0 bf bf"],
    ["e1 80 80", "ec bf bf"],
    ["ed 80 80", "ed 9f bf"],
    ["ee 80 80", "ef bf bf"],
    ["f0 90 80 80", "f0 bf bf bf"],
    ["f1 80 80 80", "f3 bf bf bf"],
    ["f4 80 80 80", "f4 8f bf bf"],
  ].flat();
  for (const character of characters) {
    const bytes = hex(character);
    assertEquals(firstBad(bytes), -1, character);
    assert(isValid(bytes), character);
    for (let cut = 1; cut < bytes.length; cut++) {
      assertFalse(isValid(bytes.subarray(0, cut)), `${character} before byte ${cut}`);
      assert(isValid(bytes, [cut]), `${character} cut before byte ${cut}`);
    }
  }
  assert(isValid(concat(...characters.map(hex))));
});

Deno.test("Utf8Validator fails at the first impossible byte", () => {
  const table: [bytes: string, index: number][] = [
    ["80", 0],
    ["bf", 0],
    ["61 80", 1],
    ["c0", 0], // overlong
    ["c1", 0],
    ["c2 7f", 1],
    ["c2 c0", 1],
    ["df bf bf", 2],
    ["e0 9f", 1], // overlong
    ["e0 a0 7f", 2],
    ["e0 a0 c0", 2],
    ["ec 80 41", 2],
    ["ed a0", 1], // a surrogate
    ["ed bf", 1],
    ["ef bf c0", 2],
    ["f0 8f", 1], // overlong
    ["f0 90 7f", 2],
    ["f0 90 80 c0", 3],
    ["f4 90", 1], // past U+10FFFF
    ["f4 8f bf bf 80", 4],
    ["f5", 0],
    ["f8", 0],
    ["fe", 0],
    ["ff", 0],
    // Autobahn 6.4: "κόσμε", then a code point past the last.
    ["ce ba e1 bd b9 cf 83 ce bc ce b5 f4 90 80 80 65 64 69 74 65 64", 12],
  ];
  for (const [bytes, index] of table) assertEquals(firstBad(hex(bytes)), index, bytes);
});

Deno.test("Utf8Validator knows every first and second byte that some text begins with", () => {
  const prefixes = new Set<number>();
  // One character for every value of all bytes but the last, which takes all of 80 to bf.
  for (let code = 0; code <= 0x10ffff; code += code < 0x80 ? 1 : 64) {
    if (code >= 0xd800 && code <= 0xdfff) continue;
    const bytes = utf8(String.fromCodePoint(code));
    prefixes.add(bytes[0]!);
    if (bytes.length > 2) prefixes.add(0x100 | bytes[0]! << 16 | bytes[1]!);
    for (let last = 0x80; bytes.length === 2 && last <= 0xbf; last++) {
      prefixes.add(0x100 | bytes[0]! << 16 | last);
    }
  }
  assertEquals(prefixes.size > 2000, true);
  const validator = new Utf8Validator();
  const pair = new Uint8Array(2);
  for (let first = 0; first < 256; first++) {
    pair[0] = first;
    validator.reset();
    assertEquals(validator.push(pair, 0, 1), prefixes.has(first), first.toString(16));
    for (let second = 0; first >= 0x80 && prefixes.has(first) && second < 256; second++) {
      pair[1] = second;
      validator.reset();
      const expected = prefixes.has(0x100 | first << 16 | second);
      assertEquals(validator.push(pair), expected, `${first.toString(16)} ${second.toString(16)}`);
    }
  }
});

Deno.test("Utf8Validator keeps to the range it is given", () => {
  const validator = new Utf8Validator();
  assert(validator.push(hex("ff 41 e2 ff"), 1, 3));
  assertFalse(validator.complete);
  assert(validator.push(hex("ff 82 ac ff"), 1, 3));
  assert(validator.complete);
  assert(validator.push(hex("ff"), 0, 0));
  assert(validator.complete);
});

Deno.test("Utf8Validator forgets an unfinished character when it is reset", () => {
  for (const begun of ["c3", "e0", "e0 a0", "ed", "f0", "f4", "f4 8f bf"]) {
    const validator = new Utf8Validator();
    assert(validator.push(hex(begun)));
    assertFalse(validator.complete);
    validator.reset();
    assert(validator.complete);
    assert(validator.push(utf8("a")));
    assertFalse(validator.push(hex("80")), begun);
    // The narrowed range of the second byte is forgotten as well.
    validator.reset();
    assert(validator.push(hex("e1 80 80 e1 bf bf")), begun);
  }
});

Deno.test("Utf8Validator takes a BOM, at the beginning and elsewhere", () => {
  assert(isValid(hex("ef bb bf 61 ef bb bf")));
  assert(isValid(hex("ef bb bf 61"), [1, 2]));
});

const piece = fc.oneof(
  fc.uint8Array({ maxLength: 8 }),
  fc.string({ unit: "binary", maxLength: 8 }).map(utf8),
  // Characters that lost a byte, or had one changed.
  fc.tuple(fc.string({ unit: "binary", minLength: 1, maxLength: 2 }), fc.nat(), fc.nat(255))
    .map(([text, at, byte]) => {
      const bytes = utf8(text);
      bytes[at % bytes.length] = byte;
      return bytes;
    }),
);

Deno.test("Utf8Validator agrees with TextDecoder for any bytes in any pieces", () => {
  const pieces = fc.array(piece, { maxLength: 6 });
  fc.assert(
    fc.property(pieces, fc.array(fc.nat(), { maxLength: 5 }), (pieces, cuts) => {
      const bytes = concat(...pieces);
      const ascending = cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b);
      assertEquals(isValid(bytes, ascending), decodes(bytes));
    }),
    { numRuns: 2000 },
  );
});

Deno.test("Utf8Validator fails at the same byte as a streaming TextDecoder", () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 4 }), (pieces) => {
      const bytes = concat(...pieces);
      const decoder = new TextDecoder("utf-8", { fatal: true });
      const expected = bytes.findIndex((byte) => {
        try {
          decoder.decode(Uint8Array.of(byte), { stream: true });
          return false;
        } catch {
          return true;
        }
      });
      assertEquals(firstBad(bytes), expected);
    }),
    { numRuns: 1000 },
  );
});

Deno.test("isUtf8() agrees with TextDecoder for any bytes, time after time", () => {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const valid = (bytes: Uint8Array) => {
    try {
      decoder.decode(bytes);
      return true;
    } catch {
      return false;
    }
  };
  // A text that ends within a character must not spoil the next.
  for (const text of ["c3", "e2 82", "f0 9f 98"]) assertEquals(isUtf8(hex(text)), false);
  const pieces = fc.constantFrom("k", "c3 a9", "e2 82 ac", "f0 9f 98 80", "c3", "80", "ed a0 80");
  fc.assert(fc.property(fc.array(pieces, { maxLength: 5 }), (pieces) => {
    const bytes = hex(pieces.map((p) => p === "k" ? "6b" : p).join(""));
    assertEquals(isUtf8(bytes), valid(bytes));
    assertEquals(isUtf8(concat(hex("ff"), bytes, hex("ff")), 1, bytes.length + 1), valid(bytes));
  }));
});

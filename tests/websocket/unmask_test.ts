import { assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  rotateKey,
  unmask,
  unmaskPayload,
  unmaskVectors,
  unmaskWords,
} from "../../lib/websocket/unmask.ts";
import { concat, hex, noise, toHex, utf8 } from "../tools/bytes.ts";
import { masked } from "../tools/frames.ts";

/** A key as one word, its first byte lowest. */
function word(key: Uint8Array): number {
  return new DataView(key.buffer, key.byteOffset).getInt32(0, true);
}

/** A payload that is masked by the definition, at an offset of a buffer of whole words. */
function around(payload: Uint8Array, from: number, key: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(Math.ceil((from + payload.length + 5) / 4) * 4).fill(0x80);
  bytes.set(masked(payload, key), from);
  return bytes;
}

Deno.test("unmask() and unmaskWords() unmask the RFC's Hello (5.7)", () => {
  const key = word(hex("37fa213d"));
  const plain = concat(hex("7f9f4d5158"), new Uint8Array(3));
  unmask(plain, 0, 5, key);
  assertEquals(plain, concat(utf8("Hello"), new Uint8Array(3)));
  const words = concat(hex("7f9f4d5158"), new Uint8Array(3));
  assertEquals(unmaskWords(words, new Int32Array(words.buffer), 0, 5, key), true);
  assertEquals(words, concat(utf8("Hello"), new Uint8Array(3)));
});

Deno.test("unmask() and unmaskWords() agree with the RFC at every offset and length (5.3)", () => {
  for (const key of [hex("37fa213d"), hex("ff000180"), hex("00000000"), hex("80808080")]) {
    for (let from = 0; from < 9; from++) {
      for (let length = 0; length < 19; length++) {
        const payload = noise(length);
        const expected = around(payload, from, hex("00000000"));
        const plain = around(payload, from, key);
        unmask(plain, from, from + length, word(key));
        assertEquals(toHex(plain), toHex(expected), `unmask, ${length} from ${from}`);
        const bytes = around(payload, from, key);
        unmaskWords(bytes, new Int32Array(bytes.buffer), from, from + length, word(key));
        assertEquals(toHex(bytes), toHex(expected), `unmaskWords, ${length} from ${from}`);
      }
    }
  }
});

Deno.test("unmaskWords() notices a byte above ASCII wherever it is", () => {
  const key = hex("ca fe ba be");
  for (let from = 0; from < 5; from++) {
    for (let length = 1; length < 14; length++) {
      for (let high = -1; high < length; high++) {
        const payload = new Uint8Array(length).fill(0x7f);
        if (high >= 0) payload[high] = 0x80;
        const bytes = around(payload, from, key);
        const words = new Int32Array(bytes.buffer);
        const ascii = unmaskWords(bytes, words, from, from + length, word(key));
        assertEquals(ascii, high < 0, `byte ${high} of ${length} from ${from}`);
      }
    }
  }
});

Deno.test("rotateKey() turns the key to meet a later byte of the payload (5.3)", () => {
  const key = hex("37fa213d");
  const turned = ["37fa213d", "fa213d37", "213d37fa", "3d37fa21"];
  for (let by = 0; by < 12; by++) {
    assertEquals(rotateKey(word(key), by) | 0, word(hex(turned[by % 4]!)), `by ${by}`);
  }
});

const key = fc.uint8Array({ minLength: 4, maxLength: 4 });

Deno.test("unmaskWords() equals unmask() for any bytes, offset, length and key", () => {
  const payload = fc.oneof(
    fc.uint8Array({ maxLength: 70 }),
    fc.uint8Array({ maxLength: 70, max: 0x7f }),
  );
  let ascii = 0;
  fc.assert(
    fc.property(payload, fc.nat(20), key, (payload, from, key) => {
      const plain = around(payload, from, key), bytes = plain.slice();
      unmask(plain, from, from + payload.length, word(key));
      const words = new Int32Array(bytes.buffer);
      const claim = unmaskWords(bytes, words, from, from + payload.length, word(key));
      assertEquals(bytes, plain);
      assertEquals(claim, payload.every((byte) => byte < 0x80));
      if (claim) ascii++;
    }),
    { numRuns: 1000 },
  );
  assertEquals(ascii > 100 && ascii < 900, true);
});

Deno.test("a payload unmasked in two parts is the same as in one", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 50 }),
      fc.nat(),
      fc.nat(9),
      key,
      (payload, at, from, key) => {
        const cut = at % (payload.length + 1);
        const bytes = around(payload, from, key);
        const words = new Int32Array(bytes.buffer);
        unmaskWords(bytes, words, from, from + cut, word(key));
        unmaskWords(bytes, words, from + cut, from + payload.length, rotateKey(word(key), cut));
        assertEquals(bytes, around(payload, from, new Uint8Array(4)));
      },
    ),
    { numRuns: 500 },
  );
});

/** Lengths around the sizes of a vector, of where vectors begin to be used, and of the memory that they reach. */
const EDGES = [16, 512, 65536, 131072].flatMap((n) => [n - 1, n, n + 1]);

for (const way of [unmaskVectors, unmaskPayload]) {
  Deno.test(`${way.name}() equals unmask() for any offset and key, at the edges of its sizes`, () => {
    for (const length of [0, 1, ...EDGES]) {
      for (const from of [0, 6, 8, 13]) {
        const key = hex("37 fa 21 9d"), payload = noise(length);
        const bytes = around(payload, from, key),
          expected = around(payload, from, new Uint8Array(4));
        way(bytes, new Int32Array(bytes.buffer), from, from + length, word(key));
        assertEquals(bytes, expected, `${length} from ${from}`);
      }
    }
  });

  Deno.test(`${way.name}() notices a byte above ASCII wherever it is`, () => {
    for (const length of [1, ...EDGES]) {
      const ascii = new Uint8Array(length).fill(0x7f);
      const places = [-1, 0, 7, 15, 16, length >> 1, length - 17, length - 1];
      for (const high of places.filter((at) => at < length)) {
        const payload = ascii.slice();
        if (high >= 0) payload[high] = 0x80;
        const bytes = around(payload, 6, hex("ca fe ba be"));
        const claim = way(
          bytes,
          new Int32Array(bytes.buffer),
          6,
          6 + length,
          word(hex("cafebabe")),
        );
        assertEquals(claim, high < 0, `byte ${high} of ${length}`);
      }
    }
  });
}

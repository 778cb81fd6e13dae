/**
 * Masking (RFC 6455, 5.3): what a client sends is XORed with a key of four bytes, over and over. The same thing in
 * three ways, each quicker than the one before for more bytes, and the choice between them.
 * @module
 */

/**
 * Turns a masking key so that it starts at a later byte of the payload.
 * @param key The key as one word, its first byte lowest.
 * @param by How many payload bytes have been unmasked already.
 */
export function rotateKey(key: number, by: number): number {
  const bits = (by & 3) << 3;
  return bits === 0 ? key : key >>> bits | key << (32 - bits);
}

/**
 * Unmasks (or masks: it is the same) payload bytes in place, byte by byte (RFC 6455, 5.3).
 * The plain form of all others here.
 * @param bytes Where the payload is.
 * @param from Index of its first byte.
 * @param to Index after its last.
 * @param key The masking key as one word, turned so that its lowest byte meets the byte at `from`.
 */
export function unmask(
  bytes: Uint8Array,
  from: number,
  to: number,
  key: number,
): void {
  for (let i = from; i < to; i++) {
    bytes[i] = bytes[i]! ^ key;
    key = key >>> 8 | key << 24;
  }
}

/**
 * Unmasks payload bytes in place, four at a time, and notices on the way whether they are all ASCII.
 * @param bytes Where the payload is.
 * @param words The same buffer, from its first byte on, as 32-bit words (every platform of Deno is little-endian).
 * @param from Index of the payload's first byte.
 * @param to Index after its last.
 * @param key The masking key as one word, turned so that its lowest byte meets the byte at `from`.
 * @returns Whether every byte is below 0x80, so that no UTF-8 needs to be checked.
 */
export function unmaskWords(
  bytes: Uint8Array,
  words: Int32Array,
  from: number,
  to: number,
  key: number,
): boolean {
  let seen = 0;
  let i = from;
  const aligned = Math.min(to, (from + 3) & ~3);
  for (; i < aligned; i++) {
    const byte = bytes[i]! ^ key & 0xff;
    bytes[i] = byte;
    seen |= byte;
    key = key >>> 8 | key << 24;
  }
  const lastWord = to >>> 2;
  for (let w = i >>> 2; w < lastWord; w++) {
    const word = words[w]! ^ key;
    words[w] = word;
    seen |= word;
  }
  for (i = Math.max(i, lastWord << 2); i < to; i++) {
    const byte = bytes[i]! ^ key & 0xff;
    bytes[i] = byte;
    seen |= byte;
    key = key >>> 8 | key << 24;
  }
  return (seen & 0x80808080) === 0;
}

/** WebAssembly's memory comes in pages of this size; in bytes. One is the scratch space of {@linkcode unmaskVectors}. */
const PAGE = 64 * 1024;

/**
 * A WebAssembly module of one page of memory and one function, assembled by hand, since V8 makes no vector instructions
 * from a loop:
 *
 *     (func (export "xor") (param $end i32) (param $key i32) (result i32)
 *       (local $at i32) (local $keys v128) (local $seen v128) (local $block v128)
 *       (local.set $keys (i32x4.splat (local.get $key)))
 *       (loop
 *         (v128.store (local.get $at)
 *           (local.tee $block (v128.xor (v128.load (local.get $at)) (local.get $keys))))
 *         (local.set $seen (v128.or (local.get $block) (local.get $seen)))
 *         (br_if 0 (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 16))) (local.get $end))))
 *       (i8x16.bitmask (local.get $seen)))
 */
// deno-fmt-ignore
const module = new WebAssembly.Module(new Uint8Array([
  0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0, // magic, version
  0x01, 7, 1, 0x60, 2, 0x7f, 0x7f, 1, 0x7f, // types: (i32, i32) -> i32
  0x03, 2, 1, 0, // functions: one, of that type
  0x05, 3, 1, 0, 1, // memories: one, of one page
  0x07, 16, 2, // exports
  6, 0x6d, 0x65, 0x6d, 0x6f, 0x72, 0x79, 2, 0, // "memory"
  3, 0x78, 0x6f, 0x72, 0, 0, // "xor"
  0x0a, 59, 1, 57, // code: one function
  2, 1, 0x7f, 3, 0x7b, // locals 2: i32 $at; 3, 4, 5: v128 $keys, $seen, $block
  0x20, 1, 0xfd, 0x11, 0x21, 3, // local.get $key, i32x4.splat, local.set $keys
  0x03, 0x40, // loop
  0x20, 2, 0x20, 2, 0xfd, 0x00, 0, 0, // local.get $at, local.get $at, v128.load
  0x20, 3, 0xfd, 0x51, 0x22, 5, // local.get $keys, v128.xor, local.tee $block
  0xfd, 0x0b, 0, 0, // v128.store
  0x20, 5, 0x20, 4, 0xfd, 0x50, 0x21, 4, // local.get $block, local.get $seen, v128.or, local.set $seen
  0x20, 2, 0x41, 16, 0x6a, 0x22, 2, // local.get $at, i32.const 16, i32.add, local.tee $at
  0x20, 0, 0x49, 0x0d, 0, 0x0b, // local.get $end, i32.lt_u, br_if 0, end
  0x20, 4, 0xfd, 0x64, 0x0b, // local.get $seen, i8x16.bitmask, end
]));
const { memory, xor } = new WebAssembly.Instance(module).exports as {
  memory: WebAssembly.Memory;
  /** XORs the memory up to `end`, a multiple of 16, and returns which of 16 columns have a byte above 0x7f. */
  xor(end: number, key: number): number;
};
const scratch = new Uint8Array(memory.buffer);

/**
 * Unmasks payload bytes in place, sixteen at a time, by way of memory that vector instructions reach.
 * @param bytes As for {@linkcode unmaskWords}, like all else.
 */
export function unmaskVectors(
  bytes: Uint8Array,
  words: Int32Array,
  from: number,
  to: number,
  key: number,
): boolean {
  const end = to - (to - from) % 16;
  let high = 0;
  for (let at = from; at < end; at += PAGE) {
    const size = Math.min(PAGE, end - at);
    scratch.set(bytes.subarray(at, at + size));
    high |= xor(size, key);
    bytes.set(size === PAGE ? scratch : scratch.subarray(0, size), at);
  }
  return unmaskWords(bytes, words, end, to, key) && high === 0;
}

/** From here on vectors are quicker, although the bytes are copied there and back; in bytes. */
const LARGE = 512;

/**
 * Unmasks payload bytes in place, in the quickest way for so many.
 * @param bytes As for {@linkcode unmaskWords}, like all else.
 */
export function unmaskPayload(
  bytes: Uint8Array,
  words: Int32Array,
  from: number,
  to: number,
  key: number,
): boolean {
  return to - from < LARGE
    ? unmaskWords(bytes, words, from, to, key)
    : unmaskVectors(bytes, words, from, to, key);
}

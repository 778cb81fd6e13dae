import { assert, assertEquals } from "@std/assert";
import { lendBuffer, returnBuffer } from "../../lib/websocket/pool.ts";

const KIB = 1024, MIB = 1024 * 1024;

Deno.test("lendBuffer() gives the next of its sizes; the large ones hold a frame of a round number", () => {
  const table: [size: number, length: number][] = [
    [0, 256],
    [1, 256],
    [256, 256],
    [257, KIB],
    [KIB, KIB],
    [KIB + 1, 4 * KIB],
    [4 * KIB, 4 * KIB],
    [4 * KIB + 1, 16 * KIB],
    [16 * KIB + 1, 64 * KIB],
    [64 * KIB + 1, 260 * KIB],
    [256 * KIB + 14, 260 * KIB],
    [260 * KIB + 1, MIB + 4 * KIB],
    [MIB + 14, MIB + 4 * KIB],
    [MIB + 4 * KIB + 1, 4 * MIB + 4 * KIB],
    [4 * MIB + 4 * KIB, 4 * MIB + 4 * KIB],
    // Above, whole pages.
    [4 * MIB + 4 * KIB + 1, 4 * MIB + 8 * KIB],
    [5 * MIB, 5 * MIB],
  ];
  for (const [size, length] of table) {
    const buffer = lendBuffer(size);
    assertEquals(buffer.length, length, `for ${size} bytes`);
    // The words of a buffer are a view of all of it.
    assertEquals(buffer.byteOffset, 0);
    assertEquals(buffer.buffer.byteLength, length);
    assertEquals(length % 4, 0);
  }
});

Deno.test("a buffer that was given back is lent again, to one borrower", () => {
  for (const size of [KIB, 4 * KIB, 64 * KIB, 4 * MIB]) {
    const first = lendBuffer(size);
    const second = lendBuffer(size);
    assert(first !== second);
    returnBuffer(first);
    const again = lendBuffer(size);
    assert(again === first, `${size} bytes`);
    assert(lendBuffer(size) !== first);
  }
});

Deno.test("no more than 8 MiB of a size are kept", () => {
  const lent = new Set(Array.from({ length: 10 }, () => lendBuffer(MIB)));
  for (const buffer of lent) returnBuffer(buffer);
  const again = Array.from({ length: 10 }, () => lendBuffer(MIB));
  assertEquals(again.filter((buffer) => lent.has(buffer)).length, 7);
});

Deno.test("a buffer above all sizes is not kept", () => {
  const buffer = lendBuffer(5 * MIB);
  returnBuffer(buffer);
  assert(lendBuffer(5 * MIB) !== buffer);
});

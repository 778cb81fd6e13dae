/**
 * Buffers that are lent and given back. A new `ArrayBuffer` costs microseconds and zeroed pages, and a
 * buffer kept by each connection costs memory while it is idle; a few shared ones cost neither.
 * @module
 */

/** The sizes that are kept, in bytes. The large ones hold a round number with the header of its frame. */
const SIZES = [0.25, 1, 4, 16, 64, 256 + 4, 1024 + 4, 4096 + 4].map((kib) => kib * 1024);
/** How much of each size is kept for later, in bytes. */
const KEPT_PER_SIZE = 8 << 20;
/** Above the sizes that are kept, a buffer is whole pages; in bytes. */
const PAGE = 4096;

const kept: Uint8Array<ArrayBuffer>[][] = SIZES.map(() => []);

function indexOf(size: number): number {
  let index = 0;
  while (index < SIZES.length && SIZES[index]! < size) index++;
  return index;
}

/**
 * Lends a buffer. Its content is whatever it was.
 * @param size How many bytes it must hold; the buffer has the next of 0.25, 1, 4, 16, 64, 260, 1028 and 4100 KiB, or whole
 * pages above.
 */
export function lendBuffer(size: number): Uint8Array<ArrayBuffer> {
  const index = indexOf(size);
  if (index === SIZES.length) return new Uint8Array(Math.ceil(size / PAGE) * PAGE);
  return kept[index]!.pop() ?? new Uint8Array(SIZES[index]!);
}

/**
 * Takes a buffer back. Whoever gives it must not touch it again.
 * @param buffer One that {@linkcode lendBuffer} lent.
 */
export function returnBuffer(buffer: Uint8Array<ArrayBuffer>): void {
  const list = kept[indexOf(buffer.length)];
  if (list !== undefined && (list.length + 1) * buffer.length <= KEPT_PER_SIZE) list.push(buffer);
}

/**
 * Buffers that are lent and given back. A new `ArrayBuffer` costs microseconds and zeroed pages, and a
 * buffer kept by each connection costs memory while it is idle; a few shared ones cost neither.
 * @module
 */

/** Smallest and largest size kept, in bytes: 1 KiB to 4 MiB, in powers of four. */
const SMALLEST = 1024;
const CLASSES = 7;
/** How much of each size is kept for later, in bytes. */
const KEPT_PER_CLASS = 4 << 20;

const kept: Uint8Array<ArrayBuffer>[][] = Array.from(
  { length: CLASSES },
  () => [],
);

function classOf(size: number): number {
  let index = 0;
  for (let capacity = SMALLEST; capacity < size; capacity *= 4) index++;
  return index;
}

/**
 * Lends a buffer. Its content is whatever it was.
 * @param size How many bytes it must hold; the buffer is the next power of four from 1 KiB up, whole 4 KiB pages above 4 MiB.
 */
export function lendBuffer(size: number): Uint8Array<ArrayBuffer> {
  const index = classOf(size);
  if (index >= CLASSES) return new Uint8Array(Math.ceil(size / 4096) * 4096);
  return kept[index]!.pop() ?? new Uint8Array(SMALLEST * 4 ** index);
}

/**
 * Takes a buffer back. Whoever gives it must not touch it again.
 * @param buffer One that {@linkcode lendBuffer} lent.
 */
export function returnBuffer(buffer: Uint8Array<ArrayBuffer>): void {
  const index = classOf(buffer.length);
  if (
    index >= CLASSES ||
    (kept[index]!.length + 1) * buffer.length > KEPT_PER_CLASS
  ) return;
  kept[index]!.push(buffer);
}

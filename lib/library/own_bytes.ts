/**
 * Copies of messages that a program may keep and change. A buffer for each costs more than a small message does otherwise: these
 * share one, as Node's do, which is let go of with the last of them.
 * @module
 */

/** A shared buffer, and the largest message that goes into one; in bytes. */
const SHARED = 16 * 1024, SMALL = 4 * 1024;
/**
 * Where messages begin: at multiples of this, where numbers of any size may be read. None begins at 0: who takes `buffer` for the
 * message sees at the first that it is not.
 */
const ALIGN = 8;
/** Below this, a loop is quicker than `set`; in bytes. */
const FEW = 32;

let shared = new Uint8Array(SHARED);
let { buffer } = shared;
let used = ALIGN;

/** Copies a message. */
export function ownBytes(payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const { length } = payload;
  if (length > SMALL) return new Uint8Array(payload);
  if (used + length > SHARED) {
    shared = new Uint8Array(SHARED);
    buffer = shared.buffer;
    used = ALIGN;
  }
  const from = used;
  used = from + length + ALIGN - 1 & -ALIGN;
  if (length < FEW) { for (let i = 0; i < length; i++) shared[from + i] = payload[i]!; }
  else shared.set(payload, from);
  return new Uint8Array(buffer, from, length);
}

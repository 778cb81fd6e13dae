/**
 * An echo without a copy.
 * @module
 */
import { FIN, headerSize, writeHeader } from "../websocket/frame.ts";
import { LARGE } from "./outbox.ts";
import type { Transport } from "./transport.ts";

/**
 * Sends a large message from where it has arrived, with its new header over the end of the old one, which was longer.
 * Returns whether that is worth it: most of the buffer is the message.
 */
export function sendBack(
  { input, outbox, readingSince }: Transport,
  payload: Uint8Array,
  opcode: number,
): boolean {
  // What is being read comes into the same buffer.
  if (readingSince !== Infinity) return false;
  const { length } = payload;
  if (length < LARGE || length < input.length || length * 4 < input.bytes.length) return false;
  if (payload.buffer !== input.bytes.buffer) return false;
  const to = payload.byteOffset + length, from = payload.byteOffset - headerSize(length);
  const buffer = input.release();
  writeHeader(buffer, from, FIN | opcode, length);
  outbox.lent(buffer.subarray(from, to), buffer);
  return true;
}

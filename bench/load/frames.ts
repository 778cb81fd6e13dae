/**
 * The frames that a load sends, made once, and the count of those that come back (RFC 6455, 5.2).
 * @module
 */

const MASK = [0x12, 0x34, 0x56, 0x78];

/** One masked frame. */
export function maskedFrame(opcode: number, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const { length } = payload;
  const extended = length < 126 ? 0 : length < 0x10000 ? 2 : 8;
  const frame = new Uint8Array(2 + extended + 4 + length);
  const view = new DataView(frame.buffer);
  frame[0] = 0x80 | opcode;
  frame[1] = 0x80 | (extended === 0 ? length : extended === 2 ? 126 : 127);
  if (extended === 2) view.setUint16(2, length);
  if (extended === 8) view.setBigUint64(2, BigInt(length));
  frame.set(MASK, 2 + extended);
  for (let i = 0; i < length; i++) frame[6 + extended + i] = payload[i]! ^ MASK[i & 3]!;
  return frame;
}

/** Letters, again and again. */
export function letters(length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, i) => 97 + i % 26);
}

/** The same bytes so many times in a row. */
export function repeated(bytes: Uint8Array, times: number): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(bytes.length * times);
  for (let i = 0; i < times; i++) all.set(bytes, i * bytes.length);
  return all;
}

/** Bytes that may have to be kept from one read to the next: a header and the beginning of a payload. */
export const CARRY = 40;

/** What is told of frames as they come. */
export interface FrameEvents {
  /** Bytes of a payload that must have arrived before `payload` is called; at most 26. */
  readonly peek: number;
  /** The beginning of a message's payload, at `bytes[at]`. */
  payload?(id: number, bytes: Uint8Array, at: number): void;
  /** A ping or a close frame. */
  control(id: number, opcode: number): void;
}

/** Counts messages on many connections by the headers of their frames. Payloads are skipped, not looked at. */
export class FrameCounter {
  readonly #skip: Float64Array;
  readonly #counted: Uint8Array;
  readonly #carried: Uint8Array;
  readonly #carry: Uint8Array;
  readonly #events: FrameEvents;

  constructor(connections: number, events: FrameEvents) {
    this.#skip = new Float64Array(connections);
    this.#counted = new Uint8Array(connections);
    this.#carried = new Uint8Array(connections);
    this.#carry = new Uint8Array(connections * CARRY);
    this.#events = events;
  }

  /**
   * Takes what one connection received.
   * @param bytes What arrived is in `start` to `end`; `CARRY` bytes before are free to use.
   * @returns How many messages are complete with it.
   */
  feed(id: number, bytes: Uint8Array, start: number, end: number): number {
    let at = start, messages = 0;
    const carried = this.#carried[id]!;
    for (let i = carried - 1; i >= 0; i--) bytes[--at] = this.#carry[id * CARRY + i]!;
    this.#carried[id] = 0;
    const skip = this.#skip[id]!;
    if (skip > 0) {
      if (end - at < skip) {
        this.#skip[id] = skip - (end - at);
        return 0;
      }
      at += skip;
      this.#skip[id] = 0;
      messages += this.#counted[id]!;
    }
    const { peek } = this.#events;
    while (at < end) {
      const short = end - at < 2 ? 0 : bytes[at + 1]! & 0x7f;
      const header = short < 126 ? 2 : short === 126 ? 4 : 10;
      if (end - at < header) return this.#keep(id, bytes, at, end, messages);
      let length = short;
      if (short === 126) length = bytes[at + 2]! << 8 | bytes[at + 3]!;
      else if (short === 127) {
        length = 0;
        for (let i = 2; i < 10; i++) length = length * 256 + bytes[at + i]!;
      }
      const first = bytes[at]!, opcode = first & 0x0f;
      if (end - at < header + Math.min(length, peek)) {
        return this.#keep(id, bytes, at, end, messages);
      }
      at += header;
      if (opcode >= 8) this.#events.control(id, opcode);
      else if (peek > 0 && length >= peek) this.#events.payload?.(id, bytes, at);
      // A message ends with its frame that has FIN.
      const counts = opcode < 8 && (first & 0x80) !== 0 ? 1 : 0;
      if (end - at < length) {
        this.#skip[id] = length - (end - at);
        this.#counted[id] = counts;
        return messages;
      }
      at += length;
      messages += counts;
    }
    return messages;
  }

  #keep(id: number, bytes: Uint8Array, at: number, end: number, messages: number): number {
    for (let i = at; i < end; i++) this.#carry[id * CARRY + i - at] = bytes[i]!;
    this.#carried[id] = end - at;
    return messages;
  }
}

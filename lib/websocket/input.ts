/**
 * The read side's buffer: bytes come in at `end`, what is understood leaves at `start`.
 * It grows as bytes arrive, never because a peer announced them.
 * @module
 */
import { lendBuffer, returnBuffer } from "./pool.ts";

/** Buffer that a connection begins with, in bytes: most requests for a WebSocket fit. */
const FIRST = 1024;
/** Buffer of a quiet connection, in bytes. */
const QUIET = 256;
/** Largest buffer that is read into while no single frame needs more, in bytes. */
const BUSY = 64 * 1024;
/** Reads in a row that a quarter of the buffer would have held, before it is changed for a smaller one. */
const PATIENCE = 16;

/** The unread bytes of one connection, in one buffer with one 32-bit view. */
export class Input {
  /** The buffer; valid bytes are those from `start` to `end`. */
  bytes: Uint8Array<ArrayBuffer> = lendBuffer(FIRST);
  /** The same buffer as 32-bit words. */
  words: Int32Array = new Int32Array(this.bytes.buffer);
  /** Index of the first byte that was not consumed. */
  start = 0;
  /** Index after the last byte that has arrived. */
  end = 0;
  /** How many bytes from `start` on belong together, as far as is known; 0: not known. */
  wanted = 0;
  #smallReads = 0;

  /** How many bytes wait, in bytes. */
  get length(): number {
    return this.end - this.start;
  }

  /**
   * The space that the next read goes into: never empty, and the whole buffer where nothing waits.
   * Whatever was a view of the buffer before is not valid after.
   */
  space(): Uint8Array<ArrayBuffer> {
    if (this.start === this.end) {
      this.start = this.end = 0;
      if (this.#smallReads > PATIENCE || this.bytes.length > BUSY) {
        this.#shrink();
      }
      return this.bytes;
    }
    if (this.start > 0) {
      this.bytes.copyWithin(0, this.start, this.end);
      this.end -= this.start;
      this.start = 0;
    }
    if (this.end === this.bytes.length) this.#grow();
    return this.bytes.subarray(this.end);
  }

  /**
   * Says how much of {@linkcode space} was filled.
   * @param count Bytes that have arrived.
   */
  filled(count: number): void {
    const wasEmpty = this.end === 0;
    this.end += count;
    if (count * 4 > this.bytes.length) this.#smallReads = 0;
    else this.#smallReads++;
    // A full buffer says that more is waiting; it grows here, before it is looked at, since nothing else refers to it.
    if (
      wasEmpty && this.end === this.bytes.length && this.bytes.length < BUSY
    ) {
      this.#resize(this.bytes.length * 4);
    }
  }

  /**
   * Puts bytes behind those that wait.
   * @param bytes They are copied.
   */
  append(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      const space = this.space();
      const piece = bytes.subarray(at, at + space.length);
      space.set(piece);
      this.filled(piece.length);
      at += piece.length;
    }
  }

  /** Changes the buffer for the smallest, if nothing waits: a quiet time begins. No read into it may be under way. */
  rest(): void {
    if (this.start === this.end && this.bytes.length > QUIET) this.#resize(QUIET);
  }

  /**
   * Gives the buffer away, as it is, with a message that was consumed. What waits moves to another, so it should be less.
   * @returns The buffer, for {@linkcode returnBuffer}.
   */
  release(): Uint8Array<ArrayBuffer> {
    return this.#move(Math.max(this.length, BUSY));
  }

  /** Throws away what waits. */
  clear(): void {
    this.start = this.end = 0;
  }

  /** Gives the buffer back. To be called once, when no read into it is under way. */
  dispose(): void {
    returnBuffer(this.bytes);
    this.bytes = new Uint8Array(0);
    this.words = new Int32Array(0);
    this.start = this.end = 0;
  }

  #shrink(): void {
    this.#smallReads = 0;
    if (this.bytes.length > QUIET) {
      this.#resize(Math.min(this.bytes.length / 4, BUSY));
    }
  }

  /** Four times as large, but no larger than what is wanted. */
  #grow(): void {
    const size = this.bytes.length * 4;
    this.#resize(this.wanted > this.bytes.length ? Math.min(size, this.wanted) : size);
  }

  #resize(size: number): void {
    returnBuffer(this.#move(size));
  }

  /** Moves what waits to the beginning of another buffer. Returns the one it was in. */
  #move(size: number): Uint8Array<ArrayBuffer> {
    const old = this.bytes;
    this.bytes = lendBuffer(size);
    this.bytes.set(old.subarray(this.start, this.end));
    this.words = new Int32Array(this.bytes.buffer);
    this.end -= this.start;
    this.start = 0;
    return old;
  }
}

/**
 * The write side of one connection: what is sent gathers, one write is under way at a time, and what
 * gathered meanwhile leaves as the next one.
 * @module
 */
import { headerSize, writeHeader } from "../websocket/frame.ts";
import { lendBuffer, returnBuffer } from "../websocket/pool.ts";
import type { Clock } from "./clock.ts";

/** What is written to: a `Deno.Conn` is one. */
export interface Sink {
  /** Takes some of the bytes, perhaps not all, and says how many. */
  write(bytes: Uint8Array): Promise<number>;
}

/** Watches the bytes of one connection as they cross the wire. */
export interface WireTap {
  /**
   * Sees bytes that have arrived (`in`) or have been written (`out`).
   * @param bytes Valid until the call returns.
   */
  bytes(direction: "in" | "out", bytes: Uint8Array): void;
}

/** Above this, a gathering buffer is closed and another begun, and shared bytes are queued, not copied; in bytes. */
const LARGE = 16 * 1024;
/** Below this, a loop is quicker than `set`; in bytes. */
const SMALL = 24;

/** Outboxes with something to send at the end of this turn of the event loop. */
let waiting: Outbox[] = [];

function flushWaiting(): void {
  const outboxes = waiting;
  waiting = [];
  for (const outbox of outboxes) outbox.flush();
}

/** A part of the queue; `lent` where its buffer goes back to the pool once written. */
interface Segment {
  bytes: Uint8Array;
  lent: Uint8Array<ArrayBuffer> | undefined;
}

/** The bytes that one connection still has to send. */
export class Outbox {
  /** How many bytes were taken and not yet written, in bytes. */
  bufferedAmount = 0;
  /** When bytes last left, or began to wait, on the clock's time. */
  progressAt = 0;
  /** What ended the writing: the peer is gone, and what is sent after is dropped. */
  failure: unknown;
  /** Whoever watches this connection. */
  tap: WireTap | undefined;
  readonly #sink: Sink;
  readonly #clock: Clock;
  #queue: Segment[] = [];
  #buffer: Uint8Array<ArrayBuffer> | undefined;
  #used = 0;
  #writing = false;
  #marked = false;
  #waiter: { amount: number; resolve: () => void; promise: Promise<void> } | undefined;

  /**
   * @param sink Where the bytes go.
   * @param clock For `progressAt`.
   */
  constructor(sink: Sink, clock: Clock) {
    this.#sink = sink;
    this.#clock = clock;
  }

  /**
   * Takes one WebSocket frame; it leaves at the next {@linkcode flush}, or at the end of this turn.
   * @param first The first byte: FIN, reserved bits and opcode.
   * @param payload Copied.
   */
  frame(first: number, payload: Uint8Array): void {
    const length = payload.length;
    const size = headerSize(length) + length;
    const bytes = this.#room(size);
    if (bytes === undefined) return;
    let at = writeHeader(bytes, this.#used, first, length);
    if (length < SMALL) { for (let i = 0; i < length; i++) bytes[at++] = payload[i]!; }
    else bytes.set(payload, at);
    this.#used += size;
  }

  /**
   * Takes bytes as they are, a response or an encoded frame.
   * @param bytes Must not change any more: large ones are not copied.
   */
  bytes(bytes: Uint8Array): void {
    if (bytes.length < LARGE) {
      const room = this.#room(bytes.length);
      if (room === undefined) return;
      room.set(bytes, this.#used);
      this.#used += bytes.length;
    } else if (this.failure === undefined) {
      this.#seal();
      this.#queue.push({ bytes, lent: undefined });
      this.#taken(bytes.length);
    }
  }

  /** Begins to write what has gathered, unless a write is under way, which will be followed by it. */
  flush(): void {
    this.#marked = false;
    if (!this.#writing && this.bufferedAmount > 0) this.#write();
  }

  /** Drops what has not begun to be written. What is left ends with a whole frame. */
  discard(): void {
    for (const segment of this.#queue) this.#forget(segment);
    this.#queue = [];
    this.bufferedAmount -= this.#used;
    this.#used = 0;
  }

  /**
   * Resolves when no more than `amount` is left to send, or the peer is gone. Never rejects; one caller at a time.
   * @param amount In bytes.
   */
  drained(amount = 0): Promise<void> {
    this.flush();
    if (!this.#writing || this.bufferedAmount <= amount) return Promise.resolve();
    this.#waiter ??= { amount, ...Promise.withResolvers<void>() };
    this.#waiter.amount = Math.min(this.#waiter.amount, amount);
    return this.#waiter.promise;
  }

  /** Space for `size` more bytes from index `#used` on; `undefined` once writing failed. */
  #room(size: number): Uint8Array<ArrayBuffer> | undefined {
    if (this.failure !== undefined) return undefined;
    let buffer = this.#buffer;
    if (buffer === undefined) {
      buffer = this.#buffer = lendBuffer(size);
    } else if (this.#used + size > buffer.length) {
      if (this.#used > LARGE) {
        this.#seal();
        buffer = this.#buffer = lendBuffer(size);
      } else {
        const grown = lendBuffer(this.#used + size);
        grown.set(buffer.subarray(0, this.#used));
        returnBuffer(buffer);
        buffer = this.#buffer = grown;
      }
    }
    this.#taken(size);
    return buffer;
  }

  #taken(size: number): void {
    if (this.bufferedAmount === 0) this.progressAt = this.#clock.now;
    this.bufferedAmount += size;
    if (this.#marked || this.#writing) return;
    this.#marked = true;
    if (waiting.length === 0) queueMicrotask(flushWaiting);
    waiting.push(this);
  }

  /** Ends the gathering buffer, so that something else can follow it. */
  #seal(): void {
    if (this.#buffer === undefined) return;
    this.#queue.push({ bytes: this.#buffer.subarray(0, this.#used), lent: this.#buffer });
    this.#buffer = undefined;
    this.#used = 0;
  }

  #forget(segment: Segment): void {
    this.bufferedAmount -= segment.bytes.length;
    if (segment.lent !== undefined) returnBuffer(segment.lent);
  }

  /** The one writer. */
  async #write(): Promise<void> {
    this.#writing = true;
    try {
      while (this.bufferedAmount > 0) {
        if (this.#queue.length === 0) this.#seal();
        const { bytes, lent } = this.#queue.shift()!;
        // A write may take a part only: the rest follows before anything else.
        for (let at = 0; at < bytes.length;) {
          const count = await this.#sink.write(at === 0 ? bytes : bytes.subarray(at));
          this.tap?.bytes("out", bytes.subarray(at, at + count));
          at += count;
          this.bufferedAmount -= count;
          this.progressAt = this.#clock.now;
          if (this.#waiter !== undefined && this.bufferedAmount <= this.#waiter.amount) {
            this.#wake();
          }
        }
        if (lent !== undefined) returnBuffer(lent);
      }
    } catch (error) {
      this.failure = error;
      this.discard();
      this.bufferedAmount = 0;
    }
    this.#writing = false;
    this.#wake();
  }

  #wake(): void {
    this.#waiter?.resolve();
    this.#waiter = undefined;
  }
}

/**
 * The write side of one connection: what is sent gathers, one write is under way at a time, and what
 * gathered meanwhile leaves as the next one.
 * @module
 */
import { headerSize, writeHeader } from "../websocket/frame.ts";
import { lendBuffer, returnBuffer } from "../websocket/pool.ts";
import { Backlog } from "./backlog.ts";
import type { Clock } from "./clock.ts";
import { heldSegment, nothing, releaseSegment, type Segment, weightOf } from "./segment.ts";
import { flushLater } from "./turn.ts";

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

/** From here on bytes that need not be copied are not, and a gathering buffer is closed and another begun; in bytes. */
export const LARGE = 16 * 1024;
/** Below this, a loop is quicker than `set`; in bytes. */
const SMALL = 24;

/** Counts for nobody. */
export const unlimited: Backlog = new Backlog();
const encoder = new TextEncoder();

/** The bytes that one connection still has to send. */
export class Outbox {
  /** How many bytes were taken and not yet written, in bytes. */
  bufferedAmount = 0;
  /** How many have been written since somebody who counts them has set it back, in bytes. */
  written = 0;
  /** When bytes last left, or began to wait, on the clock's time. */
  progressAt = 0;
  /** What ended the writing: the peer is gone, and what is sent after is dropped. */
  failure: unknown;
  /** Whoever watches this connection. */
  tap: WireTap | undefined;
  readonly #sink: Sink;
  readonly #clock: Clock;
  readonly #backlog: Backlog;
  /** Shared bytes that nothing has joined yet: they can be written as they are. */
  #alone: Segment | undefined;
  #queue: Segment[] = [];
  #buffer: Uint8Array<ArrayBuffer> | undefined;
  #used = 0;
  /** How much gathered for the last write: the next buffer is of that size, so that it need not grow. */
  #usual = 0;
  #writing = false;
  /** What is being written, how much of it has been, and whether it is counted as held. */
  #current = nothing;
  #at = 0;
  #held = false;
  #marked = false;
  #waiter: { amount: number; resolve: () => void; promise: Promise<void> } | undefined;

  /**
   * @param sink Where the bytes go.
   * @param clock For `progressAt`.
   * @param backlog Counts what waits with that of others. Default: for nobody.
   */
  constructor(sink: Sink, clock: Clock, backlog: Backlog = unlimited) {
    this.#sink = sink;
    this.#clock = clock;
    this.#backlog = backlog;
  }

  /** What waits here alone, and its part of what waits elsewhere as well; in bytes. */
  get weight(): number {
    const queued = this.#queue.reduce((sum, segment) => sum + weightOf(segment), 0);
    const others = [this.#alone ?? nothing, this.#held ? this.#current : nothing];
    return others.reduce((sum, segment) => sum + weightOf(segment), this.#used + queued);
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
    if (this.failure !== undefined) return;
    if (this.#alone === undefined && this.#used === 0 && this.#queue.length === 0) {
      this.#alone = heldSegment(this.#backlog, bytes);
      this.#taken(bytes.length);
    } else if (bytes.length < LARGE) {
      const room = this.#room(bytes.length);
      room?.set(bytes, this.#used);
      this.#used += bytes.length;
    } else {
      this.#seal();
      this.#queue.push(heldSegment(this.#backlog, bytes));
      this.#taken(bytes.length);
    }
  }

  /**
   * Takes a text.
   * @param text One byte a character.
   */
  text(text: string): void {
    const bytes = this.#room(text.length);
    if (bytes === undefined) return;
    const from = this.#used, to = this.#used = from + text.length;
    // What is ASCII is the same in UTF-8, which is quicker; what is not does not fit.
    if (encoder.encodeInto(text, bytes.subarray(from, to)).read === text.length) return;
    for (let i = 0; i < text.length; i++) bytes[from + i] = text.charCodeAt(i);
  }

  /**
   * Takes bytes that are not copied, in a buffer of the pool that goes back there once they are written.
   * @param bytes Must not change any more.
   */
  lent(bytes: Uint8Array, buffer: Uint8Array<ArrayBuffer>): void {
    if (this.failure !== undefined) return;
    this.#seal();
    this.#queue.push({ bytes, lent: buffer, share: undefined });
    this.#backlog.own(bytes.length);
    this.#taken(bytes.length);
  }

  /** What is taken next waits for {@linkcode flush}, which is to follow in this turn: nobody else need call it then. */
  cork(): void {
    this.#marked = true;
  }

  /** Begins to write what has gathered, unless a write is under way, which will be followed by it. */
  flush(): void {
    this.#marked = false;
    if (!this.#writing && this.bufferedAmount > 0) this.#next();
  }

  /** Drops what has not begun to be written. What is left ends with a whole frame. */
  discard(): void {
    // Their buffers are left to the garbage collector: a handler may be looking at a message in one.
    for (const segment of this.#alone === undefined ? this.#queue : [this.#alone]) {
      this.bufferedAmount -= segment.bytes.length;
      releaseSegment(this.#backlog, segment);
    }
    this.#queue = [];
    this.bufferedAmount -= this.#used;
    if (this.#buffer !== undefined) returnBuffer(this.#buffer);
    this.#backlog.own(-this.#used);
    this.#buffer = undefined;
    this.#used = 0;
    this.#alone = undefined;
  }

  /** Drops everything, as the connection is closed: also what is being written, whose write fails in a moment. */
  abandon(): void {
    this.discard();
    this.#uncount();
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
    const alone = this.#alone;
    if (alone !== undefined) this.#join(alone, size);
    let buffer = this.#buffer;
    if (buffer === undefined) {
      buffer = this.#buffer = lendBuffer(Math.max(size, this.#usual));
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
    this.#backlog.own(size);
    this.#taken(size);
    return buffer;
  }

  /** Makes room for `size` bytes behind shared ones that were alone. */
  #join(alone: Segment, size: number): void {
    const { bytes } = alone;
    this.#alone = undefined;
    if (bytes.length < LARGE) {
      this.#buffer ??= lendBuffer(bytes.length + size);
      this.#buffer.set(bytes);
      this.#used = bytes.length;
      this.#backlog.own(bytes.length);
      releaseSegment(this.#backlog, alone);
    } else {
      this.#queue.push(alone);
    }
  }

  #taken(size: number): void {
    if (this.bufferedAmount === 0) this.progressAt = this.#clock.now;
    this.bufferedAmount += size;
    if (!this.#marked && !this.#writing) this.#wait();
  }

  /** Has itself flushed, after those that wait already. */
  #wait(): void {
    this.#marked = true;
    flushLater(this);
  }

  /** Ends the gathering buffer, so that something else can follow it. */
  #seal(): void {
    if (this.#alone !== undefined) this.#join(this.#alone, 0);
    if (this.#buffer === undefined || this.#used === 0) return;
    this.#queue.push(this.#gathered(this.#buffer));
    this.#buffer = undefined;
    this.#used = 0;
  }

  #gathered(buffer: Uint8Array<ArrayBuffer>): Segment {
    return { bytes: buffer.subarray(0, this.#used), lent: buffer, share: undefined };
  }

  /** Writes what is first; the one writer. */
  #next(): void {
    this.#writing = true;
    this.#at = 0;
    if (this.#queue.length > 0) {
      this.#current = this.#queue.shift()!;
    } else if (this.#alone !== undefined) {
      this.#current = this.#alone;
      this.#alone = undefined;
    } else {
      this.#current = this.#gathered(this.#buffer!);
      this.#usual = this.#used;
      this.#buffer = undefined;
      this.#used = 0;
    }
    this.#held = true;
    this.#sink.write(this.#current.bytes).then(this.#written, this.#broke);
  }

  /** A write took some of the bytes: the rest follows before anything else. */
  readonly #written = (count: number): void => {
    const { bytes } = this.#current;
    this.tap?.bytes("out", bytes.subarray(this.#at, this.#at + count));
    this.#at += count;
    this.bufferedAmount -= count;
    this.written += count;
    this.progressAt = this.#clock.now;
    if (this.#waiter !== undefined && this.bufferedAmount <= this.#waiter.amount) this.#wake();
    if (this.#at < bytes.length) {
      this.#sink.write(bytes.subarray(this.#at)).then(this.#written, this.#broke);
      return;
    }
    this.#end();
    if (this.bufferedAmount > 0) this.#wait();
  };

  /** Writing failed: nobody will ever read what is left. */
  readonly #broke = (error: unknown): void => {
    this.failure = error;
    this.#end();
    this.discard();
    this.bufferedAmount = 0;
    this.#wake();
  };

  /** Lets go of what was written. */
  #end(): void {
    if (this.#current.lent !== undefined) returnBuffer(this.#current.lent);
    this.#uncount();
    this.#current = nothing;
    this.#writing = false;
  }

  #uncount(): void {
    if (this.#held) releaseSegment(this.#backlog, this.#current);
    this.#held = false;
  }

  #wake(): void {
    this.#waiter?.resolve();
    this.#waiter = undefined;
  }
}

/**
 * permessage-deflate (RFC 7692): what is agreed on, and whole messages in and out.
 * @module
 */
import { constants, deflateRawSync } from "node:zlib";
import {
  Z_BUF_ERROR,
  Z_OK,
  Z_STREAM_END,
  Z_SYNC_FLUSH,
  zlibDeflate,
  zlibDeflateInit2,
  zlibInflate,
  zlibInflateInit2,
  zlibInflateReset,
  zlibInflateResetKeep,
  ZStream,
} from "pako";
import { CloseCode, ProtocolError } from "./close.ts";
import type { DeflateParameters } from "./negotiate.ts";
import { lendBuffer, returnBuffer } from "./pool.ts";

/** RFC 7692, 7.2.1: what a flush ends with; it is not sent, and put back before inflating. */
const TAIL = new Uint8Array([0x00, 0x00, 0xff, 0xff]);
/** RFC 7692, 7.2.3.6: an empty message, an empty stored block less the tail. */
const EMPTY = new Uint8Array([0x00]);
/** What one step takes in or gives out at most, in bytes: a fraction of a millisecond's work. */
export const STEP: number = 64 * 1024;
/** Above this, speed matters more than the last few per cent of size; in bytes. */
const FAST = 64 * 1024;
/** Above this a message is not compressed at all, since nothing else is served meanwhile; in bytes. */
export const MAX_DEFLATED: number = 1 << 20;

/**
 * Compresses one message by itself (RFC 7692, 7.2.1), as everybody's without context takeover is.
 * @param payload At most {@linkcode MAX_DEFLATED} bytes; more would hold up everything else.
 * @param windowBits 9 to 15.
 * @returns The payload of a frame with RSV1 set.
 */
export function deflate(payload: Uint8Array, windowBits = 15): Uint8Array {
  if (payload.length === 0) return EMPTY;
  const level = payload.length > FAST ? 1 : 6;
  const out = deflateRawSync(payload, { finishFlush: constants.Z_SYNC_FLUSH, windowBits, level });
  return out.subarray(0, -TAIL.length);
}

/** Compresses the messages of one connection, each with the help of those before it (context takeover). */
export class Deflater {
  readonly #stream = new ZStream();

  /** @param windowBits 9 to 15. */
  constructor(windowBits: number) {
    zlibDeflateInit2(this.#stream, 6, 8, -windowBits, 8, 0);
  }

  /**
   * Compresses the next message (RFC 7692, 7.2.1). The peer must get them all, in this order.
   * @returns The payload of a frame with RSV1 set.
   */
  deflate(payload: Uint8Array): Uint8Array {
    // A second flush with nothing between is none.
    if (payload.length === 0) return EMPTY;
    const stream = this.#stream;
    stream.input = payload;
    stream.next_in = 0;
    stream.avail_in = payload.length;
    // Incompressible data grows by 5 bytes for each stored block; the flush adds a few.
    let output = new Uint8Array(payload.length + (payload.length >> 8) + 64);
    stream.next_out = 0;
    do {
      if (stream.next_out === output.length) {
        const grown = new Uint8Array(output.length * 2);
        grown.set(output);
        output = grown;
      }
      stream.output = output;
      stream.avail_out = output.length - stream.next_out;
      zlibDeflate(stream, Z_SYNC_FLUSH);
    } while (stream.avail_out === 0);
    const end = stream.next_out - TAIL.length;
    stream.output = stream.input = TAIL;
    return output.subarray(0, end);
  }
}

/** Inflates messages in steps, so that a large one does not hold up other connections. */
export class Inflater {
  readonly #stream = new ZStream();
  readonly #keep: boolean;
  #payload: Uint8Array = TAIL;
  /** Where in the payload, or behind it in the tail, the next byte is. */
  #at = 0;
  #limit = 0;
  #output: Uint8Array<ArrayBuffer> | undefined;
  #size = 0;

  /**
   * @param keep Whether the context of one message is there for the next.
   * @param windowBits 8 to 15: what such a context costs.
   */
  constructor(keep: boolean, windowBits = 15) {
    this.#keep = keep;
    zlibInflateInit2(this.#stream, -windowBits);
  }

  /**
   * Begins a message.
   * @param payload Compressed; valid until the message is done.
   * @param limit Largest message, in bytes.
   */
  begin(payload: Uint8Array, limit: number): void {
    if (!this.#keep) zlibInflateReset(this.#stream);
    this.#payload = payload;
    this.#limit = limit;
    this.#at = this.#size = 0;
    this.#output = lendBuffer(STEP);
  }

  /** What is inflated so far; valid until the next step. */
  get message(): Uint8Array {
    return this.#output!.subarray(0, this.#size);
  }

  /** How much was taken in and given out so far, in bytes. */
  get worked(): number {
    return this.#at + this.#size;
  }

  /**
   * Inflates some more: at most 64 KiB in and out.
   * @returns Whether the message is done.
   * @throws {ProtocolError} 1007 if it does not inflate, 1009 as soon as it passes the limit.
   */
  step(): boolean {
    const before = this.#at, end = this.#payload.length;
    // 7.2.3.6: an empty message is one byte. Clients that send what zlib flushes, Mojolicious for one, send none where
    // the message before was empty, too.
    if (end === 0) return true;
    if (this.#inflate()) return true;
    // The tail is so little that it goes with the last of the payload.
    return before < end && this.#at === end && this.#stream.avail_out > 0 && this.#inflate();
  }

  /** Inflates some of the payload, or the tail. Returns whether the message is done. */
  #inflate(): boolean {
    const stream = this.#stream, payload = this.#payload;
    const inTail = this.#at >= payload.length;
    stream.input = inTail ? TAIL : payload;
    stream.next_in = inTail ? this.#at - payload.length : this.#at;
    stream.avail_in = Math.min(STEP, stream.input.length - stream.next_in);
    stream.output = this.#space();
    stream.next_out = this.#size;
    stream.avail_out = Math.min(STEP, this.#output!.length - this.#size);
    const outcome = zlibInflate(stream, Z_SYNC_FLUSH);
    this.#size = stream.next_out;
    this.#at = stream.next_in + (inTail ? payload.length : 0);
    // Z_BUF_ERROR says only that there was nothing left to do.
    if (outcome !== Z_OK && outcome !== Z_STREAM_END && outcome !== Z_BUF_ERROR) {
      corrupt(stream.msg);
    }
    if (this.#size > this.#limit) throw new ProtocolError(CloseCode.TooBig, "message is too big");
    if (outcome === Z_STREAM_END) {
      // 7.2.3.4: a block with BFINAL ends the stream, not the message: another stream, with the same window, may follow.
      zlibInflateResetKeep(stream);
      // That block may be the empty one whose end, the tail, was not sent.
      if (this.#at === payload.length || this.#at === payload.length + TAIL.length) return true;
    } else if (this.#at === payload.length + TAIL.length && stream.avail_out > 0) {
      // A stream that was cut short swallows the tail as data, and is not at the end of a block.
      if ((stream.data_type & 0xff) !== 128) corrupt("ends within a block");
      return true;
    }
    return false;
  }

  /** Gives back the message's memory. */
  end(): void {
    if (this.#output !== undefined) returnBuffer(this.#output);
    this.#output = undefined;
    this.#payload = this.#stream.input = this.#stream.output = TAIL;
  }

  /** Room for one more byte at least. */
  #space(): Uint8Array<ArrayBuffer> {
    const old = this.#output!;
    if (this.#size < old.length) return old;
    // Twice as much each time, or copying would cost the square of the message.
    const grown = lendBuffer(Math.min(old.length * 2, this.#limit + 1));
    grown.set(old);
    returnBuffer(old);
    return this.#output = grown;
  }
}

function corrupt(why: string): never {
  throw new ProtocolError(CloseCode.InvalidData, `message does not inflate: ${why}`);
}

/** Inflaters without context, which any connection may use for one message. */
const idle: Inflater[] = [];
const MOST_IDLE = 8;

/** Compression on one connection. Until it sends or receives a message with context it holds nothing. */
export class PermessageDeflate {
  /** What was agreed on. */
  readonly parameters: DeflateParameters;
  /** Smallest message that is compressed, in bytes. */
  readonly threshold: number;
  #deflater: Deflater | undefined;
  #inflater: Inflater | undefined;

  /**
   * @param parameters What was agreed on.
   * @param threshold Smallest message that is compressed, in bytes.
   */
  constructor(parameters: DeflateParameters, threshold: number) {
    this.parameters = parameters;
    this.threshold = threshold;
  }

  /**
   * Compresses a message.
   * @param wanted Whether it is to be. Default: if it is not below the threshold.
   * @returns `undefined` where it is better sent as it is.
   */
  deflate(
    payload: Uint8Array,
    wanted: boolean = payload.length >= this.threshold,
  ): Uint8Array | undefined {
    if (!wanted || payload.length > MAX_DEFLATED) return undefined;
    const { serverNoContextTakeover, serverMaxWindowBits } = this.parameters;
    if (!serverNoContextTakeover) {
      // What went into the context must go out.
      return (this.#deflater ??= new Deflater(serverMaxWindowBits)).deflate(payload);
    }
    const deflated = deflate(payload, serverMaxWindowBits);
    return deflated.length < payload.length ? deflated : undefined;
  }

  /** Something to inflate the next message with. */
  takeInflater(): Inflater {
    const { clientNoContextTakeover, clientMaxWindowBits } = this.parameters;
    if (!clientNoContextTakeover) return this.#inflater ??= new Inflater(true, clientMaxWindowBits);
    return idle.pop() ?? new Inflater(false);
  }

  /** Gives it back, whether or not its message was done. */
  returnInflater(inflater: Inflater): void {
    inflater.end();
    if (inflater !== this.#inflater && idle.length < MOST_IDLE) idle.push(inflater);
  }
}

/**
 * Request bodies (RFC 9112, 6 and 7): by length or chunked, with a limit that holds while they arrive.
 * @module
 */
import { HttpError } from "./error.ts";
import { type Head, MAX_HEAD, MAX_LINE } from "./head.ts";

/** How a body's end is found: its length in bytes, or `"chunked"`. */
export type Framing = number | "chunked";

/**
 * How a request's body is framed (RFC 9112, 6.3).
 * @returns `undefined` where the request says nothing, and so has none.
 * @throws {HttpError} 400 if it says it twice, in two ways or in a way that is not understood.
 */
export function bodyFraming(head: Head): Framing | undefined {
  const coding = head.headers.get("transfer-encoding");
  const length = head.headers.get("content-length");
  if (coding !== undefined) {
    // 6.1: a message with both "ought to be handled as an error"; 1.0 knows no transfer coding.
    if (length !== undefined || head.minor === 0) {
      throw new HttpError(400, "Transfer-Encoding does not belong here");
    }
    if (coding.toLowerCase() !== "chunked") {
      throw new HttpError(
        400,
        "only the transfer coding chunked is understood",
      );
    }
    return "chunked";
  }
  if (length === undefined) return undefined;
  // RFC 9110, 8.6: one decimal number; 6.3: "If a message is received without Transfer-Encoding and with an
  // invalid Content-Length header field, then the message framing is invalid".
  if (!/^\d{1,15}$/.test(length)) {
    throw new HttpError(400, "Content-Length is not a number of bytes");
  }
  return Number(length);
}

const CR = 13, LF = 10;
/** 7.1 and 7.1.1: a size in hexadecimal, then extensions, which are not used. */
const chunkLine =
  /^([0-9A-Fa-f]{1,12})((?:[ \t]*;[ \t]*[!#$%&'*+.^_`|~0-9A-Za-z-]+(?:[ \t]*=[ \t]*(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+|"(?:[\t !#-\[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*"))?)*)$/;
/** 7.1.2: a trailer field; it is dropped. */
const trailerLine = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t -~\x80-\xff]*$/;

/** What chunks of a body without a limit may say besides their data, each, in bytes. */
const CHUNK_COST = 16;

/** Finds one body in bytes that arrive in any pieces. */
export class BodyDecoder {
  /** Whether the whole body has been read. */
  done: boolean;
  /** Payload bytes that the present chunk, or the body, still lacks. */
  missing: number;
  readonly #limit: number;
  readonly #chunked: boolean;
  readonly #take: (piece: Uint8Array) => void;
  #line = "";
  /** Whether the byte before was the CR that ends the line. */
  #ended = false;
  #part: "size" | "data" | "data end" | "trailer";
  #overhead = 0;
  /** What sizes, extensions and trailers may come to, in bytes. */
  #allowed = MAX_HEAD;
  #size = 0;

  /**
   * @param framing What {@linkcode bodyFraming} said.
   * @param limit Largest body, in bytes; `Infinity` for none.
   * @param take Gets each piece of the body, which is valid until it returns.
   * @throws {HttpError} 413 if its length is over the limit.
   */
  constructor(framing: Framing, limit: number, take: (piece: Uint8Array) => void) {
    this.#limit = limit;
    this.#take = take;
    this.#chunked = framing === "chunked";
    this.missing = framing === "chunked" ? 0 : framing;
    this.#part = framing === "chunked" ? "size" : "data";
    this.done = framing === 0;
    if (this.missing > limit) throw tooBig(limit);
  }

  /**
   * Takes what has arrived.
   * @param bytes Where it is.
   * @param start Index of its first byte.
   * @param end Index after its last.
   * @returns Index after the last byte taken: behind the body, if it is `done`.
   * @throws {HttpError} 400 if a chunk is malformed, 413 if the body passes the limit.
   */
  read(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    while (at < end && !this.done) {
      if (this.#part === "data") {
        const count = Math.min(this.missing, end - at);
        this.#take(bytes.subarray(at, at + count));
        this.#size += count;
        // Sizes, extensions and trailers together are bounded like a head, with room for one byte per two bytes of data.
        this.#allowed += count / 2;
        at += count;
        this.missing -= count;
        if (this.missing === 0) this.#dataEnd();
      } else {
        this.#character(bytes[at++]!);
      }
    }
    return at;
  }

  #dataEnd(): void {
    if (this.#chunked) this.#part = "data end";
    else this.done = true;
  }

  /** A byte of the chunked coding itself: gathered to a line, which ends with CR LF. */
  #character(byte: number): void {
    if (byte === LF && this.#ended) {
      const line = this.#line;
      this.#line = "";
      this.#ended = false;
      this.#chunkLine(line);
      return;
    }
    if (byte === LF || this.#ended || byte < 32 && byte !== CR && byte !== 9 || byte === 127) {
      throw malformed();
    }
    if (this.#part === "data end" && byte !== CR) throw malformed();
    if (++this.#overhead > this.#allowed) throw malformed();
    if (byte === CR) this.#ended = true;
    else if (this.#line.length < MAX_LINE) this.#line += String.fromCharCode(byte);
    else throw malformed();
  }

  #chunkLine(line: string): void {
    if (this.#part === "data end") {
      this.#part = "size";
    } else if (this.#part === "trailer") {
      if (line === "") this.done = true;
      else if (!trailerLine.test(line)) throw malformed();
    } else {
      const match = chunkLine.exec(line);
      if (match === null) throw malformed();
      this.missing = Number.parseInt(match[1]!, 16);
      if (this.#size + this.missing > this.#limit) throw tooBig(this.#limit);
      this.#part = this.missing === 0 ? "trailer" : "data";
      // A stream of small chunks may go on for ever; what is to be collected may not be so dear.
      if (this.#limit === Infinity) this.#allowed += CHUNK_COST;
    }
  }
}

/** Collects one body from bytes that arrive in any pieces. */
export class BodyReader {
  readonly #limit: number;
  readonly #decoder: BodyDecoder;
  readonly #chunked: boolean;
  #bytes: Uint8Array<ArrayBuffer>;
  #size = 0;

  /**
   * @param framing What {@linkcode bodyFraming} said.
   * @param limit Largest body, in bytes.
   * @throws {HttpError} 413 if its length is over the limit.
   */
  constructor(framing: Framing, limit: number) {
    this.#limit = limit;
    this.#chunked = framing === "chunked";
    this.#decoder = new BodyDecoder(framing, limit, (piece) => this.#collect(piece));
    // An announced length is believed up to 64 KiB; what is longer grows as it arrives.
    this.#bytes = new Uint8Array(Math.min(this.#decoder.missing, 64 * 1024));
  }

  /** Whether the whole body has been read. */
  get done(): boolean {
    return this.#decoder.done;
  }

  /** The body, once `done`. */
  get body(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#size);
  }

  /**
   * Takes what has arrived, as {@linkcode BodyDecoder.read} does.
   * @throws {HttpError} 400 if a chunk is malformed, 413 if the body passes the limit.
   */
  read(bytes: Uint8Array, start: number, end: number): number {
    return this.#decoder.read(bytes, start, end);
  }

  #collect(piece: Uint8Array): void {
    const size = this.#size + piece.length;
    if (size > this.#bytes.length) {
      // Few steps, and none beyond what will come: each leaves a buffer behind.
      const whole = this.#chunked ? this.#limit : this.#size + this.#decoder.missing;
      const grown = new Uint8Array(Math.max(size, Math.min(whole, this.#bytes.length * 4)));
      grown.set(this.body);
      this.#bytes = grown;
    }
    this.#bytes.set(piece, this.#size);
    this.#size = size;
  }
}

function malformed(): HttpError {
  return new HttpError(400, "chunked body is malformed");
}

function tooBig(limit: number): HttpError {
  return new HttpError(413, `body is over ${limit} bytes`);
}

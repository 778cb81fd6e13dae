/**
 * The body of a request, read when somebody wants it, skipped where nobody does.
 * @module
 */
import { BodyDecoder, BodyReader, type Framing } from "../http/body.ts";
import { HttpError } from "../http/error.ts";
import type { Head } from "../http/head.ts";
import { encodeHead } from "../http/response.ts";
import type { ConnectionSettings } from "./settings.ts";
import type { Transport } from "./transport.ts";
import { begun } from "./turn.ts";

/** Largest body that is read and thrown away to keep a connection, in bytes. */
const SKIPPABLE = 64 * 1024;

const nothing = new Uint8Array(0);

/** Gives reading the time that it may take. */
type InTime = <T>(reading: Promise<T>) => Promise<T>;

/** The body of one request. */
export class RequestBody {
  /** Whether there is one; one of no bytes is none. */
  readonly some: boolean;
  /** Whether more of it is being waited for. */
  reading = false;
  readonly #framing: Framing;
  readonly #transport: Transport;
  readonly #limit: number;
  readonly #expected: boolean;
  readonly #inTime: InTime;
  #body: Promise<Uint8Array<ArrayBuffer>> | undefined;
  #taken = false;
  #asked = false;
  /** Finds the parts of a body that is read as it comes. */
  #decoder: BodyDecoder | undefined;
  /** The part that is waited for. */
  #next: Promise<Uint8Array<ArrayBuffer> | undefined> | undefined;
  /** Why there are no more parts. */
  #failure: Error | undefined;
  /** Whether nobody is to read any more of it. */
  #over = false;
  #answered = false;
  /** What a part is gathered in, and how much of it there is. */
  #bytes = nothing;
  #size = 0;

  /**
   * @param framing Its length, if the head says that there is one.
   * @param head The request's.
   * @param transport Where it comes from.
   * @param settings Limits.
   * @param inTime Gives reading the time that it may take.
   * @throws {HttpError} 417 for an expectation that is not known.
   */
  constructor(
    framing: Framing | undefined,
    head: Head,
    transport: Transport,
    settings: ConnectionSettings,
    inTime: InTime,
  ) {
    this.#framing = framing ?? 0;
    this.some = this.#framing !== 0;
    this.#transport = transport;
    this.#limit = settings.maxMessage;
    this.#inTime = inTime;
    // RFC 9110, 10.1.1: an expectation is of HTTP/1.1; one that is not known is 417.
    const expect = head.minor === 1 ? head.headers.get("expect") : undefined;
    if (expect !== undefined && expect.toLowerCase() !== "100-continue") {
      throw new HttpError(417, "only 100-continue can be expected");
    }
    this.#expected = expect !== undefined;
  }

  /**
   * Reads it all, once.
   * @param limit Largest body, in bytes; by default a message's.
   * @throws {HttpError} 400 or 413.
   */
  read(limit: number = this.#limit): Promise<Uint8Array<ArrayBuffer>> {
    return this.#body ??= this.#all(limit);
  }

  /** All of it, where it has come with its head; it is taken then. */
  here(): Uint8Array<ArrayBuffer> | undefined {
    const { input } = this.#transport, size = this.#framing;
    if (size === "chunked" || size > input.length || this.begun) return undefined;
    const from = input.start;
    input.start += size;
    this.#taken = true;
    return input.bytes.slice(from, input.start);
  }

  /**
   * Reads what comes next of it, however much: as fast as it is asked for, with no limit, and each time as long as a body
   * may take. One call at a time.
   * @returns `undefined` at the end.
   * @throws {HttpError} 400 if it is malformed or ends early.
   */
  next(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    if (this.#over || this.#failure !== undefined) return Promise.reject(this.#why());
    const next = this.#next = this.#part();
    next.then(() => this.#next = undefined, (error) => this.#failure = error);
    return next;
  }

  /** Whether some of it has been read as it comes, and not all. */
  get open(): boolean {
    return this.#decoder?.done === false && this.#failure === undefined;
  }

  /** Whether the next request is behind this one's body already. */
  get skipped(): boolean {
    return this.#taken || this.#framing === 0 || this.#decoder?.done === true;
  }

  /** Whether somebody has had some of it, or was asked to. */
  get begun(): boolean {
    const read = this.#taken || this.#body !== undefined || this.#decoder !== undefined;
    return read || this.#over || this.#failure !== undefined;
  }

  /** Sees to it that it is. Returns whether it could. */
  async skip(): Promise<boolean> {
    // Where reading failed, nobody knows where the next request begins.
    if (this.#body !== undefined) return await this.#body.then(() => true, () => false);
    if (this.#failure !== undefined) return false;
    this.#over = true;
    // A client that waits to be asked for the body was not: whether it sends it now, nobody can know.
    if (this.#expected || this.#framing === "chunked" || this.#framing > SKIPPABLE) return false;
    await this.#inTime(this.#read(SKIPPABLE));
    return true;
  }

  /** Nobody is asked for the body any more: the answer is on its way. */
  answered(): void {
    this.#answered = true;
  }

  /**
   * Lets what is read as it comes be read to its end, also behind the answer; what nobody reads on is skipped.
   * @returns Whether another request can follow.
   */
  async finish(): Promise<boolean> {
    try {
      while (this.#next !== undefined) {
        await this.#next;
        // Whoever reads on does so by then.
        await begun();
      }
    } catch {
      return false;
    }
    if (this.skipped) return true;
    const decoder = this.#decoder;
    if (decoder === undefined) return await this.skip();
    this.#over = true;
    if (this.#framing === "chunked" || decoder.missing > SKIPPABLE) return false;
    while (!decoder.done) await this.#some(decoder);
    return true;
  }

  /** Nobody reads any more of it. What is being read is to be waited for. */
  end(): Promise<unknown> | undefined {
    this.#over = true;
    return this.#next?.catch(() => {});
  }

  #why(): Error {
    return this.#failure ?? new TypeError("the request is over");
  }

  #all(limit: number): Promise<Uint8Array<ArrayBuffer>> {
    if (this.#over || this.#failure !== undefined) return Promise.reject(this.#why());
    // What is there now is another request's.
    if (this.begun) return Promise.reject(new TypeError("the body has been read already"));
    // It has come together with its head, as most do.
    const here = typeof this.#framing === "number" && this.#framing <= limit && this.here();
    return here ? Promise.resolve(here) : this.#inTime(this.#read(limit));
  }

  /** What comes next. */
  async #part(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const decoder = this.#decoder ??= new BodyDecoder(
      this.#framing,
      Infinity,
      (piece) => this.#collect(piece),
    );
    while (!decoder.done) {
      await this.#some(decoder);
      if (this.#size === 0) continue;
      const part = this.#bytes.subarray(0, this.#size);
      this.#size = 0;
      return part;
    }
    return undefined;
  }

  /** Reads some of it: what has arrived, or what does next. */
  async #some(decoder: BodyDecoder): Promise<void> {
    const { input } = this.#transport;
    if (input.length === 0) {
      this.#ask();
      await this.#inTime(this.#arrived());
    }
    this.#bytes = new Uint8Array(input.length);
    this.#size = 0;
    input.start = decoder.read(input.bytes, input.start, input.end);
  }

  #collect(piece: Uint8Array): void {
    this.#bytes.set(piece, this.#size);
    this.#size += piece.length;
  }

  async #arrived(): Promise<void> {
    this.reading = true;
    const count = await this.#transport.read().finally(() => this.reading = false);
    if (count === 0) throw new HttpError(400, "the body ended early");
  }

  /** Asks for it where the client waits for that. RFC 9110, 10.1.1: not where it, or some of it, is there already. */
  #ask(): void {
    const { input, outbox } = this.#transport;
    if (!this.#expected || this.#asked || this.#answered || input.length > 0) return;
    this.#asked = true;
    outbox.text(encodeHead(100, []));
    outbox.flush();
  }

  async #read(limit: number): Promise<Uint8Array<ArrayBuffer>> {
    const { input } = this.#transport;
    const reader = new BodyReader(this.#framing, limit);
    if (!reader.done) this.#ask();
    for (;;) {
      input.start = reader.read(input.bytes, input.start, input.end);
      if (reader.done) return reader.body;
      await this.#arrived();
    }
  }
}

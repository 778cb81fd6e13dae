/**
 * The body of a request, read when somebody wants it, skipped where nobody does.
 * @module
 */
import { BodyReader, type Framing } from "../http/body.ts";
import { HttpError } from "../http/error.ts";
import type { Head } from "../http/head.ts";
import { encodeHead } from "../http/response.ts";
import type { ConnectionSettings } from "./settings.ts";
import type { Transport } from "./transport.ts";

/** Largest body that is read and thrown away to keep a connection, in bytes. */
const SKIPPABLE = 64 * 1024;

/** Gives reading the time that it may take. */
type InTime = <T>(reading: Promise<T>) => Promise<T>;

/** The body of one request. */
export class RequestBody {
  /** Whether there is one; one of no bytes is none. */
  readonly some: boolean;
  readonly #framing: Framing;
  readonly #transport: Transport;
  readonly #limit: number;
  readonly #expected: boolean;
  readonly #inTime: InTime;
  #body: Promise<Uint8Array<ArrayBuffer>> | undefined;
  #taken = false;

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
    return this.#body ??= this.#here(limit) ?? this.#inTime(this.#read(limit));
  }

  /** Whether the next request is behind this one's body already. */
  get skipped(): boolean {
    return this.#taken || this.#framing === 0;
  }

  /** Sees to it that it is. Returns whether it could. */
  async skip(): Promise<boolean> {
    // Where reading failed, nobody knows where the next request begins.
    if (this.#body !== undefined) return await this.#body.then(() => true, () => false);
    // A client that waits to be asked for the body was not: whether it sends it now, nobody can know.
    if (this.#expected || this.#framing === "chunked" || this.#framing > SKIPPABLE) return false;
    await this.#inTime(this.#read(SKIPPABLE));
    return true;
  }

  /** The body, where it has come together with its head, as most do. */
  #here(limit: number): Promise<Uint8Array<ArrayBuffer>> | undefined {
    const { input } = this.#transport, size = this.#framing;
    if (size === "chunked" || size > limit || size > input.length) return undefined;
    const from = input.start;
    input.start += size;
    this.#taken = true;
    return Promise.resolve(input.bytes.slice(from, input.start));
  }

  async #read(limit: number): Promise<Uint8Array<ArrayBuffer>> {
    const { input, outbox } = this.#transport;
    const reader = new BodyReader(this.#framing, limit);
    // RFC 9110, 10.1.1: no 100 is needed where the body, or some of it, is there already.
    if (this.#expected && !reader.done && input.length === 0) {
      outbox.text(encodeHead(100, []));
      outbox.flush();
    }
    for (;;) {
      input.start = reader.read(input.bytes, input.start, input.end);
      if (reader.done) return reader.body;
      if (await this.#transport.read() === 0) {
        throw new HttpError(400, "the body ended early");
      }
    }
  }
}

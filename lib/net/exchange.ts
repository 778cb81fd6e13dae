/**
 * One request and what becomes of it: its body as it comes, and whether somebody still waits for the answer.
 * @module
 */
import type { Head } from "../http/head.ts";
import type { Request } from "./answer.ts";
import type { RequestBody } from "./request_body.ts";
import { isGone, type Peer, type Transport } from "./transport.ts";

/** What may have come of further requests while one is being answered, in bytes: beyond it nothing is read. */
const READ_AHEAD = 16 * 1024;

/** Told that nobody waits for the answer any more: the peer has ended its side (`false`), or the connection is gone. */
export type Lost = (gone: boolean) => void;

/** A request whose body can be read as it comes, and whose client can be watched. */
export class Exchange implements Request {
  /** @inheritDoc */
  method: string;
  /** @inheritDoc */
  target: string;
  /** @inheritDoc */
  minor: 0 | 1;
  /** @inheritDoc */
  headers: Map<string, string>;
  /** @inheritDoc */
  keepAlive: boolean;
  /** @inheritDoc */
  peer: Peer;
  /** Who asks; behind a proxy that is believed, who is behind it. */
  client: Peer;
  /** @inheritDoc */
  secure: boolean;
  /** @inheritDoc */
  hasBody: boolean;
  readonly #body: RequestBody;
  readonly #transport: Transport;
  #watchers: Lost[] | undefined;
  /** Whether a read is under way that waits for whatever comes. */
  #reading = false;
  #over = false;
  #ended = false;
  /** Whether the connection was gone before it was answered. */
  gone = false;

  /**
   * @param head Its head.
   * @param body Its body.
   * @param transport Where it came from.
   */
  constructor(head: Head, body: RequestBody, transport: Transport) {
    this.method = head.method;
    this.target = head.target;
    this.minor = head.minor;
    this.headers = head.headers;
    this.keepAlive = head.keepAlive;
    this.peer = transport.peer;
    this.client = transport.client;
    this.secure = transport.secure;
    this.hasBody = body.some;
    this.#body = body;
    this.#transport = transport;
  }

  /** @inheritDoc */
  body(limit?: number): Promise<Uint8Array<ArrayBuffer>> {
    return this.#body.read(limit);
  }

  /** Whether somebody has had some of the body, or was asked to. */
  get begun(): boolean {
    return this.#body.begun;
  }

  /** The body, where all of it has come with the head; it is taken then. */
  here(): Uint8Array<ArrayBuffer> | undefined {
    return this.#body.here();
  }

  /**
   * Reads what comes next of the body; `undefined` at its end. One call at a time.
   * @throws {HttpError} 400 if it is malformed or ends early.
   */
  async next(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    try {
      return await this.#body.next();
    } catch (error) {
      if (isGone(error)) this.#lost(true);
      throw error;
    } finally {
      this.#look();
    }
  }

  /** Has somebody told if the client goes away before it has been answered: perhaps first half of the way, then all. */
  watch(lost: Lost): void {
    if (this.#ended) lost(this.gone);
    (this.#watchers ??= []).push(lost);
    this.#look();
  }

  /** Tells that the connection is gone, if the request has not been answered. */
  lose(): void {
    this.#lost(true);
  }

  /** It has been answered: nobody is told any more. */
  end(): void {
    this.#over = true;
  }

  #lost(gone: boolean): void {
    if (this.#over || this.gone || this.#ended && !gone) return;
    this.#ended = true;
    this.gone = gone;
    for (const tell of this.#watchers ?? []) tell(gone);
  }

  /** Reads ahead to see the connection's end, where somebody wants to know. */
  #look(): void {
    const transport = this.#transport;
    if (this.#watchers === undefined || this.#reading || this.#over || this.#ended) return;
    // While the body is being read, that sees the end.
    if (this.#body.reading || transport.input.length >= READ_AHEAD) return;
    this.#reading = true;
    transport.ahead().then((count) => {
      this.#reading = false;
      if (count === 0) this.#lost(false);
      else this.#look();
    }, () => {
      this.#reading = false;
      this.#lost(true);
    });
  }
}

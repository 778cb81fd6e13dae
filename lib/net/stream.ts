/**
 * A response without an end: the connection's last, read until one side leaves (Server-Sent Events are one).
 * @module
 */
import { LAST_CHUNK } from "../http/response.ts";
import type { Kept } from "./backlog.ts";
import { Count, type Slow } from "./counts.ts";
import type { ConnectionSettings } from "./settings.ts";
import { isGone, type Owner, type Transport } from "./transport.ts";

/** What a stream's owner wants to know. A throw in any of these ends that stream, never the process. */
export interface StreamHandler {
  /** The head has been sent. */
  open(stream: Stream): void;
  /** The server shuts down, and this will be ended: what it is still owed is written now. */
  flush?(stream: Stream): void;
  /** The end, exactly once. */
  close?(stream: Stream): void;
  /** Called at each tick of the clock; now in ms. */
  tick?(stream: Stream, now: number): void;
}

/** The server's side of a response without an end. */
export class Stream implements Owner {
  /** Whether more can be written. */
  open = true;
  /** Whether the body is chunked (RFC 9112, 7.1): HTTP/1.0 knows no chunks, and reads to the connection's end. */
  readonly chunked: boolean;
  /** What may wait when more is written, in bytes. */
  maxBuffered: number;
  readonly #transport: Transport;
  readonly #handler: StreamHandler;
  readonly #settings: ConnectionSettings;
  readonly #fault: (error: unknown) => void;

  /**
   * @param transport The connection, its response's head sent.
   * @param handler Who is told.
   * @param settings Limits and times.
   * @param chunked Whether the head said that the body is chunked.
   * @param fault Told what a handler threw.
   */
  constructor(
    transport: Transport,
    handler: StreamHandler,
    settings: ConnectionSettings,
    chunked: boolean,
    fault: (error: unknown) => void,
  ) {
    this.#transport = transport;
    this.#handler = handler;
    this.#settings = settings;
    this.chunked = chunked;
    this.maxBuffered = settings.maxBuffered;
    this.#fault = fault;
    transport.owner = this;
  }

  /** What was written and has not left yet, in bytes. */
  get bufferedAmount(): number {
    return this.#transport.outbox.bufferedAmount;
  }

  /** What is kept for later, besides that. */
  get kept(): Kept {
    return this.#transport.kept;
  }

  /** Resolves when no more than `amount` bytes are left to send, or the peer is gone. */
  drained(amount: number): Promise<void> {
    return this.#transport.outbox.drained(amount);
  }

  /**
   * Writes more of the body. A peer that reads too slowly loses the connection.
   * @param bytes As they go onto the wire: where the body is `chunked`, whole chunks, encoded once for all who get them.
   * They must not change any more.
   */
  write(bytes: Uint8Array): void {
    if (!this.open) return;
    if (this.bufferedAmount > this.maxBuffered) this.#tooSlow(0);
    else this.#transport.outbox.bytes(bytes);
  }

  /** Ends the body, behind what was written. */
  close(): void {
    // 8: a chunked body is whole only with its last chunk.
    if (this.open && this.chunked) this.#transport.outbox.bytes(LAST_CHUNK);
    this.#end();
  }

  /** Ends the body behind all that it is owed, since the server is shutting down. */
  goAway(): void {
    this.#guard(() => this.#handler.flush?.(this));
    this.close();
  }

  /** Ends the connection at once. A chunked body is seen to be cut off, as it has no last chunk. */
  drop(): void {
    this.#end();
    this.#transport.drop();
  }

  /** @inheritDoc */
  overflow(): void {
    this.#tooSlow(2);
  }

  #tooSlow(limit: Slow): void {
    if (this.open) this.#transport.counts[Count.slow + limit]!++;
    this.drop();
  }

  #end(): void {
    if (!this.open) return;
    this.open = false;
    this.#transport.leave(this.#settings.closeTimeout).catch(this.#fault);
    this.#guard(() => this.#handler.close?.(this));
  }

  /** Runs the stream to its end. Never rejects for what the peer or the handler does. */
  async run(): Promise<void> {
    this.#guard(() => this.#handler.open(this));
    try {
      // A request behind this one will not be answered: its bytes are read only to see the end.
      while (await this.#transport.read() > 0) this.#transport.input.clear();
    } catch (error) {
      if (!isGone(error)) this.#fault(error);
    }
    this.close();
  }

  /** @inheritDoc */
  tick(now: number): void {
    const { outbox } = this.#transport;
    if (outbox.bufferedAmount > 0 && now - outbox.progressAt > this.#settings.writeTimeout) {
      this.#tooSlow(1);
    } else this.#guard(() => this.#handler.tick?.(this, now));
  }

  #guard(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#fault(error);
      this.drop();
    }
  }
}

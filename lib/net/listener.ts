/**
 * Accepting connections, also when the process has run out of file descriptors; and shutting down.
 * @module
 */
import { HttpError } from "../http/error.ts";
import { Clock } from "./clock.ts";
import { Connection, type ConnectionContext, type Handle } from "./connection.ts";
import type { ConnectionSettings } from "./settings.ts";

/** Settings of a listener, besides those of its connections. */
export interface ListenerSettings extends ConnectionSettings {
  /** Most connections at once. More: 503. Where files run out before, that many less 64 from then on. */
  maxConnections: number;
}

/** First and longest pause after an accept that failed, in ms. */
const FIRST_PAUSE = 20, LONGEST_PAUSE = 1000;
/** Between ticks of the clock, in ms: at most this, and a quarter of the shortest time that it watches. */
const TICK = 100;

/** Open files kept for other things, once it shows how many there are. */
const RESERVED = 64;
/** Between two closes of a shutdown, in ms: 200 a second, so that those who come back do not come all at once. */
const CLOSE_EVERY = 5;
/** Share of the drain time that closes may take; the rest is for the peers to answer the last of them. */
const SPREAD = 0.9;

/** A listener that serves what it accepts. */
export class Server {
  /** Resolves when the last connection is gone, after {@linkcode shutdown}. */
  readonly finished: Promise<void>;
  /** How many connections have been accepted. */
  accepted = 0;
  readonly #listener: Deno.Listener;
  /** Most connections at once: as set, or as many as there turned out to be files for. */
  #limit: number;
  readonly #context: ConnectionContext;
  /** Open connections, each with the promise of its end. */
  readonly #serving = new Map<Connection, Promise<void>>();
  #shutdown: Promise<void> | undefined;

  /**
   * Begins to accept.
   * @param listener As `Deno.listen` gives it.
   * @param handle Answers requests.
   * @param settings Limits and times.
   * @param fault Told of faults, ours or the system's; none of them ends the process.
   */
  constructor(
    listener: Deno.Listener,
    handle: Handle,
    settings: ListenerSettings,
    fault: (error: unknown) => void,
  ) {
    this.#listener = listener;
    this.#limit = settings.maxConnections;
    const { handshakeTimeout, bodyTimeout, messageTimeout, closeTimeout, writeTimeout } = settings;
    const { pingInterval, pingTimeout } = settings;
    const times = [
      handshakeTimeout,
      bodyTimeout,
      messageTimeout,
      closeTimeout,
      writeTimeout,
      pingInterval,
      pingTimeout,
    ];
    const clock = new Clock(Math.max(1, Math.min(TICK, Math.min(...times) / 4)));
    this.#context = { handle, settings, clock, fault, draining: false };
    this.finished = this.#accept();
  }

  /** Where it listens. */
  get addr(): Deno.Addr {
    return this.#listener.addr;
  }

  /** How many connections are open. */
  get size(): number {
    return this.#serving.size;
  }

  /** Whether it is shutting down. */
  get draining(): boolean {
    return this.#context.draining;
  }

  /**
   * Stops accepting, closes every WebSocket with 1001, ends when all are gone, at the latest after `drain`.
   * A second call changes nothing.
   * @param drain When what is left is dropped, in ms. The closes are 200 a second, or faster where that needs longer.
   */
  shutdown(drain: number): Promise<void> {
    return this.#shutdown ??= this.#drain(drain);
  }

  async #drain(drain: number): Promise<void> {
    this.#context.draining = true;
    this.#listener.close();
    const deadline = Promise.withResolvers<void>();
    const timer = setTimeout(deadline.resolve, drain);
    await Promise.race([deadline.promise, this.#closeAll(drain * SPREAD)]);
    clearTimeout(timer);
    for (const connection of this.#serving.keys()) connection.drop();
    await this.finished;
  }

  /** Resolves when nothing is left but keep-alive connections that wait for a request. */
  async #closeAll(longest: number): Promise<void> {
    const began = performance.now();
    const sockets = [...this.#serving.keys()].filter((c) => c.session !== undefined);
    const pause = Math.min(CLOSE_EVERY, longest / sockets.length);
    for (const [index, connection] of sockets.entries()) {
      const wait = began + pause * index - performance.now();
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
      connection.goAway();
    }
    for (const [connection, end] of this.#serving) if (!connection.idle) await end;
  }

  async #accept(): Promise<void> {
    let pause = FIRST_PAUSE;
    while (!this.draining) {
      try {
        this.#admit(await this.#listener.accept());
        pause = FIRST_PAUSE;
      } catch (error) {
        if (this.draining) break;
        // Nothing is wrong with the listener, and whoever waits behind it is not to wait longer.
        if (isStillborn(error)) continue;
        if (outOfFiles(error)) this.#limit = Math.max(1, this.size - RESERVED);
        // EMFILE and its like pass when a connection ends; a listener given up would not come back.
        if (pause === FIRST_PAUSE) this.#context.fault(error);
        await new Promise((resolve) => setTimeout(resolve, pause));
        pause = Math.min(pause * 2, LONGEST_PAUSE);
      }
    }
    while (this.#serving.size > 0) await Promise.all(this.#serving.values());
    this.#context.clock.stop();
  }

  #admit(conn: Deno.Conn): void {
    this.accepted++;
    // Frames are small and must not wait for one another (RFC 896's delay).
    if ("setNoDelay" in conn) (conn as Deno.TcpConn).setNoDelay();
    const connection = new Connection(conn, this.#context);
    if (this.size >= this.#limit) {
      connection.refuse(new HttpError(503, "too many connections", [["Retry-After", "1"]]));
    }
    const end = connection.serve().finally(() => this.#serving.delete(connection));
    this.#serving.set(connection, end);
  }
}

/** Whether an accept failed because this process, or the system, has no more files. */
function outOfFiles(error: unknown): boolean {
  return error instanceof Error && "code" in error &&
    (error.code === "EMFILE" || error.code === "ENFILE");
}

/** Whether an accept failed because of the one connection: its peer reset it before it was looked at (accept(2)). */
function isStillborn(error: unknown): boolean {
  return error instanceof Deno.errors.NotConnected ||
    error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.ConnectionAborted;
}

/**
 * Accepting connections, also when the process has run out of file descriptors; and shutting down.
 * @module
 */
import { HttpError } from "../http/error.ts";
import type { Head } from "../http/head.ts";
import { Clock } from "./clock.ts";
import { Connection, type ConnectionContext, type Handle } from "./connection.ts";
import { readTurns } from "./read_turns.ts";
import type { ConnectionSettings } from "./settings.ts";
import type { Watch } from "./watch.ts";

/** Settings of a listener, besides those of its connections. */
export interface ListenerSettings extends ConnectionSettings {
  /** Most connections at once. More: 503. Where files run out before, fewer until they come back. */
  maxConnections: number;
}

/** The process, or the system, has no file for another connection. */
export class OutOfFiles extends Error {
  /** How many connections there were. */
  readonly connections: number;
  /** How many there may be until files come back. */
  readonly limit: number;

  /**
   * @param connections How many there are.
   * @param limit How many there may be now.
   * @param cause What accepting failed with.
   */
  constructor(connections: number, limit: number, cause: unknown) {
    super(`no file left at ${connections} connections: ${limit} for now; raise ulimit -n`, {
      cause,
    });
    this.name = "OutOfFiles";
    this.connections = connections;
    this.limit = limit;
  }
}

/** How many connections are open, over all listeners of a process. */
export interface Census {
  /** How many are. */
  readonly size: number;
  /** Counts one more. Returns how many there were before. */
  enter(): number;
  /** Counts one less. */
  leave(): void;
}

/** The census of a process that has one listener. */
export class OwnCensus implements Census {
  size = 0;

  enter(): number {
    return this.size++;
  }

  leave(): void {
    this.size--;
  }
}

/** First and longest pause after an accept that failed, in ms. */
const FIRST_PAUSE = 20, LONGEST_PAUSE = 1000;
/** Between ticks of the clock, in ms: at most this, and a quarter of the shortest time that it watches. */
const TICK = 100;

/** Open files kept for other things, once it shows how many there are: these, and at most a quarter of them. */
const RESERVED = 64;
/** Connections besides those that may be, for requests that are answered also then: these, and at most a quarter. */
const SPARE = 8;
/** Files that are left free even then. */
const FREE = 2;
/** For such a request to come, in ms. */
const SPARE_TIMEOUT = 1000;
/** After so long at a limit that was learnt, a few more are tried, in ms. */
const RELEARN = 60_000;
/** A pause so long that connections that were asked to leave are dropped, in ms. */
const IMPATIENT = 160;
/** Between two closes of a shutdown, in ms: 200 a second, so that those who come back do not come all at once. */
const CLOSE_EVERY = 5;
/** Share of the drain time that closes may take; the rest is for the peers to answer the last of them. */
const SPREAD = 0.9;

/** A listener that serves what it accepts. */
export class Server {
  /** Resolves when the last connection is gone, after {@linkcode shutdown}. */
  readonly finished: Promise<void>;
  readonly #census: Census;
  readonly #tally: { accepted: number };
  readonly #listener: Deno.Listener;
  /** Most connections at once: as set, or as many as there turned out to be files for. */
  #limit: number;
  /** When the limit was learnt, in ms; `undefined` while it is as set. */
  #learntAt: number | undefined;
  #spare = SPARE;
  readonly #most: number;
  readonly #vital: ((head: Head) => boolean) | undefined;
  readonly #context: ConnectionContext;
  /** What connections have in common that are there only for vital requests. */
  readonly #spareContext: ConnectionContext;
  /** Those connections. */
  readonly #spares = new Set<Connection>();
  /** Open connections, each with the promise of its end. */
  readonly #serving = new Map<Connection, Promise<void>>();
  #shutdown: Promise<void> | undefined;

  /**
   * Begins to accept.
   * @param listener As `Deno.listen` gives it.
   * @param handle Answers requests.
   * @param settings Limits and times.
   * @param fault Told of faults, ours or the system's; none of them ends the process.
   * @param watch Told of connections that did not go well. Default: nobody is.
   * @param vital Which requests are answered also where there are too many connections. Default: none.
   * @param census Counts connections with those of other listeners.
   * @param tally Counts those that were accepted.
   */
  constructor(
    listener: Deno.Listener,
    handle: Handle,
    settings: ListenerSettings,
    fault: (error: unknown) => void,
    watch: Watch = {},
    vital?: (head: Head) => boolean,
    census: Census = new OwnCensus(),
    tally: { accepted: number } = { accepted: 0 },
  ) {
    this.#listener = listener;
    this.#limit = this.#most = settings.maxConnections;
    this.#vital = vital;
    this.#census = census;
    this.#tally = tally;
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
    this.#context = { handle, settings, clock, fault, watch, draining: false };
    this.#spareContext = {
      ...this.#context,
      handle: (request) => vital?.(request) ? handle(request) : Promise.reject(tooMany()),
      settings: { ...settings, handshakeTimeout: Math.min(handshakeTimeout, SPARE_TIMEOUT) },
      // One request, and no more.
      draining: true,
    };
    readTurns.enter(clock, fault);
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
   * @param listeners How many shut down at once: the closes of all of them are 200 a second.
   */
  shutdown(drain: number, listeners = 1): Promise<void> {
    return this.#shutdown ??= this.#drain(drain, listeners);
  }

  async #drain(drain: number, listeners: number): Promise<void> {
    this.#context.draining = true;
    this.#listener.close();
    const deadline = Promise.withResolvers<void>();
    const timer = setTimeout(deadline.resolve, drain);
    await Promise.race([deadline.promise, this.#closeAll(drain * SPREAD, CLOSE_EVERY * listeners)]);
    clearTimeout(timer);
    for (const connection of this.#serving.keys()) connection.drop();
    await this.finished;
  }

  /** Resolves when nothing is left but keep-alive connections that wait for a request. */
  async #closeAll(longest: number, every: number): Promise<void> {
    const began = performance.now();
    const sockets = [...this.#serving.keys()].filter((c) => c.session !== undefined);
    const pause = Math.min(every, longest / sockets.length);
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
        // EMFILE and its like pass when a connection ends; a listener given up would not come back.
        if (isOutOfFiles(error)) this.#makeRoom(error, pause);
        else if (pause === FIRST_PAUSE) this.#context.fault(error);
        await new Promise((resolve) => setTimeout(resolve, pause));
        pause = Math.min(pause * 2, LONGEST_PAUSE);
      }
    }
    while (this.#serving.size > 0) await Promise.all(this.#serving.values());
    const { clock, fault } = this.#context;
    await readTurns.leave(clock, fault);
    clock.stop();
  }

  #admit(conn: Deno.Conn): void {
    this.#tally.accepted++;
    // Frames are small and must not wait for one another (RFC 896's delay).
    if ("setNoDelay" in conn) (conn as Deno.TcpConn).setNoDelay();
    const full = this.#full(this.#census.enter());
    // Those that are there only to be refused, or for vital requests, take nobody's place.
    if (full) this.#census.leave();
    const connection = new Connection(conn, full ? this.#spareContext : this.#context);
    if (full && this.#vital === undefined) connection.refuse(tooMany());
    else if (full) {
      // Whoever says nothing there keeps no later one out.
      if (this.#spares.size >= this.#spare) this.#dropSpare();
      this.#spares.add(connection);
    }
    const end = connection.serve().finally(() => {
      this.#serving.delete(connection);
      this.#spares.delete(connection);
      if (!full) this.#census.leave();
    });
    this.#serving.set(connection, end);
  }

  /**
   * Whether there may be no more connections; forgets a limit that was learnt, once files have come back.
   * @param size How many there are.
   */
  #full(size: number): boolean {
    if (this.#learntAt !== undefined) {
      // What was learnt held for what else was open then.
      if (size <= this.#limit / 2) {
        this.#limit = this.#most;
        this.#spare = SPARE;
        this.#learntAt = undefined;
      } else if (size >= this.#limit && performance.now() - this.#learntAt > RELEARN) {
        this.#limit = Math.min(this.#most, this.#limit + this.#spare);
        this.#learntAt = performance.now();
      }
    }
    return size >= this.#limit;
  }

  /** Learns from an accept that failed how many connections there are files for, and ends a few of them. */
  #makeRoom(cause: unknown, pause: number): void {
    // Those who were asked to leave had their time.
    if (pause >= IMPATIENT) this.#shed((connection) => connection.drop());
    if (pause !== FIRST_PAUSE) return;
    if (this.#spares.size > 0) {
      for (let i = 0; i < FREE; i++) this.#dropSpare();
      return;
    }
    const { size } = this.#census, quarter = Math.ceil(size / 4);
    this.#limit = Math.max(1, size - Math.min(RESERVED, quarter));
    this.#spare = Math.max(1, Math.min(SPARE, quarter - FREE));
    this.#learntAt = performance.now();
    this.#context.fault(new OutOfFiles(size, this.#limit, cause));
    this.#shed((connection) => connection.shed());
  }

  /** Ends the oldest of those that are there for vital requests only. */
  #dropSpare(): void {
    const [oldest] = this.#spares;
    if (oldest === undefined) return;
    this.#spares.delete(oldest);
    oldest.drop();
  }

  /** Ends as many connections as files are needed: those first that ask for nothing, and that came last. */
  #shed(end: (connection: Connection) => void): void {
    const latest = [...this.#serving.keys()].reverse();
    const chosen = [...latest.filter((c) => c.idle), ...latest.filter((c) => !c.idle)];
    for (const connection of chosen.slice(0, this.#spare + FREE)) end(connection);
  }
}

function tooMany(): HttpError {
  return new HttpError(503, "too many connections", [["Retry-After", "1"]]);
}

/** Whether an accept failed because this process, or the system, has no more files. */
function isOutOfFiles(error: unknown): boolean {
  return error instanceof Error && "code" in error &&
    (error.code === "EMFILE" || error.code === "ENFILE");
}

/** Whether an accept failed because of the one connection: its peer reset it before it was looked at (accept(2)). */
function isStillborn(error: unknown): boolean {
  return error instanceof Deno.errors.NotConnected ||
    error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.ConnectionAborted;
}

/**
 * Accepting connections, also when the process has run out of file descriptors; and shutting down.
 * @module
 */
import { HttpError } from "../http/error.ts";
import type { Head } from "../http/head.ts";
import { isOutOfFiles, isStillborn, OutOfFiles } from "./accept_error.ts";
import { Backlog } from "./backlog.ts";
import { Callers } from "./callers.ts";
import { type Census, OwnCensus } from "./census.ts";
import { Clock } from "./clock.ts";
import type { Conn, Listener } from "./conn.ts";
import { Connection, type Handle } from "./connection.ts";
import type { ConnectionContext } from "./context.ts";
import { Count, type Counts, uncounted } from "./counts.ts";
import type { ConnectionSettings } from "./settings.ts";
import { peerOf } from "./transport.ts";
import type { Watch } from "./watch.ts";

/** Settings of a listener, besides those of its connections. */
export interface ListenerSettings extends ConnectionSettings {
  /** Most connections at once. More: 503. Where files run out before, fewer until they come back. */
  maxConnections: number;
}

/** What the listeners of a thread, or of a process, have in common. */
export interface Common {
  /** Counts connections. */
  census: Census;
  /** Where what happens is counted. */
  counts: Counts;
  /** Knows who connects, and of whom there are too many. */
  callers: Callers;
  /** Counts what waits to be written. */
  backlog: Backlog;
}

/** First and longest pause after an accept that failed, in ms. */
const FIRST_PAUSE = 20, LONGEST_PAUSE = 1000;
/** Between ticks of the clock, in ms: at most this, and a quarter of the shortest time that it watches. */
const TICK = 100;

/** Open files kept for other things, once it shows how many there are: these, and at most a quarter of them. */
const RESERVED = 64;
/** Connections besides those that may be, for requests that are answered also then: these, and at most a quarter. */
const SPARE = 8;
/** Connections of addresses that have too many, which are told so. */
const CROWD = 16;
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
  readonly #counts: Counts;
  readonly #listener: Listener;
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
  /** Connections of addresses that have too many. */
  readonly #crowd = new Set<Connection>();
  /** Open connections, each with the promise of its end. */
  readonly #serving = new Map<Connection, Promise<void>>();
  #shutdown: Promise<void> | undefined;

  /**
   * Begins to accept.
   * @param listener As `Deno.listen` gives it, or one that encrypts.
   * @param handle Answers requests.
   * @param settings Limits and times.
   * @param fault Told of faults, ours or the system's; none of them ends the process.
   * @param watch Told of connections that did not go well. Default: nobody is.
   * @param vital Which requests are answered also where there are too many connections. Default: none.
   * @param common What others have in common with it. Default: nobody has, and nobody is too many.
   */
  constructor(
    listener: Listener,
    handle: Handle,
    settings: ListenerSettings,
    fault: (error: unknown) => void,
    watch: Watch = {},
    vital?: (head: Head) => boolean,
    { census = new OwnCensus(), counts = uncounted, ...common }: Partial<Common> = {},
  ) {
    const { callers = new Callers(), backlog = new Backlog() } = common;
    this.#listener = listener;
    this.#limit = this.#most = settings.maxConnections;
    this.#vital = vital;
    this.#census = census;
    this.#counts = counts;
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
    const clock = new Clock(Math.max(1, Math.min(TICK, Math.min(...times) / 4)), counts);
    this.#context = {
      ...{ handle, settings, clock, fault, watch, counts, callers, backlog },
      draining: false,
    };
    this.#spareContext = this.#refusing(tooMany);
    clock.add({ tick: () => backlog.look() });
    this.finished = this.#accept();
  }

  /** What connections have in common of which only vital requests are answered: one each, and no more. */
  #refusing(why: () => HttpError): ConnectionContext {
    const { handle, settings } = this.#context;
    const handshakeTimeout = Math.min(settings.handshakeTimeout, SPARE_TIMEOUT);
    return {
      ...this.#context,
      handle: (request) => this.#vital?.(request) ? handle(request) : Promise.reject(why()),
      settings: { ...settings, handshakeTimeout },
      draining: true,
    };
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
    try {
      this.#listener.close();
    } catch (error) {
      this.#context.fault(error);
    }
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
    this.#context.clock.stop();
  }

  #admit(conn: Conn): void {
    this.#counts[Count.accepted + (conn.secure === true ? 1 : 0)]!++;
    // Frames are small and must not wait for one another (RFC 896's delay).
    if ("setNoDelay" in conn) (conn as Deno.TcpConn).setNoDelay();
    const place = this.#context.callers.accept(peerOf(conn));
    if (place instanceof HttpError) return this.#turnAway(conn, place);
    const full = this.#full(this.#census.enter());
    // Those that are there only to be refused, or for vital requests, take nobody's place.
    if (full) this.#census.leave();
    const connection = new Connection(conn, full ? this.#spareContext : this.#context);
    if (full && this.#vital === undefined) connection.refuse(tooMany());
    else if (full) {
      // Whoever says nothing there keeps no later one out.
      if (this.#spares.size >= this.#spare) dropOldest(this.#spares);
      this.#spares.add(connection);
    }
    this.#serve(connection, () => {
      this.#spares.delete(connection);
      if (!full) this.#census.leave();
      place?.();
    });
  }

  /** Has one who has too many connections say what it wants, to be told so: it takes nobody's place. */
  #turnAway(conn: Conn, why: HttpError): void {
    const connection = new Connection(conn, this.#refusing(() => why));
    if (this.#crowd.size >= CROWD) dropOldest(this.#crowd);
    this.#crowd.add(connection);
    this.#serve(connection, () => this.#crowd.delete(connection));
  }

  #serve(connection: Connection, ended: () => void): void {
    const end = connection.serve().finally(() => {
      this.#serving.delete(connection);
      ended();
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
      for (let i = 0; i < FREE; i++) dropOldest(this.#spares);
      return;
    }
    const { size } = this.#census, quarter = Math.ceil(size / 4);
    this.#limit = Math.max(1, size - Math.min(RESERVED, quarter));
    this.#spare = Math.max(1, Math.min(SPARE, quarter - FREE));
    this.#learntAt = performance.now();
    this.#context.fault(new OutOfFiles(size, this.#limit, cause));
    this.#shed((connection) => connection.shed());
  }

  /** Ends as many connections as files are needed: those first that ask for nothing, and that came last. */
  #shed(end: (connection: Connection) => void): void {
    const latest = [...this.#serving.keys()].reverse();
    const chosen = [...latest.filter((c) => c.idle), ...latest.filter((c) => !c.idle)];
    for (const connection of chosen.slice(0, this.#spare + FREE)) end(connection);
  }
}

/** Ends the oldest of some connections. */
function dropOldest(connections: Set<Connection>): void {
  const [oldest] = connections;
  if (oldest === undefined) return;
  connections.delete(oldest);
  oldest.drop();
}

function tooMany(): HttpError {
  return new HttpError(503, "too many connections", [["Retry-After", "1"]], "full");
}

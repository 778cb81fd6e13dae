/**
 * One connection: its two buffers, and how it ends without losing the last words.
 * @module
 */
import { Input } from "../websocket/input.ts";
import { type Backlog, type Holder, Kept } from "./backlog.ts";
import type { Clock, Timed } from "./clock.ts";
import { type Conn, HandshakeError } from "./conn.ts";
import { Count, type Counts, uncounted } from "./counts.ts";
import { Outbox, unlimited } from "./outbox.ts";
import { type ReadTurns, readTurns } from "./read_turns.ts";

/** Who is at the other end. */
export interface Peer {
  /** The address; empty for a Unix socket. */
  hostname: string;
  /** The port; 0 for a Unix socket. */
  port: number;
}

/** Who is at the other end of a connection. */
export function peerOf({ remoteAddr }: Pick<Conn, "remoteAddr">): Peer {
  return "hostname" in remoteAddr ? remoteAddr : { hostname: "", port: 0 };
}

/** What a network does: everything else that is thrown is a fault of ours. */
const networkErrors = [
  Deno.errors.ConnectionReset,
  Deno.errors.ConnectionAborted,
  Deno.errors.BrokenPipe,
  Deno.errors.NotConnected,
  Deno.errors.TimedOut,
  Deno.errors.UnexpectedEof,
  Deno.errors.Interrupted,
  Deno.errors.BadResource,
  HandshakeError,
];

/** Whether an error says only that the peer, or the connection, is gone. */
export function isGone(error: unknown): boolean {
  return networkErrors.some((kind) => error instanceof kind);
}

/** Whoever a connection is for at present. */
export interface Owner extends Timed {
  /** Too much waits for all connections, and most of it for this one: ends it. */
  overflow(): void;
}

/** What may be left to send to one whose queue was too large, in bytes: more is not waited for. */
const LAST_WORDS = 64 * 1024;

/** The socket below HTTP and WebSocket. */
export class Transport implements Timed, Holder {
  /** What has arrived. */
  readonly input: Input = new Input();
  /** What is to be sent. */
  readonly outbox: Outbox;
  /** Who is at the other end. */
  readonly peer: Peer;
  /** Who is behind them, where they have passed on what somebody else asked. */
  client: Peer;
  /** Whoever has deadlines on this connection at present. */
  owner: Owner | undefined;
  /** What is kept for later, besides what is to be sent. */
  readonly kept: Kept;
  /** Resolves when the last words are said, where this side is leaving. */
  left: Promise<void> = Promise.resolve();
  /** Where what happens on it is counted. */
  readonly counts: Counts;
  /** Since when bytes can be seen if they come, on the clock's time; `Infinity` while nothing is being read. */
  readingSince = Infinity;
  readonly #conn: Conn;
  readonly #clock: Clock;
  readonly #backlog: Backlog;
  readonly #turns: Pick<ReadTurns, "next">;
  /** When to stop waiting for the peer's end, once we are leaving; on the clock's time. */
  #leaveBy: number | undefined;
  /** Bytes read since they were last counted: a number of one's own is the quickest to add to. */
  #received = 0;
  /** A read that nobody has waited for yet. */
  #ahead: Promise<number> | undefined;
  #dropped = false;
  #peerEnded = false;

  /**
   * @param conn A connection that was accepted.
   * @param clock Whose ticks drive the deadlines.
   * @param counts Where what happens on it is counted.
   * @param backlog Counts what waits to be written with that of others.
   * @param turns Who says when a read may begin.
   */
  constructor(
    conn: Conn,
    clock: Clock,
    counts: Counts = uncounted,
    backlog: Backlog = unlimited,
    turns: Pick<ReadTurns, "next"> = readTurns,
  ) {
    this.#conn = conn;
    this.#clock = clock;
    this.#turns = turns;
    this.counts = counts;
    this.outbox = new Outbox(conn, clock, backlog);
    this.kept = new Kept(backlog);
    this.#backlog = backlog;
    backlog.add(this);
    this.peer = peerOf(conn);
    this.client = this.peer;
    clock.add(this);
  }

  /** Whether it is encrypted. */
  get secure(): boolean {
    return this.#conn.secure === true;
  }

  /** The clock's time, in ms. */
  get now(): number {
    return this.#clock.now;
  }

  /** Whether this side has said its last words. */
  get leaving(): boolean {
    return this.#leaveBy !== undefined;
  }

  /**
   * Waits for bytes and puts them into `input`.
   * @returns How many; 0 at the end. While leaving, what still arrives is thrown away.
   * @throws What {@linkcode isGone} knows, if the peer, or {@linkcode drop}, ended it abruptly.
   */
  read(): Promise<number> {
    const ahead = this.#ahead;
    if (ahead === undefined) return this.#read();
    this.#ahead = undefined;
    return ahead;
  }

  /**
   * Begins to read before anybody needs what comes, to see whether the peer is still there; until it has come, a
   * {@linkcode read} waits for the same.
   * @returns As {@linkcode read} does.
   */
  ahead(): Promise<number> {
    if (this.#ahead !== undefined) return this.#ahead;
    const reading = this.#ahead = this.#read();
    const clear = () => {
      if (this.#ahead === reading) this.#ahead = undefined;
    };
    // What has failed fails for whoever reads next, too.
    reading.then(clear, () => {});
    return reading;
  }

  async #read(): Promise<number> {
    for (;;) {
      const turn = this.#turns.next();
      if (turn !== undefined) await turn;
      const space = this.input.space();
      this.readingSince = this.#clock.now;
      const count = await this.#conn.read(space);
      this.readingSince = Infinity;
      if (count === null) {
        this.#peerEnded = true;
        return 0;
      }
      this.#received += count;
      this.outbox.tap?.bytes("in", space.subarray(0, count));
      if (this.#leaveBy === undefined) {
        this.input.filled(count);
        return count;
      }
      this.input.start = this.input.end = 0;
    }
  }

  /**
   * Ends the connection politely: sends what waits, ends this side, and gives the peer time to end the other. To close
   * at once would make TCP throw away last words that the peer has not read yet.
   * @param grace In ms.
   */
  leave(grace: number): Promise<void> {
    if (this.#leaveBy !== undefined) return Promise.resolve();
    this.#leaveBy = this.#clock.now + grace;
    const leaving = this.#leave();
    this.left = leaving.catch(() => {});
    return leaving;
  }

  async #leave(): Promise<void> {
    this.input.start = this.input.end = 0;
    await this.outbox.drained();
    try {
      // Where the peer has ended its side, closing ends both; over TLS it must be said (RFC 8446, 6.1).
      const needed = (!this.#peerEnded || this.secure) && !this.#dropped &&
        this.outbox.failure === undefined;
      if (needed) await this.#conn.closeWrite();
    } catch (error) {
      // Gone before it could be told: nothing is owed any more.
      if (!isGone(error)) throw error;
    }
  }

  /** Ends the connection at once; a read or write under way rejects. */
  drop(): void {
    if (this.#dropped) return;
    this.#dropped = true;
    this.#clock.delete(this);
    this.#backlog.delete(this);
    this.#conn.close();
    this.outbox.abandon();
    this.kept.clear();
  }

  /** Counts what has crossed it since the last time: it does so by itself at each tick. */
  count(): void {
    const { counts, outbox } = this;
    counts[Count.bytesIn]! += this.#received;
    counts[Count.bytesOut]! += outbox.written;
    this.#received = outbox.written = 0;
  }

  /** @inheritDoc */
  get weight(): number {
    return this.outbox.weight + this.kept.weight;
  }

  /** @inheritDoc */
  overflow(): void {
    if (this.#leaveBy === undefined) this.owner?.overflow();
    this.kept.clear();
    if (this.outbox.weight > LAST_WORDS) this.drop();
  }

  /** @inheritDoc */
  tick(now: number): void {
    this.#clock.queued += this.outbox.bufferedAmount;
    this.count();
    if (this.#leaveBy === undefined) this.owner?.tick(now);
    else if (now >= this.#leaveBy) this.drop();
  }
}

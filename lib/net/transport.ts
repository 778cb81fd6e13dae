/**
 * One TCP connection: its two buffers, and how it ends without losing the last words.
 * @module
 */
import { Input } from "../websocket/input.ts";
import type { Clock, Timed } from "./clock.ts";
import { Outbox } from "./outbox.ts";
import { type ReadTurns, readTurns } from "./read_turns.ts";

/** Who is at the other end. */
export interface Peer {
  /** The address; empty for a Unix socket. */
  hostname: string;
  /** The port; 0 for a Unix socket. */
  port: number;
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
];

/** Whether an error says only that the peer, or the connection, is gone. */
export function isGone(error: unknown): boolean {
  return networkErrors.some((kind) => error instanceof kind);
}

/** The socket below HTTP and WebSocket. */
export class Transport implements Timed {
  /** What has arrived. */
  readonly input: Input = new Input();
  /** What is to be sent. */
  readonly outbox: Outbox;
  /** Who is at the other end. */
  readonly peer: Peer;
  /** Whoever has deadlines on this connection at present. */
  owner: Timed | undefined;
  /** Since when bytes can be seen if they come, on the clock's time; `Infinity` while nothing is being read. */
  readingSince = Infinity;
  readonly #conn: Deno.Conn;
  readonly #clock: Clock;
  readonly #turns: Pick<ReadTurns, "next">;
  /** When to stop waiting for the peer's end, once we are leaving; on the clock's time. */
  #leaveBy: number | undefined;
  #dropped = false;
  #peerEnded = false;

  /**
   * @param conn A connection that was accepted.
   * @param clock Whose ticks drive the deadlines.
   * @param turns Who says when a read may begin.
   */
  constructor(conn: Deno.Conn, clock: Clock, turns: Pick<ReadTurns, "next"> = readTurns) {
    this.#conn = conn;
    this.#clock = clock;
    this.#turns = turns;
    this.outbox = new Outbox(conn, clock);
    const { remoteAddr } = conn;
    this.peer = "hostname" in remoteAddr ? remoteAddr : { hostname: "", port: 0 };
    clock.add(this);
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
  async read(): Promise<number> {
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
      this.outbox.tap?.bytes("in", space.subarray(0, count));
      if (this.#leaveBy === undefined) {
        this.input.filled(count);
        return count;
      }
      this.input.start = this.input.end = 0;
    }
  }

  /**
   * Ends the connection politely: sends what waits, ends this side of TCP, and gives the peer time to end the
   * other. To close at once would make TCP throw away last words that the peer has not read yet.
   * @param grace In ms.
   */
  async leave(grace: number): Promise<void> {
    if (this.#leaveBy !== undefined) return;
    this.#leaveBy = this.#clock.now + grace;
    this.input.start = this.input.end = 0;
    await this.outbox.drained();
    try {
      // Where the peer has ended its side, closing ends both.
      const needed = !this.#peerEnded && !this.#dropped && this.outbox.failure === undefined;
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
    this.#conn.close();
  }

  /** @inheritDoc */
  tick(now: number): void {
    if (this.#leaveBy === undefined) this.owner?.tick(now);
    else if (now >= this.#leaveBy) this.drop();
  }
}

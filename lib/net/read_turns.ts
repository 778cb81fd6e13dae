/**
 * Reads in turns, so that under overload everybody is served, and in order.
 *
 * Deno makes 128 calls to sockets in a row before it does anything else, and while there is always more to do it hardly
 * looks at which of its sockets have something to read. With a thousand clients that never pause some were served again
 * and again while others waited for seconds. So a turn is 128 reads; who asks for more waits, in order, until a byte that
 * we have sent to ourselves over loopback has come back: for that Deno must look at its sockets. While there is no such
 * crowd all begin at once, and one byte for 1,024 reads shows that there is none.
 * @module
 */
import type { Clock, Timed } from "./clock.ts";
import { type Loopback, type OpenLoopback, openLoopback } from "./loopback.ts";

/** Reads a turn: as many as Deno makes calls to sockets in a row. */
export const TURN = 128;
/**
 * Reads for which a byte is sent while there is no crowd. It shows whether there is one: then more than a turn's reads
 * are asked for before it is back.
 */
export const CALM = 8 * TURN;
/** So many turns in a row that nobody would have had to wait for another end a crowd. */
export const PASSING = 64;
/** A byte that has not come back after twice so long will not; after so long it is tried again to connect; in ms. */
const PATIENCE = 500;
/** So many that have been called are forgotten at once, while others wait. */
const FORGOTTEN = 1024;

/** There are no turns for now: under overload some are served more than others. */
export class NoTurns extends Error {
  /** Why not. */
  readonly why: string;

  /** @param cause What connecting to ourselves failed with, or how that connection ended. */
  constructor(cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause);
    super(`connections are not served in turns for now: ${why}`, { cause });
    this.name = "NoTurns";
    this.why = why;
  }
}

/** The turns of one thread, for all its listeners. */
export class ReadTurns implements Timed {
  readonly #open: OpenLoopback;
  readonly #patience: number;
  /** Who is told why there are no turns, one for each listener. */
  readonly #users: ((error: unknown) => void)[] = [];
  #loopback: Loopback | undefined;
  /** Gives up connecting. */
  #opening: AbortController | undefined;
  /** Resolves when all that was opened has been closed. */
  #closed: Promise<unknown> = Promise.resolve();
  #retryAt = 0;
  /** Whether it has been told that there are no turns. */
  #told = false;
  /** Reads begun in this turn. */
  #begun = 0;
  /** For how many turns more there is a crowd. */
  #crowd = 0;
  /** Who waits for the next ones, from `#called` on. */
  #waiting: (() => void)[] = [];
  #called = 0;
  /** When the byte was sent that is under way; `undefined` while none is. */
  #sentAt: number | undefined;
  /** Whether a tick has found that it should have come back. */
  #late = false;

  /**
   * @param open How to connect to ourselves.
   * @param patience As {@linkcode PATIENCE}.
   */
  constructor(open: OpenLoopback = openLoopback, patience: number = PATIENCE) {
    this.#open = open;
    this.#patience = patience;
  }

  /**
   * Adds a listener; there are turns while there is one.
   * @param clock Looks whether the byte comes back.
   * @param fault Told, once, why there are no turns for now.
   */
  enter(clock: Clock, fault: (error: unknown) => void): void {
    this.#users.push(fault);
    clock.add(this);
  }

  /** Removes a listener, with what it was added with. Resolves when nothing is left open, if it was the last. */
  async leave(clock: Clock, fault: (error: unknown) => void): Promise<void> {
    clock.delete(this);
    this.#users.splice(this.#users.indexOf(fault), 1);
    if (this.#users.length > 0) return;
    this.#opening?.abort();
    this.#opening = undefined;
    this.#end();
    await this.#closed;
  }

  /** Takes a place. `undefined` where the read can begin at once; else it resolves when it may. */
  next(): Promise<void> | undefined {
    if (this.#crowd === 0) {
      if (++this.#begun === CALM) this.#send();
      if (this.#begun <= CALM + TURN) return undefined;
      // The byte is still under way after a whole turn's reads: nobody looks at the sockets.
      this.#crowd = PASSING;
    } else if (this.#begun < TURN) {
      if (++this.#begun === TURN) this.#send();
      return undefined;
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** @inheritDoc */
  tick(): void {
    const now = performance.now();
    if (this.#sentAt === undefined || now - this.#sentAt < this.#patience) return;
    if (this.#late) {
      return this.#lost(new Deno.errors.TimedOut("a byte to ourselves has not come back"));
    }
    // Where the tick itself is late the byte may be there and was not looked at: it has its time once more.
    this.#late = true;
    this.#sentAt = now;
  }

  #send(): void {
    if (this.#loopback !== undefined) {
      this.#sentAt = performance.now();
      this.#loopback.send();
      return;
    }
    this.#begun = 0;
    const idle = this.#opening === undefined && this.#users.length > 0;
    if (idle && performance.now() >= this.#retryAt) this.#connect();
  }

  #connect(): void {
    const opening = this.#opening = new AbortController();
    this.#closed = this.#open(this.#back, this.#lost, opening.signal).then(async (loopback) => {
      // The last listener has left meanwhile.
      if (opening.signal.aborted) return await loopback.close();
      this.#opening = undefined;
      this.#loopback = loopback;
      this.#told = false;
    }, (error) => {
      if (opening.signal.aborted) return;
      this.#opening = undefined;
      this.#tell(error);
    });
  }

  /** The sockets have been looked at: the next turn begins. Without a crowd nobody waits. */
  readonly #back = (): void => {
    this.#sentAt = undefined;
    this.#late = false;
    this.#begun = 0;
    if (this.#waiting.length - this.#called > TURN) this.#crowd = PASSING;
    else if (this.#crowd > 0) this.#crowd--;
    this.#call(TURN);
    if (this.#crowd > 0 && this.#begun === TURN) this.#send();
  };

  /** There are no turns for now: whoever waits is served. */
  readonly #lost = (error: unknown): void => {
    this.#end();
    this.#tell(error);
  };

  #end(): void {
    if (this.#loopback !== undefined) this.#closed = this.#loopback.close();
    this.#loopback = undefined;
    this.#sentAt = undefined;
    this.#late = false;
    this.#call(Infinity);
    this.#begun = 0;
    this.#crowd = 0;
  }

  #tell(cause: unknown): void {
    this.#retryAt = performance.now() + this.#patience;
    if (this.#told) return;
    this.#told = true;
    this.#users[0]?.(new NoTurns(cause));
  }

  /** Lets the first ones begin. */
  #call(most: number): void {
    const end = Math.min(this.#waiting.length, this.#called + most);
    this.#begun += end - this.#called;
    while (this.#called < end) this.#waiting[this.#called++]!();
    if (this.#called === this.#waiting.length || this.#called >= FORGOTTEN) {
      this.#waiting.splice(0, this.#called);
      this.#called = 0;
    }
  }
}

/** Those of this thread. */
export const readTurns: ReadTurns = new ReadTurns();

/**
 * What waits to be written to all connections of a thread, counted as the memory that it takes: what many share counts once.
 * Where that is too much, the connection that takes most of it is ended.
 * @module
 */
import { setImmediate } from "node:timers";
import { Count, type Counts, uncounted } from "./counts.ts";

/** Something that waits for one connection or for several. */
export interface Share<T extends object = object> {
  readonly what: T;
  /** In bytes. */
  readonly size: number;
  /** For how many connections. */
  holders: number;
}

/** A connection for which something waits. */
export interface Holder {
  /** What waits for it alone, and its part of what waits for others as well; in bytes. */
  readonly weight: number;
  /** Ends it: too much waits. What waited is not held any more when this returns. */
  overflow(): void;
}

/** How much may wait. */
export interface BacklogLimits {
  /** For all connections of the process, in bytes. */
  most: number;
  /** How many threads there are. One that holds less than its part of it ends nobody. */
  threads: number;
  /** What all threads hold, in bytes. */
  total: () => number;
}

/** What waits in one thread. */
export class Backlog {
  readonly #counts: Counts;
  readonly #limits: BacklogLimits | undefined;
  /** This thread's part of the limit, in bytes. */
  readonly #part: number;
  readonly #shares = new Map<object, Share>();
  /** What was asked for last: who tells many the same asks again and again. */
  #last: Share | undefined;
  readonly #holders = new Set<Holder>();
  #looking = false;

  /**
   * @param counts Where it is counted.
   * @param limits Default: none.
   */
  constructor(counts: Counts = uncounted, limits?: BacklogLimits) {
    this.#counts = counts;
    this.#limits = limits;
    this.#part = limits === undefined ? Infinity : limits.most / limits.threads;
  }

  /** Adds a connection. */
  add(holder: Holder): void {
    this.#holders.add(holder);
  }

  /** Removes it. */
  delete(holder: Holder): void {
    this.#holders.delete(holder);
  }

  /**
   * Counts bytes that one connection has for itself.
   * @param size How many more, or fewer.
   */
  own(size: number): void {
    if ((this.#counts[Count.held]! += size) > this.#part && size > 0) this.#lookLater();
  }

  /** Counts something for one connection more. */
  hold<T extends object>(what: T, size: number): Share<T> {
    let share = this.#last?.what === what ? this.#last : this.#shares.get(what);
    if (share === undefined) {
      this.#shares.set(what, share = { what, size, holders: 0 });
      this.own(size);
    }
    share.holders++;
    return (this.#last = share) as Share<T>;
  }

  /** Counts it for one connection less. */
  release(share: Share): void {
    if (--share.holders > 0) return;
    this.#shares.delete(share.what);
    if (this.#last === share) this.#last = undefined;
    this.own(-share.size);
  }

  /** Looks whether too much waits, also where only other threads have taken more. */
  look(): void {
    if (!this.#isOver()) return;
    const weighed = [...this.#holders].map((holder) => ({ holder, weight: holder.weight }));
    for (const { holder, weight } of weighed.sort((a, b) => b.weight - a.weight)) {
      if (weight === 0 || !this.#isOver()) return;
      holder.overflow();
    }
  }

  #isOver(): boolean {
    return this.#counts[Count.held]! > this.#part && this.#limits!.total() > this.#limits!.most;
  }

  /** Not at once: whoever tells others something is not to lose some of them meanwhile. */
  #lookLater(): void {
    if (this.#looking) return;
    this.#looking = true;
    setImmediate(() => {
      this.#looking = false;
      this.look();
    });
  }
}

/** What one connection keeps for later, besides what is in its queue. */
export class Kept {
  readonly #backlog: Backlog;
  #shares: Map<object, Share> | undefined;

  /** @param backlog Counts it. */
  constructor(backlog: Backlog) {
    this.#backlog = backlog;
  }

  /** Its part of what is kept, in bytes. */
  get weight(): number {
    let sum = 0;
    for (const { size, holders } of this.#shares?.values() ?? []) sum += size / holders;
    return sum;
  }

  /** Keeps something, which others may keep, too. Once it is, this changes nothing. */
  add(what: object, size: number): void {
    const shares = this.#shares ??= new Map();
    if (!shares.has(what)) shares.set(what, this.#backlog.hold(what, size));
  }

  /** Lets go of it, if it is kept. */
  delete(what: object): void {
    const share = this.#shares?.get(what);
    if (share === undefined) return;
    this.#shares!.delete(what);
    this.#backlog.release(share);
  }

  /** Lets go of all. */
  clear(): void {
    for (const share of this.#shares?.values() ?? []) this.#backlog.release(share);
    this.#shares = undefined;
  }
}

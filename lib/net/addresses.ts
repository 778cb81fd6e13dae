/**
 * How many connections each address has: in one thread, or over all threads of a process, in memory that they share.
 * @module
 */

/** Counts connections by who has the address that they come from, a number of 64 bits that is not 0. */
export interface Addresses {
  /**
   * Counts one more, unless there are as many as there may be.
   * @param most How many there may be.
   * @returns Counts one less; `undefined` where it is one too many.
   */
  enter(owner: bigint, most: number): (() => void) | undefined;
}

/** Those of a process that has one thread. */
export class OwnAddresses implements Addresses {
  readonly #counts = new Map<bigint, number>();

  enter(owner: bigint, most: number): (() => void) | undefined {
    const counts = this.#counts, before = counts.get(owner) ?? 0;
    if (before >= most) return undefined;
    counts.set(owner, before + 1);
    return () => {
      const left = counts.get(owner)! - 1;
      if (left > 0) counts.set(owner, left);
      else counts.delete(owner);
    };
  }
}

/** How many addresses there is room for. */
export const PLACES = 1 << 16;
/** In how many places an address is looked for; where all are others', it is not counted. */
const REACH = 32;
/** Spreads numbers over all places (Knuth, 6.4: the golden ratio of 2^64). */
const SPREAD = 0x9e37_79b9_7f4a_7c15n;
const nothing = () => {};

/** Those of all threads of a process: a table of addresses, each with the sum over all threads and the share of each. */
export class SharedAddresses {
  /** Where they are: a thread is given it, and makes its own of it. */
  readonly memory: SharedArrayBuffer;
  readonly #owners: BigInt64Array;
  readonly #counts: Int32Array;
  /** Counts of one place. */
  readonly #width: number;

  /**
   * @param threads How many there are.
   * @param memory Another's.
   */
  constructor(
    threads: number,
    memory = new SharedArrayBuffer(PLACES * (8 + 4 * (threads + 1))),
  ) {
    this.memory = memory;
    this.#width = threads + 1;
    this.#owners = new BigInt64Array(memory, 0, PLACES);
    this.#counts = new Int32Array(memory, PLACES * 8);
  }

  /** Those of one thread, by its number from 0. */
  of(thread: number): Addresses {
    const counts = this.#counts;
    return {
      enter: (owner, most) => {
        const place = this.#placeOf(BigInt.asIntN(64, owner));
        if (place === undefined) return nothing;
        const sum = place * this.#width, own = sum + 1 + thread;
        if (Atomics.add(counts, sum, 1) >= most) {
          Atomics.sub(counts, sum, 1);
          return undefined;
        }
        Atomics.add(counts, own, 1);
        return () => {
          Atomics.sub(counts, own, 1);
          Atomics.sub(counts, sum, 1);
        };
      },
    };
  }

  /** Counts what a thread has no longer: it has ended. */
  leave(thread: number): void {
    const counts = this.#counts, width = this.#width;
    for (let sum = 0; sum < counts.length; sum += width) {
      const own = Atomics.exchange(counts, sum + 1 + thread, 0);
      if (own > 0) Atomics.sub(counts, sum, own);
    }
  }

  /**
   * The place of an address: the one that it has, or the first that is free. A thread may take a place in the very moment in
   * which another counts there; then one connection of one address counts for another's, until it ends.
   */
  #placeOf(owner: bigint): number | undefined {
    const owners = this.#owners;
    const first = Number(BigInt.asUintN(64, owner * SPREAD) >> 48n);
    for (;;) {
      let free: number | undefined;
      for (let i = 0; i < REACH; i++) {
        const place = (first + i) % PLACES, there = Atomics.load(owners, place);
        if (there === owner) return place;
        if (free === undefined && Atomics.load(this.#counts, place * this.#width) === 0) {
          free = place;
        }
      }
      if (free === undefined) return undefined;
      const there = Atomics.load(owners, free);
      if (Atomics.compareExchange(owners, free, there, owner) === there) return free;
    }
  }
}

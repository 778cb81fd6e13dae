/**
 * Chance that can be had again: everything that is decided at random comes from one seed.
 * @module
 */

/** Numbers from a seed (mulberry32). */
export class Random {
  #state: number;

  /** @param seed Any whole number. */
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 up to, not including, 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from `least` to `most`, both included. */
  between(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  /** Small numbers are as likely as large ones: each power of two has the same chance. */
  magnitude(most: number): number {
    return Math.floor(2 ** (this.next() * Math.log2(most)));
  }

  /** Whether something of such a probability happens. */
  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** One of several. */
  pick<T>(from: readonly T[]): T {
    return from[this.between(0, from.length - 1)]!;
  }

  /** Some of several, at least one, in any order. */
  some<T>(from: readonly T[]): T[] {
    const rest = [...from];
    const count = this.between(1, from.length);
    return Array.from(
      { length: count },
      () => rest.splice(this.between(0, rest.length - 1), 1)[0]!,
    );
  }

  /** Another source, which does not depend on how this one is used from now on. */
  fork(): Random {
    return new Random(this.between(0, 2 ** 32 - 1));
  }
}

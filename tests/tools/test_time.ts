/**
 * A time that passes only when a test says so.
 * @module
 */
import type { Time } from "../../lib/backend/post.ts";

/** Lets everything that can happen now happen. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** The time of a test, from 0. */
export class TestTime implements Time {
  #now = 0;
  readonly #timers = new Set<{ at: number; call: () => void }>();

  /** @inheritDoc */
  now = (): number => this.#now;

  /** @inheritDoc */
  after = (ms: number, call: () => void): () => void => {
    const timer = { at: this.#now + ms, call };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  };

  /** How many things are still to be called. */
  get timers(): number {
    return this.#timers.size;
  }

  /** Lets so many ms pass; what was to be called is, each at its time, and what follows of it happens. */
  async pass(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settled();
    for (;;) {
      const next = Math.min(...[...this.#timers].map(({ at }) => at));
      if (next > end) break;
      this.#now = next;
      for (const timer of this.#timers) {
        if (timer.at <= next && this.#timers.delete(timer)) timer.call();
      }
      await settled();
    }
    this.#now = end;
    await settled();
  }
}

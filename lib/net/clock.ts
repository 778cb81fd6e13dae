/**
 * One coarse timer for every deadline of every connection: a timer of its own would cost each of them
 * microseconds and a kilobyte (and there are several deadlines a connection).
 * @module
 */

/** Something that has deadlines. */
export interface Timed {
  /**
   * Looks whether a deadline has passed. It must not throw.
   * @param now As {@linkcode Clock.now}.
   */
  tick(now: number): void;
}

/** Calls everything that has deadlines at each tick. */
export class Clock {
  /** The time at the last tick, also one at which nobody was called, in ms since the process began. Never goes back. */
  now: number = performance.now();
  readonly #timed = new Set<Timed>();
  readonly #interval: number;
  readonly #timer: ReturnType<typeof setInterval>;
  #skipped = false;

  /** @param interval Between ticks, in ms: how late a deadline may be noticed, while nothing holds the thread up. */
  constructor(interval: number) {
    this.#interval = interval;
    this.#timer = setInterval(() => this.#tick(), interval);
  }

  /** Adds something, to be called from the next tick on. */
  add(timed: Timed): void {
    this.#timed.add(timed);
  }

  /** Removes it. */
  delete(timed: Timed): void {
    this.#timed.delete(timed);
  }

  /** Ends the ticks. */
  stop(): void {
    clearInterval(this.#timer);
  }

  #tick(): void {
    const before = this.now;
    this.now = performance.now();
    const late = this.now - before > 2 * this.#interval;
    // Where the thread was held up, what has arrived meanwhile is read before anybody is said to be late: by the next tick.
    this.#skipped = late && !this.#skipped;
    if (this.#skipped) return;
    for (const timed of this.#timed) timed.tick(this.now);
  }
}

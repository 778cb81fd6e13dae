/**
 * One coarse timer for every deadline of every connection: a timer of its own would cost each of them
 * microseconds and a kilobyte (and there are several deadlines a connection).
 * @module
 */
import { Count, type Counts, LATE, observe, uncounted } from "./counts.ts";

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
  /** What waits to be written: whoever is called at a tick adds its own, in bytes. */
  queued = 0;
  readonly #timed = new Set<Timed>();
  readonly #interval: number;
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #counts: Counts;
  #skipped = false;

  /**
   * @param interval Between ticks, in ms: how late a deadline may be noticed, while nothing holds the thread up.
   * @param counts Where it is counted how late ticks come and what waits to be written then.
   */
  constructor(interval: number, counts: Counts = uncounted) {
    this.#interval = interval;
    this.#counts = counts;
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
    this.#counts[Count.queued]! -= this.queued;
  }

  #tick(): void {
    const before = this.now, counts = this.#counts;
    this.now = performance.now();
    const passed = this.now - before;
    observe(counts, Count.late, LATE, Math.max(0, passed - this.#interval) / 1000);
    const late = passed > 2 * this.#interval;
    // Where the thread was held up, what has arrived meanwhile is read before anybody is said to be late: by the next tick.
    this.#skipped = late && !this.#skipped;
    if (this.#skipped) return;
    const waited = this.queued;
    this.queued = 0;
    for (const timed of this.#timed) timed.tick(this.now);
    // A row may have several clocks.
    counts[Count.queued]! += this.queued - waited;
  }
}

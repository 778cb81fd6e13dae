/**
 * The clock of a stream, which stamps its messages, as far as it is known here.
 * @module
 */

/** Tells the time of a stream. */
export interface StreamClock {
  /** The time, in ms since 1970; it does not go back. */
  now(): number;
  /** When a message was published, in ms, from its number and its stamp, which is in ms too. */
  timeOf(seq: number, stamp: number): number;
  /** Takes note of what time it was there, between two moments here by `performance.now()`, in ms. */
  observe(there: number, asked: number, answered: number): void;
}

/** A clock that follows the server's. It goes by what elapses here: the machine's own clock may be set meanwhile. */
export class ServerClock implements StreamClock {
  /** How far it is ahead of `performance.now()`, in ms. */
  #ahead = performance.timeOrigin;
  #latest = 0;

  /** @inheritDoc */
  now(): number {
    return this.#latest = Math.max(this.#latest, Math.floor(performance.now() + this.#ahead));
  }

  /** @inheritDoc */
  timeOf(_seq: number, stamp: number): number {
    if (stamp > this.#latest) this.#latest = stamp;
    return stamp;
  }

  /** @inheritDoc */
  observe(there: number, asked: number, answered: number): void {
    this.#ahead = there - (asked + answered) / 2;
  }
}

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
  /** Takes note of what time it was there, between two moments here, in ms. */
  observe(there: number, asked: number, answered: number): void;
}

/** A clock that follows the server's. */
export class ServerClock implements StreamClock {
  /** How far it is ahead of the machine's, in ms. */
  #ahead = 0;
  #latest = 0;

  /** @inheritDoc */
  now(): number {
    return this.#latest = Math.max(this.#latest, Math.floor(Date.now() + this.#ahead));
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

/**
 * So many at once, and so many who wait for their turn, not longer than a time.
 * @module
 */
import type { Time } from "./post.ts";

/** Why somebody has no place. */
export class NoPlace extends Error {
  override name = "NoPlace";
  /** Whether it has waited too long; otherwise too many wait. */
  readonly late: boolean;

  constructor(late: boolean) {
    super(late ? "no place in time" : "too many wait");
    this.late = late;
  }
}

/** Places that are taken and left. */
export class Places {
  readonly #most: number;
  readonly #mostWaiting: number;
  readonly #time: Time;
  /** Who waits, in the order in which they came: each is given the place of one who leaves. */
  readonly #waiting = new Set<PromiseWithResolvers<void>>();
  #taken = 0;

  /**
   * @param most How many there are.
   * @param mostWaiting How many may wait.
   * @param time How it passes.
   */
  constructor(most: number, mostWaiting: number, time: Time) {
    this.#most = most;
    this.#mostWaiting = mostWaiting;
    this.#time = time;
  }

  /**
   * Takes a place; {@linkcode leave} gives it back.
   * @param patience How long to wait for it, in ms.
   * @throws {NoPlace} If there is none.
   */
  async take(patience: number): Promise<void> {
    if (this.#taken < this.#most) {
      this.#taken++;
      return;
    }
    if (this.#waiting.size >= this.#mostWaiting) throw new NoPlace(false);
    const waiting = Promise.withResolvers<void>();
    this.#waiting.add(waiting);
    const cancel = this.#time.after(patience, () => this.#refuse(waiting));
    try {
      await waiting.promise;
    } finally {
      cancel();
    }
  }

  /** Gives a place back: whoever waits longest has it. */
  leave(): void {
    const [next] = this.#waiting;
    if (next === undefined) this.#taken--;
    else if (this.#waiting.delete(next)) next.resolve();
  }

  /** Nobody who waits gets one any more. */
  close(): void {
    for (const waiting of this.#waiting) this.#refuse(waiting);
  }

  /** Unless it has been given one meanwhile. */
  #refuse(waiting: PromiseWithResolvers<void>): void {
    if (this.#waiting.delete(waiting)) waiting.reject(new NoPlace(true));
  }
}

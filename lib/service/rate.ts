/**
 * How often something may happen: a token bucket.
 * @module
 */

/** Allows a rate, and twice that at once. */
export class RateLimit {
  readonly #rate: number;
  #tokens: number;
  #at = performance.now();

  /** @param rate A second; 0: no limit. */
  constructor(rate: number) {
    this.#rate = rate;
    this.#tokens = rate * 2;
  }

  /** Notes that it happened. Returns whether it may. */
  take(): boolean {
    if (this.#rate === 0) return true;
    if (this.#tokens < 1) {
      const now = performance.now();
      this.#tokens = Math.min(this.#rate * 2, this.#tokens + (now - this.#at) / 1000 * this.#rate);
      this.#at = now;
      if (this.#tokens < 1) return false;
    }
    this.#tokens--;
    return true;
  }
}

/**
 * How often something may happen: a token bucket.
 * @module
 */

/** Allows a rate, and twice that at once, or as much as is said. */
export class RateLimit {
  readonly #rate: number;
  readonly #burst: number;
  #tokens: number;
  #at = performance.now();

  /**
   * @param rate A second; 0: no limit.
   * @param burst How often at once.
   */
  constructor(rate: number, burst: number = rate * 2) {
    this.#rate = rate;
    this.#burst = burst;
    this.#tokens = burst;
  }

  /** Notes that it happened. Returns whether it may. */
  take(): boolean {
    if (this.#rate === 0) return true;
    if (this.#tokens < 1) {
      const now = performance.now();
      this.#tokens = Math.min(this.#burst, this.#tokens + (now - this.#at) / 1000 * this.#rate);
      this.#at = now;
      if (this.#tokens < 1) return false;
    }
    this.#tokens--;
    return true;
  }
}

/**
 * Whether memory stays bounded while inputs come and go.
 * @module
 */

/** What it may have grown by at the end, in bytes: what is kept for later is bounded, and this is more. */
const GROWTH = 64 << 20;
/** Between two looks, in ms: each collects what is not in use. */
const EVERY = 3000;

/** What is in use once what is not has been collected, from the first look on. */
export class Memory {
  #first: number | undefined;
  #last = 0;
  #at = performance.now();

  /** Looks, if it is time to. */
  look(): void {
    if (performance.now() - this.#at < EVERY) return;
    this.#at = performance.now();
    (globalThis as { gc?: () => void }).gc?.();
    const { heapUsed, external } = Deno.memoryUsage();
    this.#last = heapUsed + external;
    this.#first ??= this.#last;
  }

  /** Whether there was time to. */
  get looked(): boolean {
    return this.#first !== undefined;
  }

  /** Whether it has grown by more than it may. */
  get grown(): boolean {
    return this.#first !== undefined && this.#last - this.#first > GROWTH;
  }

  /** The first look, and the last. */
  told(): string {
    const mib = (bytes: number) => `${(bytes / (1 << 20)).toFixed(1)} MiB`;
    return this.#first === undefined ? "not looked at" : `${mib(this.#first)}, ${mib(this.#last)}`;
  }
}

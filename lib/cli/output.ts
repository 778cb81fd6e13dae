/**
 * Lines for a reader who may be slow, or leave.
 * @module
 */

/** Writes lines one behind the other, and knows how much waits. */
export class Output {
  /** Rejects when nothing more can be written; it does not resolve. */
  readonly failed: Promise<never>;
  /** What waits to be written, in bytes. */
  size = 0;
  readonly #write: (bytes: Uint8Array) => Promise<number>;
  readonly #encoder = new TextEncoder();
  #fail!: (error: unknown) => void;
  #waiting: Uint8Array[] = [];
  #drained: { least: number; resolve: () => void }[] = [];
  #writing = false;
  #broken = false;

  /** @param write Takes some of the bytes, and says how many. */
  constructor(write: (bytes: Uint8Array) => Promise<number>) {
    this.#write = write;
    this.failed = new Promise((_, reject) => this.#fail = reject);
    // Whoever waits for it is told; that nobody does is no fault.
    this.failed.catch(() => {});
  }

  /** Takes a line, without its end. */
  line(text: string): void {
    if (this.#broken) return;
    const bytes = this.#encoder.encode(text + "\n");
    this.size += bytes.length;
    this.#waiting.push(bytes);
    if (!this.#writing) this.#run();
  }

  /** Resolves when at most so many bytes wait. */
  drained(least = 0): Promise<void> {
    if (this.size <= least) return Promise.resolve();
    return new Promise((resolve) => this.#drained.push({ least, resolve }));
  }

  async #run(): Promise<void> {
    this.#writing = true;
    try {
      while (this.#waiting.length > 0) {
        // All that has gathered leaves as one: a line each would be a system call each.
        const bytes = join(this.#waiting);
        this.#waiting = [];
        for (let at = 0; at < bytes.length;) at += await this.#write(bytes.subarray(at));
        this.size -= bytes.length;
        this.#drained = this.#drained.filter(({ least, resolve }) =>
          !(this.size <= least && (resolve(), true))
        );
      }
    } catch (error) {
      this.#broken = true;
      this.#waiting = [];
      this.#fail(error);
    }
    this.#writing = false;
  }
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

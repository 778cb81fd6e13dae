/**
 * How far a run is: what waits, waits for so many messages, not for time.
 * @module
 */

/** How many messages have been published, and whether connections are still cut. */
export class Progress {
  /** Whether the server is killed now and then: it may end any connection, and refuse. */
  readonly mortal: boolean;
  /** Resolves while the server is there, or when it is again. */
  there: Promise<void> = Promise.resolve();
  /** The number of the last message that was seen. */
  seq = 0;
  /** Whether no connection is cut any more. */
  calm = false;
  /** Whether the run has ended, well or not: nobody connects again. */
  over = false;
  /** Rejects with what somebody found wrong. */
  readonly failed: Promise<never>;
  /** Says that something is wrong. */
  readonly fail: (error: unknown) => void;
  #waiting: { seq: number; go: () => void }[] = [];
  #back = () => {};

  /** @param mortal Whether the server is killed now and then. */
  constructor(mortal = false) {
    this.mortal = mortal;
    const { promise, reject } = Promise.withResolvers<never>();
    this.failed = promise;
    this.fail = reject;
    // It is awaited in the end; nobody may be waiting yet.
    promise.catch(() => {});
  }

  /** The server is going. */
  down(): void {
    const { promise, resolve } = Promise.withResolvers<void>();
    [this.there, this.#back] = [promise, resolve];
  }

  /** It is there again. */
  up(): void {
    this.#back();
  }

  /** Resolves when so many more messages have been published, or all is calm. */
  more(count: number): Promise<void> {
    if (this.calm) return Promise.resolve();
    return new Promise((go) => this.#waiting.push({ seq: this.seq + count, go }));
  }

  /** Notes that a message was published. */
  reach(seq: number): void {
    this.seq = seq;
    this.#release((waiting) => waiting.seq <= seq);
  }

  /** From now on nothing is cut. */
  calmDown(): void {
    this.calm = true;
    this.#release(() => true);
  }

  /** Ends the run. */
  end(): void {
    this.over = true;
    this.up();
    this.calmDown();
  }

  #release(due: (waiting: { seq: number }) => boolean): void {
    const ready = this.#waiting.filter(due);
    if (ready.length === 0) return;
    this.#waiting = this.#waiting.filter((waiting) => !due(waiting));
    for (const { go } of ready) go();
  }
}

/**
 * How far a run is: what waits, waits for so many messages, not for time.
 * @module
 */

/** How many messages have been published, and whether connections are still cut. */
export class Progress {
  /** The number of the last message that was seen. */
  seq = 0;
  /** Whether no connection is cut any more. */
  calm = false;
  /** Whether the run has ended, well or not: nobody connects again. */
  over = false;
  #waiting: { seq: number; go: () => void }[] = [];

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
    this.calmDown();
  }

  #release(due: (waiting: { seq: number }) => boolean): void {
    const ready = this.#waiting.filter(due);
    if (ready.length === 0) return;
    this.#waiting = this.#waiting.filter((waiting) => !due(waiting));
    for (const { go } of ready) go();
  }
}

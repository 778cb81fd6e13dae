/**
 * A log that takes messages only when a test lets it.
 * @module
 */
import type { EngineError } from "../../lib/hub/engine.ts";
import type { Log, LogListener, LogRecord, LogState } from "../../lib/engine/log.ts";

/** A log in memory that can be made to stall, and to fail. */
export class StallingLog implements Log {
  #listener!: LogListener;
  #seq = 0;
  #stalled = false;
  #waiting: { record: LogRecord; resolve: (seq: number) => void; reject: (e: Error) => void }[] =
    [];
  #arrived = Promise.withResolvers<void>();

  /** Resolves when something waits. */
  get appending(): Promise<void> {
    return this.#arrived.promise;
  }

  /** From now on nothing is taken. */
  stall(): void {
    this.#stalled = true;
    this.#arrived = Promise.withResolvers<void>();
  }

  /** Takes what waits, and what comes. */
  goOn(): void {
    this.#stalled = false;
    for (const { record, resolve } of this.#waiting.splice(0)) resolve(this.#take(record));
  }

  /**
   * Refuses what waits, and takes what comes.
   * @param taken Whether it has what waited all the same, and tells of it afterwards.
   */
  fail(error: EngineError, taken = false): void {
    this.#stalled = false;
    for (const { record, reject } of this.#waiting.splice(0)) {
      reject(error);
      if (taken) this.#take(record);
    }
  }

  follow(listener: LogListener): LogState {
    this.#listener = listener;
    return { epoch: "stalling", forgotten: { seq: 0, time: 0 }, keys: [], entries: [] };
  }

  append(record: LogRecord): Promise<number> {
    if (!this.#stalled) return Promise.resolve(this.#take(record));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ record, resolve, reject });
      this.#arrived.resolve();
    });
  }

  #take(record: LogRecord): number {
    const seq = ++this.#seq;
    this.#listener.entry({ ...record, seq, time: 0 });
    return seq;
  }

  drop(): void {}

  dropKeys(): void {}

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/**
 * The embedded engine: order and memory in this process, gone with it.
 * @module
 */
import { LogEngine } from "./engine.ts";
import type { FoldLimits } from "./fold.ts";
import type { Log, LogListener, LogRecord, LogState } from "./log.ts";

/** A log that is only a counter: what is remembered is remembered by the fold. */
class MemoryLog implements Log {
  readonly #now: () => number;
  readonly #epoch: string;
  #seq = 0;
  #listener: LogListener | undefined;

  constructor(now: () => number, epoch: string) {
    this.#now = now;
    this.#epoch = epoch;
  }

  follow(listener: LogListener): LogState {
    this.#listener = listener;
    return { epoch: this.#epoch, forgotten: { seq: 0, time: 0 }, keys: [], entries: [] };
  }

  append(record: LogRecord): Promise<number> {
    const seq = ++this.#seq;
    this.#listener!.entry({ ...record, seq, time: this.#now() });
    return Promise.resolve(seq);
  }

  drop(): void {}

  dropKeys(): void {}

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Remembers messages in this process. */
export class MemoryEngine extends LogEngine {
  /**
   * @param limits How much is remembered.
   * @param now The time, in ms; it does not go back.
   * @param epoch A name that no other life has had.
   */
  constructor(limits: FoldLimits, now: () => number, epoch: string) {
    super(new MemoryLog(now, epoch), limits, now);
  }
}

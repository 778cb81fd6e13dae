/**
 * What becomes of publishes, and how long they take: from when one has come whole to when the last write of this thread to
 * a subscriber has begun.
 * @module
 */
import { EngineError, type Published } from "../hub/engine.ts";
import { HttpError, type Reason } from "../http/error.ts";
import { type Counts, observe } from "../net/counts.ts";
import { type Flushable, flushLater } from "../net/turn.ts";
import { DELIVERY, results, Tally } from "./tally.ts";

/** What has become of a publish. */
export type Result = typeof results[number];
/** How it came. */
export type Via = "http" | "websocket";

/** What refusals mean for whoever publishes, where it is more than that it may not, or not so. */
const ofReason: Partial<Record<Reason, Result>> = {
  backend: "unavailable",
  draining: "unavailable",
  engine: "unavailable",
  fault: "failed",
  full: "unavailable",
  keys: "unavailable",
  uncertain: "uncertain",
};

/** Counts publishes. */
export class Publishes implements Flushable {
  readonly #counts: Counts;
  /** When those came of which the writes have not begun. */
  #waiting: number[] = [];

  /** @param counts Where to. */
  constructor(counts: Counts) {
    this.#counts = counts;
  }

  /**
   * Counts one that went well.
   * @param came When it had come whole, by `performance.now()`.
   */
  done(via: Via, came: number, { replayed, subscribers }: Omit<Published, "id">): void {
    this.#count(via, replayed ? "replayed" : "published");
    if (replayed) return;
    if (subscribers === 0) return this.#observe(came, performance.now());
    // Its subscribers' writes wait for the end of this turn, or of one of the next, and this behind them.
    if (this.#waiting.length === 0) flushLater(this);
    this.#waiting.push(came);
  }

  /** Counts one that did not. */
  failed(via: Via, error: unknown): void {
    if (error instanceof EngineError) {
      this.#count(via, error.uncertain ? "uncertain" : "unavailable");
    } else if (error instanceof HttpError) this.#count(via, ofReason[error.reason] ?? "refused");
    else this.#count(via, "failed");
  }

  /** Counts one that may not be. */
  refused(via: Via): void {
    this.#count(via, "refused");
  }

  /** @inheritDoc */
  flush(): void {
    const now = performance.now();
    for (const came of this.#waiting) this.#observe(came, now);
    this.#waiting = [];
  }

  #observe(came: number, now: number): void {
    observe(this.#counts, Tally.delivery, DELIVERY, (now - came) / 1000);
  }

  #count(via: Via, result: Result): void {
    const place = results.indexOf(result) + (via === "http" ? 0 : results.length);
    this.#counts[Tally.publishes + place]!++;
  }
}

/**
 * Turns of the event loop: what is done in one, so that everybody has one.
 * @module
 */
import { setImmediate } from "node:timers";

/** What has bytes to send. */
export interface Flushable {
  /** Begins to write them, if there still are any. */
  flush(): void;
}

/**
 * How many writes are begun at the end of one turn. Deno puts off what a turn does beyond 128 calls to sockets, and takes
 * it up again later, at more cost and not in order: some would wait for seconds.
 */
const WRITES = 64;
/** So many that were flushed are forgotten at once, while others wait. */
const FORGOTTEN = 1024;

/** What waits to be flushed, in the order in which it is: the first ones at the end of this turn. */
const waiting: Flushable[] = [];
/** How many of them have been. */
let flushed = 0;

/** Flushes something at the end of this turn, or of one of the next: after what waits already. */
export function flushLater(outbox: Flushable): void {
  if (waiting.length === 0) setImmediate(flushWaiting);
  waiting.push(outbox);
}

/** Resolves when all has been flushed that waits for it now. */
export function begun(): Promise<void> {
  return new Promise((resolve) => flushLater({ flush: resolve }));
}

function flushWaiting(): void {
  const end = Math.min(flushed + WRITES, waiting.length);
  while (flushed < end) waiting[flushed++]!.flush();
  if (flushed === waiting.length || flushed >= FORGOTTEN) {
    waiting.splice(0, flushed);
    flushed = 0;
  }
  if (waiting.length > 0) setImmediate(flushWaiting);
}

/** Steps in a row before Deno is made to look at its sockets: about a millisecond's work. */
const STEPS = 8;
let steps = 0;
let pause: Promise<void> | undefined;

/**
 * Resolves after what else is ready has been served. As long as there is always something to do next Deno hardly looks
 * at its sockets; only while it waits for a timer does it. So from time to time all that inflate wait for one.
 */
export function nextTurn(): Promise<void> {
  if (++steps < STEPS) return new Promise((resolve) => setImmediate(resolve));
  return pause ??= new Promise((resolve) =>
    void setTimeout(() => {
      steps = 0;
      pause = undefined;
      resolve();
    }, 0)
  );
}

/**
 * How fast somebody is told what they missed: no faster than they take it.
 * @module
 */
import type { Outbox } from "./outbox.ts";

/** What may wait to be sent before more of what was missed follows, in bytes. */
const CATCH_UP = 64 * 1024;

/** Resolves when more of what was missed can be sent; `undefined` if it can at once. */
export function caughtUp(
  to: Pick<Outbox, "bufferedAmount" | "drained">,
): Promise<void> | undefined {
  return to.bufferedAmount > CATCH_UP ? to.drained(CATCH_UP) : undefined;
}

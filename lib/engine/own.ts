/**
 * Engines and logs that are somebody's own.
 * @module
 */
import type { Log } from "./log.ts";

/** A log of one's own, and its clock. */
export interface OwnLog extends Log {
  /** The time, in ms; it does not go back, also not over a restart. */
  now(): number;
}

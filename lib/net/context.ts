/**
 * What the connections of a listener have in common.
 * @module
 */
import type { Backlog } from "./backlog.ts";
import type { Callers } from "./callers.ts";
import type { Clock } from "./clock.ts";
import type { Handle } from "./connection.ts";
import type { Counts } from "./counts.ts";
import type { ConnectionSettings } from "./settings.ts";
import type { Watch } from "./watch.ts";

/** What connections have in common. */
export interface ConnectionContext {
  /** Answers requests. */
  handle: Handle;
  /** Limits and times. */
  settings: ConnectionSettings;
  /** Drives every deadline. */
  clock: Clock;
  /** Told of faults of ours: they end one connection only. */
  fault: (error: unknown) => void;
  /** Told of what did not go well. */
  watch: Watch;
  /** Knows who asks. */
  callers: Callers;
  /** Where what happens is counted. */
  counts: Counts;
  /** Counts what waits to be written. */
  backlog: Backlog;
  /** Whether the server is shutting down. */
  draining: boolean;
}

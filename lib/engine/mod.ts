/**
 * What a log or an engine of one's own is made with. A log numbers messages and keeps them; {@linkcode LogEngine} makes an
 * engine of it, by what Kodama remembers of every log. `kodama({ engine })` takes either, and
 * `@kodama/kodama/testing` says whether it is right.
 * @module
 */
export {
  type ChannelInfo,
  type Engine,
  EngineError,
  type EngineListener,
  type EngineStats,
  type History,
  type Published,
  type SharedStats,
} from "../hub/engine.ts";
export type { Carrier } from "../hub/bus.ts";
export { type Cursor, formatCursor, type Loss, parseSince, type Since } from "../hub/cursor.ts";
export { type Draft, type Form, type Kind, Message } from "../hub/message.ts";
export { LogEngine } from "./engine.ts";
export { newEpoch } from "./epoch.ts";
export { cost, type FoldLimits } from "./fold.ts";
export type {
  Duplicate,
  Log,
  LogEntry,
  LogKey,
  LogListener,
  LogRecord,
  LogState,
  Place,
} from "./log.ts";
export type { OwnLog } from "./own.ts";

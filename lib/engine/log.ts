/**
 * A log numbers messages and keeps them. What is remembered of it, and what a history answers, is the fold's: so every
 * engine tells the same, and another one is only a log.
 * @module
 */
import type { Carrier } from "../hub/bus.ts";
import type { Loss } from "../hub/cursor.ts";
import type { SharedStats } from "../hub/engine.ts";
import type { Draft } from "../hub/message.ts";

/** A message, as it is given to a log. */
export interface LogRecord extends Draft {
  /** For the receipt. */
  subscribers: number;
  /** The idempotency key that it was published under. */
  key: string | undefined;
}

/** Number and time of a message. */
export interface Place {
  /** Its number; 0: before the first. */
  seq: number;
  /** When it was published, in ms on the log's clock. */
  time: number;
}

/** A message that has its place in a log. */
export interface LogEntry extends LogRecord, Place {
  /** The message before it on its channel, where the log knows it: everything after that one is in the log. */
  before?: Place;
}

/** A key of a message that the log keeps no longer. */
export interface LogKey extends Place {
  /** Where that was published. */
  channel: string;
  /** The key. */
  key: string;
  /** For the receipt. */
  subscribers: number;
}

/** What a log keeps, when somebody begins to follow it. */
export interface LogState {
  /** Names this life of the log. */
  epoch: string;
  /** The newest message of those that are gone with all of their channel: of channels without entries nothing before it is known. */
  forgotten: Place;
  /** Keys of the last 10 minutes, oldest first. */
  keys: Iterable<LogKey>;
  /** What it keeps, oldest first. */
  entries: Iterable<LogEntry>;
}

/** Says that a message was not appended, as it is there already under the same key. */
export interface Duplicate {
  /** The number of the one that is. */
  duplicate: number;
}

/** Whoever follows a log. */
export interface LogListener {
  /** The next entry: each once, in order, whoever appended it. */
  entry(entry: LogEntry): void;
  /** Between the entry before and the next, some may be missing; with `epoch` it begins anew, and knows nothing of before. */
  lost(reason: Loss, state?: LogState): void;
  /** Whether it can be appended to: `undefined`, or why not. */
  reachable(why: string | undefined): void;
  /** The newest message of a channel that is known, be it remembered or not. */
  newest(channel: string): Place;
  /** The newest message of all channels that are forgotten. */
  forgotten(): Place;
}

/** Numbers messages and keeps them. */
export interface Log {
  /** Carries what is not kept to the others who append to it, of a log that others do. */
  readonly carrier?: Carrier;

  /**
   * Begins to tell of entries. Only one follows a log, and it does so from the beginning.
   * @returns What it keeps; the next entry that is told is the one after it.
   */
  follow(listener: LogListener): LogState;

  /**
   * Appends a message. What is appended while others are on their way goes with them or right after, in one batch.
   * @param earlier Of a log that others append to as well: the number of a message under the same key, which is too old to count.
   * @returns Its number, once it is kept as this log promises and the listener has been told.
   * @throws {EngineError} If it is not kept, or if that is uncertain.
   */
  append(record: LogRecord, earlier?: number): Promise<number | Duplicate>;

  /**
   * Of a log that others append to as well: waits for an entry that may be there already and has not been told yet, for a
   * second at most; and makes sure that the log is still the one that was told of.
   * @throws {EngineError} If it is not known whether it is there, or it does not come.
   */
  reach?(seq: number): Promise<void>;

  /** How things stand, of a log that is somewhere else. */
  stats?(): SharedStats;

  /**
   * Lets go of an entry that is not remembered any more, now or later.
   * @param seq Of a channel, always the oldest.
   */
  drop(seq: number): void;

  /**
   * Lets go of keys.
   * @param seq Of these messages and all before them.
   */
  dropKeys(seq: number): void;

  /** Ends it, with everything kept. */
  close(): Promise<void>;
}

/**
 * What keeps the order and the memory of messages. The embedded one is in `memory.ts`; others share messages
 * between processes. All pass the tests of `tests/engine/engine_suite.ts`.
 * @module
 */
import type { Loss, Since } from "./cursor.ts";
import type { Draft, Message } from "./message.ts";

/** Says that a publish was taken. */
export interface Published {
  /** The message's id. */
  id: string;
  /** How many subscribers were told, when it was taken. */
  subscribers: number;
  /** Whether it had been taken before, under the same key: nothing was published now. */
  replayed: boolean;
}

/** What was missed. */
export interface History {
  /** The id of the last message taken into account: what is published after it is not in here. */
  open: string;
  /** Its number. */
  seq: number;
  /** The channels on which something may be missing, with why. Empty: nothing is. */
  lost: Map<string, Loss>;
  /** What is remembered, oldest first. */
  messages: Message[];
}

/** Keeps the order and the memory of messages. */
export interface Engine {
  /**
   * Takes a message: gives it its place, remembers it, and tells the listener, all before it resolves.
   * @param draft The message.
   * @param subscribers For the receipt, which a repeat under the same key gets again.
   * @param key The same key on the same channel within 10 minutes publishes once.
   * @throws {EngineError} If it cannot be taken now; it was not published.
   */
  publish(draft: Draft, subscribers: number, key?: string): Promise<Published>;

  /**
   * Looks up what came on some channels since some point. Messages that the listener gets after this resolves, or
   * has got since it was called, have a higher number than `seq`, or are in the result.
   * @param since `undefined`: from now on; nothing is missed.
   * @param limit Keeps the newest so many.
   */
  history(
    channels: readonly string[],
    since: Since | undefined,
    limit?: number,
  ): Promise<History>;

  /** The id of the last message on a channel, while it is remembered. */
  last(channel: string): string | undefined;

  /** Tells the one listener of every message, in the order of their numbers. */
  listen(listener: (message: Message) => void): void;

  /** Ends it. */
  close(): Promise<void>;
}

/** A publish that cannot be taken now. */
export class EngineError extends Error {
  override name = "EngineError";
}

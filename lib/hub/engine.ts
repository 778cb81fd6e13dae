/**
 * What the hub asks of whoever keeps the order and the memory of messages. `lib/engine` has those that do; all pass the
 * tests of `tests/engine/engine_suite.ts`.
 * @module
 */
import type { Carrier } from "./bus.ts";
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

/** A channel, as an operator sees it. */
export interface ChannelInfo {
  /** Its name. */
  name: string;
  /** How many subscribe to it. */
  subscribers: number;
  /** The id of its last message, while that is remembered. */
  last: string | undefined;
}

/** How things stand with an engine. */
export interface EngineStats {
  /** Messages published here since it began. */
  published: number;
  /** How many are remembered. */
  remembered: number;
  /** What is remembered, in bytes as the limit counts them. */
  bytes: number;
  /** How many channels somebody subscribes to, wherever that is; of an engine that is told, as {@linkcode Engine.interest} is. */
  channels?: number;
  /** How it stands with what others share it by, where it is shared. */
  log?: SharedStats;
}

/** How things stand with what several engines share. */
export interface SharedStats {
  /** How long it takes to ask it something, in ms. */
  roundTrip: number;
  /** How many messages it has that have not come yet. */
  behind: number;
  /** How often it was connected again. */
  reconnects: number;
  /** How often it stood still, and was followed anew. */
  anew: number;
}

/** Whoever is told what an engine has taken. */
export interface EngineListener {
  /** The next message, in the order of their numbers. */
  message(message: Message): void;
  /**
   * Between the message before and the next, some may be missing.
   * @param reason Why.
   * @param open The id from which messages follow.
   */
  lost(reason: Loss, open: string): void;
  /**
   * Publishes are refused from now on, or taken again.
   * @param why Why they are refused; `undefined` if they are not.
   */
  reachable(why: string | undefined): void;
}

/** Keeps the order and the memory of messages. */
export interface Engine {
  /** Why it cannot be reached at present: publishes are refused. `undefined` while it can. */
  readonly unreachable: string | undefined;

  /** Carries what is not kept to the other threads and nodes that use it, of an engine that others use. */
  readonly carrier?: Carrier | undefined;

  /**
   * Takes a message: gives it its place, remembers it, and tells the listener, all before it resolves.
   * @param draft The message.
   * @param subscribers For the receipt, which a repeat under the same key gets again.
   * @param key The same key on the same channel within 10 minutes publishes once.
   * @throws {EngineError} If it cannot be taken now; it was not published, unless the error is uncertain.
   */
  publish(draft: Draft, subscribers: number, key?: string): Promise<Published>;

  /**
   * Looks up what came on some channels since some point. Messages that the listener gets after this resolves, or
   * has got since it was called, have a higher number than `seq`, or are in the result.
   * @param since `undefined`: from now on; nothing is missed.
   * @param limit Keeps the newest so many.
   * @throws {EngineError} If it cannot be said now.
   */
  history(
    channels: readonly string[],
    since: Since | undefined,
    limit?: number,
  ): Promise<History>;

  /** The id of the last message on a channel, while it is remembered. */
  last(channel: string): Promise<string | undefined>;

  /** How things stand. */
  stats(): Promise<EngineStats>;

  /**
   * Told how many subscribe to a channel here, whenever that changes, and before what it remembers is looked up: of an
   * engine that other threads or processes use too, the listener hears only of channels that somebody here subscribes to.
   */
  interest?(channel: string, subscribers: number): void;

  /** The channels that somebody subscribes to, wherever that is, of an engine that {@linkcode interest} is told. */
  channels?(): Promise<ChannelInfo[]>;

  /** Tells the one listener of every message, in the order of their numbers. */
  listen(listener: EngineListener): void;

  /** Ends it. */
  close(): Promise<void>;
}

/** A publish that cannot be taken now. */
export class EngineError extends Error {
  /** Its kind. */
  override name = "EngineError";
  /** Why. */
  readonly reason: string;
  /** Whether it may have been published all the same: only a repeat under the same key is safe. */
  readonly uncertain: boolean;
  /** Whether it is too large, now and ever. */
  readonly tooLarge: boolean;

  /**
   * Makes one.
   * @param reason Why, for whoever publishes.
   * @param uncertain Whether it may have been published all the same.
   * @param tooLarge Whether it is too large.
   */
  constructor(reason: string, uncertain = false, tooLarge = false) {
    super(uncertain ? `uncertain whether it was published: ${reason}` : reason);
    this.reason = reason;
    this.uncertain = uncertain;
    this.tooLarge = tooLarge;
  }
}

/**
 * Subscribers, as the hub sees them.
 * @module
 */
import type { Loss } from "./cursor.ts";
import type { Message } from "./message.ts";

/** Somebody who is there, as others are told. */
export interface Member {
  /** Who. */
  sub: string;
  /** What is known of who that is: a JSON value. */
  info?: unknown;
}

/** Told of each who subscribes to a channel, or does no more. */
export type Crowd = (channel: string, subscriber: Subscriber, by: 1 | -1) => void;

/** Whoever is told of messages. It must not throw. */
export interface Subscriber {
  /** Who is there on a channel by this; always the same there. `undefined`, or without this: nobody in particular. */
  member?(channel: string): Member | undefined;
  /** Of what was published by this sender it is told nothing. */
  readonly sender?: string | undefined;
  /** Whether it is nobody, and only holds a place. */
  readonly absent?: true;
  /** Takes a message. */
  deliver(message: Message): void;
  /** Resolves when it can take more of what it missed; `undefined` if it can at once. */
  ready(): Promise<void> | undefined;
  /** A message waits for it, apart from its queue, until it is delivered or let go of. */
  keep?(message: Message): void;
  /** A message waits no more. */
  letGo?(message: Message): void;
  /** Too much has come in while it was taking what it missed: it is too slow. */
  overrun(): void;
  /** Something between what it was told and what comes may be missing. */
  lost(gap: Gap): void;
}

/** What a subscriber is told when it may have missed something in the midst. */
export interface Gap {
  /** The id from which messages follow. */
  open: string;
  /** The channels on which something may be missing, with why. */
  lost: Map<string, Loss>;
}

/** What a subscriber is told first: where it stands, and whether something is missing. */
export interface Opening {
  /** The id from which live messages follow, once what was missed has been told. */
  open: string;
  /** The id before the first message that was missed; `open` if none was. Who is cut off before the end resumes here. */
  resume: string;
  /** The channels on which something may be missing, with why. */
  lost: Map<string, Loss>;
}

/**
 * What crosses between a thread that serves and the engine's: plain values in batches, one a turn each way.
 * @module
 */
import type { Cursor, Loss, Since } from "../hub/cursor.ts";
import type { ChannelInfo, EngineStats, Published } from "../hub/engine.ts";
import { type Draft, EACH, type Kind, Message } from "../hub/message.ts";

/** An end of a channel between two threads: a `MessagePort` is one. */
export interface Port {
  postMessage(message: unknown): void;
  onmessage: ((event: MessageEvent) => void) | null;
  close(): void;
}

/** Messages, one behind the other without objects of their own, which would cost more to copy than what is in them. */
export type PackedMessages = (string | number | Uint8Array | undefined)[];

const FIELDS = 6;

/** Adds a message. */
export function pack(packed: PackedMessages, message: Message): void {
  const { channel, kind, body, seq, time, sender } = message;
  packed.push(channel, kind, body, seq, time, sender);
}

/** What may be on its way to a thread that serves, in bytes: it is told no more before it has taken half of that. */
export const MAX_AHEAD = 32 << 20;

/** What a text counts of that, in bytes. */
export function weightOf(text: string): number {
  return 2 * text.length + EACH;
}

/** What was added, one by one. */
export function* unpack(packed: PackedMessages, epoch: string): Generator<Message> {
  for (let i = 0; i < packed.length; i += FIELDS) {
    const place: Cursor = { epoch, seq: packed[i + 3] as number };
    const channel = packed[i] as string, kind = packed[i + 1] as Kind;
    const body = packed[i + 2] as Uint8Array, sender = packed[i + 5] as string | undefined;
    yield new Message({ channel, kind, body, sender }, place, packed[i + 4] as number);
  }
}

/** A history, packed. */
export interface PackedHistory {
  epoch: string;
  seq: number;
  lost: Map<string, Loss>;
  messages: PackedMessages;
}

/** What the engine is asked; the answer to the n-th request of a port is its n-th. */
export type Request =
  | Draft & { ask: "publish"; key: string | undefined }
  | {
    ask: "history";
    channels: readonly string[];
    since: Since | undefined;
    limit: number | undefined;
  }
  | { ask: "last"; channel: string }
  | { ask: "channels" }
  | { ask: "stats" };

/** What it answers. */
export interface Answers {
  publish: Published;
  history: PackedHistory;
  last: string | undefined;
  channels: ChannelInfo[];
  stats: EngineStats;
}

/** From a thread that serves. */
export interface ToEngine {
  /** How many subscribe there, of each channel where that has changed. Counts before the requests. */
  interest: [channel: string, subscribers: number][];
  requests: [ref: number, request: Request][];
  /** For all others: what is not kept. */
  texts: string[];
  /** What it has taken of all messages and texts so far, in bytes. */
  taken: number;
}

/** From the engine: messages come before answers. */
export interface FromEngine {
  /** Names its life. */
  epoch: string;
  /** The number of the last message: all up to it have been told, of the channels that somebody there subscribes to. */
  seq: number;
  messages: PackedMessages;
  answers: Answer[];
  /** From others: what is not kept. */
  texts: string[];
  /** Why it cannot be reached. */
  unreachable: string | undefined;
  /** Before these messages some may be missing, with why, and the id from which they follow. */
  lost?: { reason: Loss; open: string };
  /** Before these messages some were not told, since too much was on its way: it is to ask for them. */
  behind?: true;
}

/** The answer to one request. */
export type Answer =
  | { ref: number; value: unknown }
  | { ref: number; error: string; uncertain: boolean; tooLarge: boolean; engine: boolean };

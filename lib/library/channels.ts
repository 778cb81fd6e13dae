/**
 * Channels from within the program that serves them: publishing, and hearing what comes.
 * @module
 */
import { type Loss, parseSince, type Since } from "../hub/cursor.ts";
import type { Gap, Hub } from "../hub/hub.ts";
import type { Draft, Kind } from "../hub/message.ts";
import { isKey, nameFault } from "../hub/name.ts";
import { Follower } from "./follower.ts";
import { Unread } from "./unread.ts";

/** Says that a message was published. */
export interface Receipt {
  /** The message's id. */
  id: string;
  /** How many subscribers were told, when it was taken. */
  subscribers: number;
  /** Whether it had been published before, under the same key: nothing was published now. */
  replayed: boolean;
}

/** How something is published. */
export interface PublishOptions {
  /** Idempotency key: the same on the same channel within 10 minutes publishes once. 1 to 128 visible ASCII characters. */
  key?: string;
}

/** From where on, and until when, somebody hears a channel. */
export interface SubscribeOptions {
  /** An id, `all`, or an age such as `30s`: what is remembered from there on comes first. Default: from now on. */
  since?: string | null | undefined;
  /** Ends it, with what has not been taken. */
  signal?: AbortSignal | undefined;
  /** Told at once where messages may be missing. The next one of that channel says so, too. */
  gap?: ((gap: ChannelGap) => unknown) | undefined;
}

/** Says that messages may be missing. */
export interface ChannelGap {
  /** The channels on which they may, with why. */
  lost: Record<string, Loss>;
  /** The id from which messages follow. */
  id: string;
}

/** A message, as the program hears it. */
export interface ChannelMessage {
  /** Its id; `since` takes it. */
  id: string;
  /** Where it was published. */
  channel: string;
  /** What it was published as. */
  kind: Kind;
  /** A text, bytes that are yours to keep, or the value that the JSON has. */
  // deno-lint-ignore no-explicit-any
  data: any;
  /** Before it, on its channel, something may be missing; and why. */
  lost?: Loss;
}

/** What comes on channels, until it is ended: by `break`, its signal, or the end of the server. */
export interface Subscription extends AsyncIterableIterator<ChannelMessage>, AsyncDisposable {
  /** Ends it. */
  return(): Promise<IteratorResult<ChannelMessage>>;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * What is published: a string as text, bytes as they are, and anything else as JSON.
 * @throws {TypeError} If it cannot be JSON.
 */
export function bodyOf(data: unknown): Omit<Draft, "channel"> {
  if (typeof data === "string") return { kind: "text", body: encoder.encode(data) };
  if (data instanceof ArrayBuffer) return { kind: "binary", body: new Uint8Array(data.slice(0)) };
  if (ArrayBuffer.isView(data)) {
    const { buffer, byteOffset, byteLength } = data;
    return { kind: "binary", body: new Uint8Array(buffer, byteOffset, byteLength).slice() };
  }
  const json = JSON.stringify(data);
  if (json === undefined) throw new TypeError(`a ${typeof data} cannot be published`);
  return { kind: "json", body: encoder.encode(json) };
}

/** What a message holds: a text, bytes, or the value that the JSON has. */
export function dataOf({ kind, body }: Pick<Draft, "kind" | "body">): unknown {
  if (kind === "binary") return body.slice();
  const text = decoder.decode(body);
  return kind === "json" ? JSON.parse(text) : text;
}

/**
 * Publishes.
 * @param maxMessage The largest message, in bytes.
 * @throws {TypeError} If the channel has no such name, the key is none, or the data cannot be JSON.
 * @throws {RangeError} If it is too large.
 * @throws {EngineError} If the engine cannot take it now.
 */
export async function publishTo(
  hub: Hub,
  channel: string,
  data: unknown,
  { key }: PublishOptions,
  maxMessage: number,
): Promise<Receipt> {
  checkName(channel);
  if (key !== undefined && !(typeof key === "string" && isKey(key))) {
    throw new TypeError("key must be 1 to 128 visible ASCII characters");
  }
  const content = bodyOf(data);
  if (content.body.length > maxMessage) {
    throw new RangeError(`a message of ${content.body.length} bytes is over ${maxMessage}`);
  }
  return await hub.publish({ channel, ...content }, key);
}

/**
 * Hears what comes on one channel or several, from now on, also before the first message is asked for. Who takes it slowly
 * is caught up from what the channels remember; what they do not remember any more is told.
 * @param ended Ends it, behind what has come.
 * @throws {TypeError} If a channel has no such name, or `since` is none.
 */
export function subscribeTo(
  hub: Hub | Promise<Hub>,
  channels: string | readonly string[],
  { since, signal, gap }: SubscribeOptions,
  ended: AbortSignal,
): Subscription {
  const names = namesOf(channels), from = sinceOf(since);
  const end = () => unread.end();
  const stop = () => {
    unread.clear();
    end();
  };
  const unread = new Unread((what) => gap?.(gapOf(what)), () => {
    follower.end();
    ended.removeEventListener("abort", end);
    signal?.removeEventListener("abort", stop);
  });
  const follower = new Follower(hub, names, unread);

  async function next(): Promise<IteratorResult<ChannelMessage>> {
    const taken = await unread.next();
    if (taken === undefined) return { done: true, value: undefined };
    const { message, lost } = taken, { id, channel, kind } = message;
    const value = { id, channel, kind, data: dataOf(message), ...lost !== undefined && { lost } };
    return { done: false, value };
  }

  ended.addEventListener("abort", end, { once: true });
  signal?.addEventListener("abort", stop, { once: true });
  if (signal?.aborted || ended.aborted) stop();
  else follower.follow(from).catch((error) => unread.fail(error));
  return {
    next,
    return() {
      stop();
      return next();
    },
    [Symbol.asyncIterator]() {
      return this;
    },
    async [Symbol.asyncDispose]() {
      await this.return();
    },
  };
}

/** What may be missing, as a program has it. */
export function gapOf({ open, lost }: Gap): ChannelGap {
  return { id: open, lost: Object.fromEntries(lost) };
}

/**
 * The names of one channel or several.
 * @throws {TypeError} If one is none, or there is none.
 */
export function namesOf(channels: string | readonly string[]): string[] {
  const names = [...new Set([channels].flat())];
  if (names.length === 0) throw new TypeError("a channel is needed");
  for (const name of names) checkName(name);
  return names;
}

function checkName(channel: unknown): void {
  const fault = typeof channel === "string" ? nameFault(channel) : "a channel name is a string";
  if (fault !== undefined) throw new TypeError(fault);
}

/**
 * The point that `since` names; `undefined` where it is not given.
 * @throws {TypeError} If it is none.
 */
export function sinceOf(text: unknown): Since | undefined {
  if (text === undefined || text === null) return undefined;
  const since = typeof text === "string" ? parseSince(text) : undefined;
  if (since === undefined) {
    throw new TypeError(
      "since must be an id, an age such as 30s, all, last, or a number such as -10",
    );
  }
  return since;
}

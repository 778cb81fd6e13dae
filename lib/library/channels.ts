/**
 * Channels from within the program that serves them: publishing, and hearing what comes.
 * @module
 */
import { type Loss, parseSince, type Since } from "../hub/cursor.ts";
import type { Published } from "../hub/engine.ts";
import type { Gap, Hub, Subscriber } from "../hub/hub.ts";
import { type Draft, type Kind, type Message, weight } from "../hub/message.ts";
import { isKey, nameFault } from "../hub/name.ts";

/** How something is published. */
export interface PublishOptions {
  /** Idempotency key: the same on the same channel within 10 minutes publishes once. 1 to 128 visible ASCII characters. */
  key?: string;
}

/** From where on, and until when, somebody hears a channel. */
export interface SubscribeOptions {
  /** An id, `all`, or an age such as `30s`: what is remembered from there on comes first. Default: from now on. */
  since?: string;
  /** Ends it. */
  signal?: AbortSignal;
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

/** What may wait to be taken, in bytes: by their {@linkcode weight}. */
export const MAX_UNREAD = 16 << 20;
/** At more, what is remembered is not handed on any further, in bytes. */
const CATCH_UP = 64 * 1024;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * What is published: a string as text, bytes as they are, and anything else as JSON.
 * @throws {TypeError} If it cannot be JSON.
 */
export function bodyOf(data: unknown): Omit<Draft, "channel"> {
  if (typeof data === "string") return { kind: "text", body: encoder.encode(data) };
  if (data instanceof Uint8Array) return { kind: "binary", body: data.slice() };
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
): Promise<Published> {
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
 * Hears what comes on one channel or several, from now on, also before the first message is asked for.
 * @param ended Ends it, besides its own signal.
 * @throws {TypeError} If a channel has no such name, or `since` is none.
 */
export function subscribeTo(
  hub: Hub,
  channels: string | readonly string[],
  { since, signal }: SubscribeOptions,
  ended: AbortSignal,
): Subscription {
  const names = [...new Set([channels].flat())];
  if (names.length === 0) throw new TypeError("a channel is needed");
  for (const name of names) checkName(name);
  const from = since === undefined ? undefined : sinceOf(since);
  return new Reader(hub, names, from, [ended, ...signal === undefined ? [] : [signal]]);
}

function checkName(channel: unknown): void {
  const fault = typeof channel === "string" ? nameFault(channel) : "a channel name is a string";
  if (fault !== undefined) throw new TypeError(fault);
}

function sinceOf(text: unknown): Since {
  const since = typeof text === "string" ? parseSince(text) : undefined;
  if (since === undefined) throw new TypeError("since must be an id, all, or an age such as 30s");
  return since;
}

/** Somebody who reads: what is told meanwhile waits, up to a limit. */
class Reader implements Subscriber, Subscription {
  readonly #hub: Hub;
  readonly #channels: readonly string[];
  readonly #signals: readonly AbortSignal[];
  readonly #lost = new Map<string, Loss>();
  #unread: { message: Message; lost: Loss | undefined }[] = [];
  #size = 0;
  #done = false;
  #error: Error | undefined;
  /** Those who wait for the next message. */
  #wakes: (() => void)[] = [];
  /** Called when little is left to read. */
  #drained: (() => void) | undefined;

  constructor(
    hub: Hub,
    channels: readonly string[],
    since: Since | undefined,
    signals: readonly AbortSignal[],
  ) {
    this.#hub = hub;
    this.#channels = channels;
    this.#signals = signals;
    if (signals.some((signal) => signal.aborted)) {
      this.#done = true;
      return;
    }
    for (const signal of signals) signal.addEventListener("abort", this.#end);
    const opened = ({ lost }: { lost: Map<string, Loss> }) => this.#missed(lost);
    hub.subscribe(this, channels, since, opened).catch((error) => this.#fail(error));
  }

  deliver(message: Message): void {
    if (this.#done) return;
    this.#unread.push({ message, lost: this.#lost.get(message.channel) });
    this.#lost.delete(message.channel);
    this.#size += weight(message);
    if (this.#size > MAX_UNREAD) this.overrun();
    else this.#wake();
  }

  ready(): Promise<void> | undefined {
    if (this.#done || this.#size <= CATCH_UP) return undefined;
    return new Promise((resolve) => this.#drained = resolve);
  }

  overrun(): void {
    this.#fail(new Error("reading too slowly: messages would be missing"));
  }

  lost({ lost }: Gap): void {
    this.#missed(lost);
  }

  async next(): Promise<IteratorResult<ChannelMessage>> {
    while (this.#unread.length === 0) {
      if (this.#error !== undefined) throw this.#error;
      if (this.#done) return { done: true, value: undefined };
      await new Promise<void>((wake) => this.#wakes.push(wake));
    }
    const { message, lost } = this.#unread.shift()!;
    this.#size -= weight(message);
    if (this.#size <= CATCH_UP) this.#go();
    const { id, channel, kind } = message;
    const value = { id, channel, kind, data: dataOf(message), ...lost !== undefined && { lost } };
    return { done: false, value };
  }

  return(): Promise<IteratorResult<ChannelMessage>> {
    this.#unread = [];
    this.#end();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  #missed(lost: ReadonlyMap<string, Loss>): void {
    for (const [channel, reason] of lost) this.#lost.set(channel, reason);
  }

  #fail(error: Error): void {
    if (this.#done) return;
    this.#error = error;
    this.#end();
  }

  /** What has come can still be read. */
  readonly #end = (): void => {
    if (this.#done) return;
    this.#done = true;
    for (const signal of this.#signals) signal.removeEventListener("abort", this.#end);
    for (const channel of this.#channels) this.#hub.unsubscribe(this, channel);
    this.#go();
    this.#wake();
  };

  #go(): void {
    this.#drained?.();
    this.#drained = undefined;
  }

  #wake(): void {
    for (const wake of this.#wakes) wake();
    this.#wakes = [];
  }
}

/**
 * Engine = log + fold: the log numbers messages and keeps them, the fold remembers and answers.
 * @module
 */
import type { Carrier } from "../hub/bus.ts";
import type { Loss, Since } from "../hub/cursor.ts";
import {
  type Engine,
  EngineError,
  type EngineListener,
  type EngineStats,
  type History,
  type Published,
} from "../hub/engine.ts";
import type { Draft } from "../hub/message.ts";
import { Fold, type FoldLimits, MAX_KEYS } from "./fold.ts";
import type { Log, LogEntry, LogListener, LogState, Place } from "./log.ts";

const nobody: EngineListener = { message() {}, lost() {}, reachable() {} };

/** Order by a log, memory by a fold of it. */
export class LogEngine implements Engine, LogListener {
  /** Why it cannot be reached at present: publishes are refused. `undefined` while it can. */
  unreachable: string | undefined;
  readonly #log: Log;
  readonly #fold: Fold;
  /** Publishes under a key that are on their way: a repeat meanwhile waits for the first. */
  readonly #pending = new Map<string, Promise<Published>>();
  #listener = nobody;
  #published = 0;

  /**
   * Begins with what the log keeps.
   * @param log Numbers messages and keeps them.
   * @param limits How much is remembered.
   * @param now The time, in ms on the log's clock; it does not go back.
   */
  constructor(log: Log, limits: FoldLimits, now: () => number) {
    this.#log = log;
    this.#fold = new Fold(limits, now, log);
    this.#fold.begin(log.follow(this));
  }

  /** Carries what is not kept to others who append to the log; see {@linkcode Log.carrier}. */
  get carrier(): Carrier | undefined {
    return this.#log.carrier;
  }

  /** What is remembered, in bytes as the limit counts them. */
  get bytes(): number {
    return this.#fold.bytes;
  }

  /** Tells the one listener of every message, in the order of their numbers. */
  listen(listener: EngineListener): void {
    this.#listener = listener;
  }

  /** Takes a message; see {@linkcode Engine.publish}. */
  publish(draft: Draft, subscribers: number, key?: string): Promise<Published> {
    const { channel } = draft;
    if (key === undefined) return this.#append(draft, subscribers, undefined);
    const replay = this.#fold.replay(channel, key);
    if (replay !== undefined) return Promise.resolve(replay);
    const name = `${channel}\n${key}`;
    const pending = this.#pending.get(name);
    if (pending !== undefined) return pending.then((first) => ({ ...first, replayed: true }));
    this.#fold.sweep();
    if (this.#fold.keys + this.#pending.size >= MAX_KEYS) {
      return Promise.reject(new EngineError("too many idempotency keys within 10 minutes"));
    }
    const published = this.#append(draft, subscribers, key);
    this.#pending.set(name, published);
    const done = () => void this.#pending.delete(name);
    published.then(done, done);
    return published;
  }

  /** Looks up what came on some channels since some point; see {@linkcode Engine.history}. */
  history(channels: readonly string[], since: Since | undefined, limit?: number): Promise<History> {
    const history = () => this.#fold.history(channels, since, limit);
    if (since?.from !== "cursor" || this.#fold.knows(since.cursor)) {
      return Promise.resolve(history());
    }
    // Another node may know it already: a later message, or a later life.
    const { seq } = this.#fold.isAhead(since.cursor) ? since.cursor : { seq: 0 };
    return this.#log.reach?.(seq).then(history) ?? Promise.resolve(history());
  }

  /** The id of the last message on a channel, while it is remembered. */
  last(channel: string): Promise<string | undefined> {
    return Promise.resolve(this.#fold.last(channel)?.id);
  }

  /** How things stand. */
  stats(): Promise<EngineStats> {
    const log = this.#log.stats?.();
    const { size, bytes } = this.#fold;
    return Promise.resolve({
      published: this.#published,
      remembered: size,
      bytes,
      ...log !== undefined && { log },
    });
  }

  /** Drops what is too old. Whoever keeps the time calls it now and then. */
  sweep(): void {
    this.#fold.sweep();
  }

  /** Ends it, and its log. */
  async close(): Promise<void> {
    this.#listener = nobody;
    await this.#log.close();
  }

  /** Takes the next entry of the log. */
  entry(entry: LogEntry): void {
    this.#listener.message(this.#fold.take(entry));
  }

  /** Told that entries may be missing between the one before and the next. */
  lost(reason: Loss, state?: LogState): void {
    if (state !== undefined) this.#fold.begin(state);
    this.#listener.lost(reason, this.#fold.open);
  }

  /** Told whether the log can be appended to. */
  reachable(why: string | undefined): void {
    this.unreachable = why;
    this.#listener.reachable(why);
  }

  /** The newest message of a channel that is known, be it remembered or not. */
  newest(channel: string): Place {
    return this.#fold.newest(channel);
  }

  /** The newest message of all channels that are forgotten. */
  forgotten(): Place {
    return this.#fold.forgotten;
  }

  async #append(
    draft: Draft,
    subscribers: number,
    key: string | undefined,
    earlier?: number,
  ): Promise<Published> {
    if (this.unreachable !== undefined) throw new EngineError(this.unreachable);
    this.#fold.sweep();
    const seq = await this.#log.append({ ...draft, subscribers, key }, earlier);
    if (typeof seq === "number") {
      this.#published++;
      return { id: this.#fold.idOf(seq), subscribers, replayed: false };
    }
    const { duplicate } = seq;
    // Where it came before what is known here, there is nothing but its number.
    return this.#fold.replay(draft.channel, key!) ??
      (this.#fold.hasSeen(duplicate)
        ? this.#append(draft, subscribers, key, duplicate)
        : { id: this.#fold.idOf(duplicate), subscribers: 0, replayed: true });
  }
}

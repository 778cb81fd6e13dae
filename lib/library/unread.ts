/**
 * What has come for a program and was not taken yet.
 * @module
 */
import type { Loss } from "../hub/cursor.ts";
import type { Gap, Opening } from "../hub/hub.ts";
import { type Message, weight } from "../hub/message.ts";
import type { Reader } from "./follower.ts";

/** What may wait, in bytes, each message by its {@linkcode weight}: with more, the next ones are caught up later. */
export const MAX_UNREAD = 1 << 20;

/** A message that is taken. */
export interface Taken {
  message: Message;
  /** Why others of its channel before it may be missing. */
  lost: Loss | undefined;
}

/** What has come and was not taken. */
export class Unread implements Reader {
  readonly #told: (gap: Gap) => void;
  readonly #done: () => void;
  /** Messages, and the gaps between them, in their order. */
  #waiting: (Message | Gap)[] = [];
  /** Why messages of a channel may be missing, until the next of it is taken. */
  readonly #lost = new Map<string, Loss>();
  #size = 0;
  /** Who waits for a message, or for one to be taken. */
  #waiters: (() => void)[] = [];
  #ended: { error?: unknown } | undefined;

  /**
   * @param told Told of gaps, as they come.
   * @param done Told once that nothing is wanted any more.
   */
  constructor(told: (gap: Gap) => void, done: () => void) {
    this.#told = told;
    this.#done = done;
  }

  opened({ open, lost }: Opening): void {
    if (lost.size > 0) this.gap({ open, lost });
  }

  take(message: Message): void {
    this.#waiting.push(message);
    this.#size += weight(message);
    this.#wake();
  }

  isFull(): boolean {
    return this.#size > MAX_UNREAD;
  }

  ready(): Promise<void> | undefined {
    if (this.#size <= MAX_UNREAD / 2 || this.#ended !== undefined) return undefined;
    return this.#change().then(() => this.ready());
  }

  gap(gap: Gap): void {
    this.#waiting.push(gap);
    try {
      this.#told(gap);
    } catch (error) {
      this.fail(error);
    }
  }

  fail(error: unknown): void {
    this.end({ error });
  }

  /** Ends it, behind what has come. */
  end(how: { error?: unknown } = {}): void {
    if (this.#ended !== undefined) return;
    this.#ended = how;
    this.#done();
    this.#wake();
  }

  /** Forgets what has come. */
  clear(): void {
    this.#waiting = [];
    this.#size = 0;
  }

  /** The next message; `undefined` at the end. */
  async next(): Promise<Taken | undefined> {
    for (;;) {
      const next = this.#waiting.shift();
      if (next === undefined) {
        if (this.#ended === undefined) await this.#change();
        else if ("error" in this.#ended) throw this.#ended.error;
        else return undefined;
      } else if ("lost" in next) {
        for (const [channel, why] of next.lost) this.#lost.set(channel, why);
      } else {
        this.#size -= weight(next);
        this.#wake();
        const lost = this.#lost.get(next.channel);
        this.#lost.delete(next.channel);
        return { message: next, lost };
      }
    }
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  #wake(): void {
    if (this.#waiters.length === 0) return;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake();
  }
}

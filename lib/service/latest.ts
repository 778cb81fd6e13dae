/**
 * Subscribers who only want the newest (`?slow=latest`): while much waits for one, of each channel one message does.
 * @module
 */
import { type Message, weight } from "../hub/message.ts";
import type { Kept } from "../net/backlog.ts";
import { nextTurn } from "../net/turn.ts";

/** With more than this in its queue, somebody is slow; in bytes. */
export const SLOW = 64 * 1024;
/** Turns in which the system may take what was missed, before somebody is held to be slow. */
const TURNS = 4;

/** A connection, as far as it matters here. */
export interface Outgoing {
  /** Whether something can be sent. */
  readonly open: boolean;
  /** What waits to be written, in bytes. */
  readonly bufferedAmount: number;
  /** What may wait, in bytes: with more, it would be ended. */
  maxBuffered: number;
  /** Counts what is kept for later. */
  readonly kept: Kept;
  /** Resolves when no more than `amount` bytes are left to send, or the peer is gone. */
  drained(amount: number): Promise<void>;
}

/** What waits: a message, with how many there were on its channel that it has replaced, or something else to say. */
type Waiting = { message: Message; skipped: number } | { say: () => void };

/** Sends messages in their order, to who reads slowly only the newest of each channel. */
export class Latest {
  readonly #out: Outgoing;
  readonly #send: (message: Message, skipped: number) => void;
  readonly #most: number;
  /** In the order in which it is sent; messages by their channel. */
  readonly #waiting = new Map<string | symbol, Waiting>();
  #sending = false;

  /**
   * @param out Where to. It is not ended any more for what waits there.
   * @param send Sends a message, and says how many were left out before it on its channel.
   */
  constructor(out: Outgoing, send: (message: Message, skipped: number) => void) {
    this.#out = out;
    this.#send = send;
    this.#most = Math.min(SLOW, out.maxBuffered);
    out.maxBuffered = Infinity;
  }

  /** Sends a message, or has it wait in place of the one before it on its channel. */
  deliver(message: Message): void {
    if (!this.#isSlow()) return this.#send(message, 0);
    const { channel } = message, before = this.#waiting.get(channel);
    let skipped = 0;
    if (before !== undefined && "message" in before) {
      skipped = before.skipped + 1;
      this.#out.kept.delete(before.message);
      // To the end: the order is that of what is sent.
      this.#waiting.delete(channel);
    }
    this.#out.kept.add(message, weight(message));
    this.#wait(channel, { message, skipped });
  }

  /** Says something else, behind what waits. */
  say(say: () => void): void {
    if (this.#waiting.size === 0) say();
    else this.#wait(Symbol(), { say });
  }

  /**
   * Says something that is like the state of something: to who reads slowly, only as it is when it can be said.
   * @param what Names it; no name of a channel.
   * @param now What has changed.
   * @param later All of it, as it is then.
   */
  sayState(what: string, now: () => void, later: () => void): void {
    if (!this.#isSlow()) return now();
    this.#waiting.delete(what);
    this.#wait(what, { say: later });
  }

  /** Resolves when the system has taken what it takes at once of what was missed; `undefined` if nobody needs to wait. */
  ready(): Promise<void> | undefined {
    return this.#waiting.size === 0 && this.#isSlow() ? this.#tryToSend() : undefined;
  }

  /** Sends all that waits, however much is in the queue. */
  flush(): void {
    this.#sendSome(Infinity);
  }

  #isSlow(): boolean {
    return this.#waiting.size > 0 || this.#out.bufferedAmount > this.#most;
  }

  async #tryToSend(): Promise<void> {
    // This begins to write, whether it is waited for or not.
    this.#out.drained(this.#most);
    for (let i = 0; i < TURNS && this.#isSlow(); i++) await nextTurn();
  }

  #wait(key: string | symbol, waiting: Waiting): void {
    this.#waiting.set(key, waiting);
    if (!this.#sending) this.#sendAll();
  }

  async #sendAll(): Promise<void> {
    this.#sending = true;
    while (this.#waiting.size > 0) {
      await this.#out.drained(this.#most);
      if (!this.#out.open) break;
      this.#sendSome(this.#most);
    }
    this.#sending = false;
    if (this.#out.open) return;
    this.#waiting.clear();
    this.#out.kept.clear();
  }

  /** Sends what waits until more than `most` is in the queue, in bytes. */
  #sendSome(most: number): void {
    for (const [key, waiting] of this.#waiting) {
      if (this.#out.bufferedAmount > most) return;
      this.#waiting.delete(key);
      if ("say" in waiting) waiting.say();
      else {
        this.#out.kept.delete(waiting.message);
        this.#send(waiting.message, waiting.skipped);
      }
    }
  }
}

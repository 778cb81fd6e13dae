/**
 * Somebody who joins, and is told first what it missed.
 * @module
 */
import { type Message, weight } from "./message.ts";
import type { Gap, Subscriber } from "./subscriber.ts";

/** What may wait for a subscriber while it joins, in bytes: by their {@linkcode weight}. */
export const MAX_WAITING = 16 << 20;

/** Stands in for a subscriber while it joins: keeps what is published meanwhile. */
export class Joining {
  readonly subscriber: Subscriber;
  readonly sender: string | undefined;
  /** What it may have missed meanwhile, which it is told once it has joined. */
  gap: Gap | undefined;
  /** On how many channels it stands in. */
  channels = 0;
  /** Asks the engine again, or gives up where it has left meanwhile. */
  wake: (() => void) | undefined;
  #waiting: Message[] = [];
  #size = 0;
  #overrun = false;

  constructor(subscriber: Subscriber) {
    this.subscriber = subscriber;
    this.sender = subscriber.sender;
  }

  deliver(message: Message): void {
    if (this.#overrun) return;
    this.#waiting.push(message);
    this.subscriber.keep?.(message);
    this.#size += weight(message);
    if (this.#size <= MAX_WAITING) return;
    this.#overrun = true;
    for (const waiting of this.#waiting) this.subscriber.letGo?.(waiting);
    this.#waiting = [];
    this.subscriber.overrun();
  }

  lost(gap: Gap): void {
    this.gap = gap;
  }

  /** What has come since the last call, of that what is wanted. */
  take(isWanted: (message: Message) => boolean): Message[] {
    const messages = this.#waiting;
    this.#waiting = [];
    this.#size = 0;
    for (const message of messages) if (!isWanted(message)) this.subscriber.letGo?.(message);
    return messages.filter(isWanted);
  }
}

/**
 * Many who come back at once missed the same messages: each is held, and encoded, once for all of them.
 * @module
 */
import type { Message } from "../hub/message.ts";

/** Fewest that are held before those that nobody needs any more are looked for. */
const SWEEP = 1024;

/** Messages that somebody here still needs. */
export class SharedMessages {
  readonly #messages = new Map<number, WeakRef<Message>>();
  #epoch: string | undefined;
  #sweepAt = SWEEP;

  /** The message itself, or the one that is held for it. */
  one(message: Message): Message {
    const { epoch, seq } = message;
    if (epoch !== this.#epoch) {
      this.#messages.clear();
      this.#epoch = epoch;
    }
    const held = this.#messages.get(seq)?.deref();
    if (held !== undefined) return held;
    this.#messages.set(seq, new WeakRef(message));
    if (this.#messages.size >= this.#sweepAt) this.#sweep();
    return message;
  }

  #sweep(): void {
    for (const [seq, held] of this.#messages) {
      if (held.deref() === undefined) this.#messages.delete(seq);
    }
    this.#sweepAt = Math.max(SWEEP, 2 * this.#messages.size);
  }
}

/**
 * The embedded engine: order and memory in this process.
 * @module
 */
import { type Cursor, formatCursor, type Loss, type Since } from "../hub/cursor.ts";
import { type Engine, EngineError, type History, type Published } from "../hub/engine.ts";
import { type Draft, Message } from "../hub/message.ts";

/** How much is remembered. */
export interface MemoryLimits {
  /** Messages per channel. */
  history: number;
  /** Their age, in ms. */
  historyAge: number;
  /** All channels together, in bytes, each message counted by its {@linkcode cost}. */
  historyBytes: number;
}

/**
 * What a message costs besides its body and its channel's name, when it is alone on its channel; in bytes.
 * Measured on Deno 2.9.6 for Linux on x86-64: 511 on the heap and 220 outside of it, rounded up; among others on its
 * channel 360 and 220. `deno run --v8-flags=--expose-gc tests/engine/memory_cost.ts each` measures it again.
 */
export const OVERHEAD = 768;
/** How long a key is remembered, in ms. */
const KEY_AGE = 600_000;
/** How many keys are remembered. */
export const MAX_KEYS = 100_000;

/** What a message counts against the limit, in bytes. */
export function cost({ channel, body }: Draft): number {
  return body.length + channel.length + OVERHEAD;
}

/** A message that is remembered: in the queue of its channel, and in the one over all channels. */
interface Kept {
  message: Message;
  memory: ChannelMemory;
  /** The one before it, over all channels. */
  older: Kept | undefined;
  /** The one after it, over all channels. */
  newer: Kept | undefined;
  /** The one after it on its channel. */
  next: Kept | undefined;
}

/** What one channel remembers. */
interface ChannelMemory {
  name: string;
  /** How many messages. */
  count: number;
  /** The oldest of them; `undefined` only while the channel begins. */
  first: Kept | undefined;
  /** The newest. */
  last: Kept | undefined;
  /** Number and time of the newest message that was dropped from it; 0 if none. */
  dropped: Place;
}

/** Number and time of a message. */
interface Place {
  seq: number;
  time: number;
}

/** A publish under a key. */
interface Keyed {
  published: Published;
  time: number;
}

/** Remembers messages in this process. */
export class MemoryEngine implements Engine {
  /** Names this life of the memory. */
  readonly epoch: string;
  readonly #limits: MemoryLimits;
  readonly #now: () => number;
  readonly #channels = new Map<string, ChannelMemory>();
  readonly #keys = new Map<string, Keyed>();
  #seq = 0;
  #bytes = 0;
  #oldest: Kept | undefined;
  #newest: Kept | undefined;
  /** The newest message of all channels that are forgotten: about these nothing before it can be proved. */
  #forgotten: Place = { seq: 0, time: 0 };
  #listener: (message: Message) => void = () => {};

  /**
   * @param limits How much is remembered.
   * @param now The time, in ms; it does not go back.
   * @param epoch A name that no other life has had.
   */
  constructor(limits: MemoryLimits, now: () => number, epoch: string) {
    this.#limits = limits;
    this.#now = now;
    this.epoch = epoch;
  }

  /** What is remembered, in bytes as the limit counts them. */
  get bytes(): number {
    return this.#bytes;
  }

  /** @inheritDoc */
  listen(listener: (message: Message) => void): void {
    this.#listener = listener;
  }

  /** @inheritDoc */
  publish(draft: Draft, subscribers: number, key?: string): Promise<Published> {
    const now = this.#now();
    const name = key === undefined ? undefined : `${draft.channel}\n${key}`;
    const before = name === undefined ? undefined : this.#keys.get(name);
    if (before !== undefined && now - before.time < KEY_AGE) {
      return Promise.resolve({ ...before.published, replayed: true });
    }
    this.sweep();
    if (name !== undefined && this.#keys.size >= MAX_KEYS) {
      return Promise.reject(new EngineError("too many idempotency keys within 10 minutes"));
    }
    // A part of a buffer would keep all of it.
    const { body } = draft;
    const own = body.length < body.buffer.byteLength ? body.slice() : body;
    const place = { epoch: this.epoch, seq: ++this.#seq };
    const message = new Message({ ...draft, body: own }, place, now);
    this.#keep(message);
    const published = { id: message.id, subscribers, replayed: false };
    if (name !== undefined) {
      // To the end, where the newest are.
      this.#keys.delete(name);
      this.#keys.set(name, { published, time: now });
    }
    this.#listener(message);
    return Promise.resolve(published);
  }

  /** @inheritDoc */
  history(
    channels: readonly string[],
    since: Since | undefined,
    limit = Infinity,
  ): Promise<History> {
    this.sweep();
    const seq = this.#seq;
    const open = formatCursor({ epoch: this.epoch, seq });
    const lost = new Map<string, Loss>();
    const messages: Message[] = [];
    if (since !== undefined) {
      const after = this.#after(since);
      for (const name of new Set(channels)) {
        const memory = this.#channels.get(name);
        const loss = this.#loss(since, memory?.dropped ?? this.#forgotten);
        if (loss !== undefined) lost.set(name, loss);
        for (let kept = memory?.first; kept !== undefined; kept = kept.next) {
          if (after(kept.message)) messages.push(kept.message);
        }
      }
    }
    messages.sort((a, b) => a.seq - b.seq);
    const newest = messages.length > limit ? messages.slice(-limit) : messages;
    return Promise.resolve({ open, seq, lost, messages: newest });
  }

  /** @inheritDoc */
  last(channel: string): string | undefined {
    return this.#channels.get(channel)?.last?.message.id;
  }

  /** @inheritDoc */
  close(): Promise<void> {
    this.#listener = () => {};
    return Promise.resolve();
  }

  /** Drops what is too old. Whoever keeps the time calls it now and then. */
  sweep(): void {
    const now = this.#now();
    const oldest = now - this.#limits.historyAge;
    while (this.#oldest !== undefined && this.#oldest.message.time <= oldest) {
      this.#drop(this.#oldest);
    }
    for (const [key, { time }] of this.#keys) {
      if (now - time < KEY_AGE) break;
      this.#keys.delete(key);
    }
  }

  /** Which messages come after a point. A cursor of another life, or of the future, is before all of them. */
  #after(since: Since): (message: Message) => boolean {
    if (since.from === "age") {
      const from = this.#now() - since.age;
      return (message) => message.time > from;
    }
    const known = since.from === "cursor" && this.#knows(since.cursor) ? since.cursor.seq : 0;
    return (message) => message.seq > known;
  }

  #knows(cursor: Cursor): boolean {
    return cursor.epoch === this.epoch && cursor.seq <= this.#seq;
  }

  /** Whether something after a point may be missing, where `dropped` is the newest that was dropped. */
  #loss(since: Since, dropped: Place): Loss | undefined {
    if (since.from === "age") {
      return dropped.seq > 0 && dropped.time > this.#now() - since.age ? "expired" : undefined;
    }
    if (since.from === "all") return dropped.seq > 0 ? "expired" : undefined;
    if (since.cursor.epoch !== this.epoch) return "epoch";
    if (since.cursor.seq > this.#seq) return "unknown";
    return dropped.seq > since.cursor.seq ? "expired" : undefined;
  }

  #keep(message: Message): void {
    let memory = this.#channels.get(message.channel);
    if (memory === undefined) {
      // What was dropped before this channel was forgotten is covered by what was forgotten of all.
      memory = {
        name: message.channel,
        count: 0,
        first: undefined,
        last: undefined,
        dropped: this.#forgotten,
      };
      this.#channels.set(message.channel, memory);
    }
    const kept: Kept = {
      message,
      memory,
      older: this.#newest,
      newer: undefined,
      next: undefined,
    };
    if (this.#newest === undefined) this.#oldest = kept;
    else this.#newest.newer = kept;
    this.#newest = kept;
    if (memory.last === undefined) memory.first = kept;
    else memory.last.next = kept;
    memory.last = kept;
    memory.count++;
    this.#bytes += cost(message);
    if (memory.count > this.#limits.history) this.#drop(memory.first!);
    while (this.#bytes > this.#limits.historyBytes && this.#oldest !== undefined) {
      this.#drop(this.#oldest);
    }
  }

  /** Drops a message, which is the oldest of its channel. */
  #drop(kept: Kept): void {
    const { message, memory, older, newer } = kept;
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
    memory.first = kept.next;
    memory.count--;
    memory.dropped = { seq: message.seq, time: message.time };
    this.#bytes -= cost(message);
    if (memory.count > 0) return;
    this.#channels.delete(memory.name);
    if (message.seq > this.#forgotten.seq) this.#forgotten = memory.dropped;
  }
}

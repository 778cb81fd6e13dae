/**
 * The embedded engine: order and memory in this process.
 * @module
 */
import { type Cursor, formatCursor, type Loss, type Since } from "./cursor.ts";
import { type Engine, EngineError, type History, type Published } from "./engine.ts";
import { type Draft, Message } from "./message.ts";

/** How much is remembered. */
export interface MemoryLimits {
  /** Messages per channel. */
  history: number;
  /** Their age, in ms. */
  historyAge: number;
  /** All channels together, in bytes, each message counted with {@linkcode OVERHEAD}. */
  historyBytes: number;
}

/** What a message costs besides its body, at the most, when it is alone on its channel; in bytes. */
export const OVERHEAD = 1024;
/** How long a key is remembered, in ms. */
const KEY_AGE = 600_000;
/** How many keys are remembered. */
export const MAX_KEYS = 100_000;

/** A message that is remembered: in the queue of its channel, and in the one over all channels. */
interface Kept {
  message: Message;
  memory: ChannelMemory;
  older: Kept | undefined;
  newer: Kept | undefined;
}

/** What one channel remembers. */
interface ChannelMemory {
  name: string;
  /** Oldest first. */
  kept: Kept[];
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
    const message = new Message(draft, { epoch: this.epoch, seq: ++this.#seq }, now);
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
        for (const { message } of memory?.kept ?? []) if (after(message)) messages.push(message);
      }
    }
    messages.sort((a, b) => a.seq - b.seq);
    const newest = messages.length > limit ? messages.slice(-limit) : messages;
    return Promise.resolve({ open, seq, lost, messages: newest });
  }

  /** @inheritDoc */
  last(channel: string): string | undefined {
    return this.#channels.get(channel)?.kept.at(-1)?.message.id;
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
      memory = { name: message.channel, kept: [], dropped: this.#forgotten };
      this.#channels.set(message.channel, memory);
    }
    const kept: Kept = { message, memory, older: this.#newest, newer: undefined };
    if (this.#newest === undefined) this.#oldest = kept;
    else this.#newest.newer = kept;
    this.#newest = kept;
    memory.kept.push(kept);
    this.#bytes += message.body.length + OVERHEAD;
    if (memory.kept.length > this.#limits.history) this.#drop(memory.kept[0]!);
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
    memory.kept.shift();
    memory.dropped = { seq: message.seq, time: message.time };
    this.#bytes -= message.body.length + OVERHEAD;
    if (memory.kept.length > 0) return;
    this.#channels.delete(memory.name);
    if (message.seq > this.#forgotten.seq) this.#forgotten = memory.dropped;
  }
}

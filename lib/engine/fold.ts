/**
 * What is remembered of a log, in memory: history, gaps, limits and keys are answered from here, whatever the log.
 * @module
 */
import { type Cursor, formatCursor, type Loss, type Since } from "../hub/cursor.ts";
import type { History, Published } from "../hub/engine.ts";
import { type Draft, Message } from "../hub/message.ts";
import type { LogEntry, LogKey, LogState, Place } from "./log.ts";

/** How much is remembered. */
export interface FoldLimits {
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
export function cost({ channel, body, sender = "" }: Draft): number {
  return body.length + channel.length + sender.length + OVERHEAD;
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

/** A publish under a key. */
interface Keyed extends Place {
  published: Published;
}

/** Told of what is remembered no longer. */
export interface Forgetting {
  /** A message, the oldest of its channel. */
  drop(seq: number): void;
  /** The keys of a message and of all before it. */
  dropKeys(seq: number): void;
}

const nobody: Forgetting = { drop() {}, dropKeys() {} };

/** Remembers what a log tells it. */
export class Fold {
  readonly #limits: FoldLimits;
  readonly #now: () => number;
  readonly #forgetting: Forgetting;
  readonly #channels = new Map<string, ChannelMemory>();
  readonly #keys = new Map<string, Keyed>();
  #epoch = "";
  #seq = 0;
  /** The number of the last message before the first that was taken. */
  #begun = 0;
  #size = 0;
  #bytes = 0;
  #oldest: Kept | undefined;
  #newest: Kept | undefined;
  /** The newest message of all channels that are forgotten: about these nothing before it can be proved. */
  #forgotten: Place = { seq: 0, time: 0 };

  /**
   * @param limits How much is remembered.
   * @param now The time, in ms on the log's clock; it does not go back.
   * @param forgetting Told of what is remembered no longer.
   */
  constructor(limits: FoldLimits, now: () => number, forgetting: Forgetting = nobody) {
    this.#limits = limits;
    this.#now = now;
    this.#forgetting = forgetting;
  }

  /** How many messages are remembered. */
  get size(): number {
    return this.#size;
  }

  /** What is remembered, in bytes as the limit counts them. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The id of the last message taken. */
  get open(): string {
    return this.idOf(this.#seq);
  }

  /** The id of a message of this log. */
  idOf(seq: number): string {
    return formatCursor({ epoch: this.#epoch, seq });
  }

  /** Whether a cursor is of this log, and not of the future. */
  knows(cursor: Cursor): boolean {
    return cursor.epoch === this.#epoch && cursor.seq <= this.#seq;
  }

  /** Whether a cursor is of this log, and of the future. */
  isAhead({ epoch, seq }: Cursor): boolean {
    return epoch === this.#epoch && seq > this.#seq;
  }

  /** Whether a message has been taken, be it remembered or not. */
  hasSeen(seq: number): boolean {
    return seq > this.#begun && seq <= this.#seq;
  }

  /** How many keys are remembered. */
  get keys(): number {
    return this.#keys.size;
  }

  /** The newest message of all channels that are forgotten. */
  get forgotten(): Place {
    return this.#forgotten;
  }

  /** Begins with what a log keeps, and forgets all else. */
  begin({ epoch, forgotten, keys, entries }: LogState): void {
    this.#channels.clear();
    this.#keys.clear();
    this.#oldest = this.#newest = undefined;
    this.#size = this.#bytes = 0;
    this.#epoch = epoch;
    this.#forgotten = forgotten;
    this.#seq = this.#begun = forgotten.seq;
    for (const key of keys) this.#keep(key);
    for (const entry of entries) this.take({ ...entry, key: undefined });
    this.sweep();
  }

  /** Takes the next message of the log. */
  take(entry: LogEntry): Message {
    const { key, seq, time, body } = entry;
    this.#seq = seq;
    // A part of a buffer would keep all of it.
    const own = body.length < body.buffer.byteLength ? { ...entry, body: body.slice() } : entry;
    const message = new Message(own, { epoch: this.#epoch, seq }, time);
    this.#remember(message, entry.before);
    if (key !== undefined) this.#keep({ ...entry, key });
    return message;
  }

  /** The first receipt of a key of the last 10 minutes, as a repeat gets it. */
  replay(channel: string, key: string): Published | undefined {
    const before = this.#keys.get(keyName(channel, key));
    if (before === undefined || this.#now() - before.time >= KEY_AGE) return undefined;
    return { ...before.published, replayed: true };
  }

  /**
   * Looks up what came on some channels since some point.
   * @param since `undefined`: nothing is missed.
   * @param limit Keeps the newest so many.
   */
  history(channels: readonly string[], since: Since | undefined, limit = Infinity): History {
    this.sweep();
    const lost = new Map<string, Loss>();
    const messages: Message[] = [];
    if (since !== undefined) {
      const after = this.#after(since);
      for (const name of new Set(channels)) {
        const memory = this.#channels.get(name);
        const loss = this.#loss(since, memory?.dropped ?? this.#forgotten);
        if (loss !== undefined) lost.set(name, loss);
        let left = memory?.count ?? 0;
        for (let kept = memory?.first; kept !== undefined; kept = kept.next) {
          if (after(kept.message, left--)) messages.push(kept.message);
        }
      }
    }
    messages.sort((a, b) => a.seq - b.seq);
    const newest = messages.length > limit ? messages.slice(-limit) : messages;
    return { open: this.open, seq: this.#seq, lost, messages: newest };
  }

  /** The last message on a channel, while it is remembered. */
  last(channel: string): Message | undefined {
    return this.#channels.get(channel)?.last?.message;
  }

  /** The newest message of a channel that is known, be it remembered or not. */
  newest(channel: string): Place {
    return this.last(channel) ?? this.#forgotten;
  }

  /** Drops what is too old. Whoever keeps the time calls it now and then. */
  sweep(): void {
    const now = this.#now();
    const oldest = now - this.#limits.historyAge;
    while (this.#oldest !== undefined && this.#oldest.message.time <= oldest) {
      this.#drop(this.#oldest);
    }
    let gone = 0;
    for (const [name, { time, seq }] of this.#keys) {
      if (now - time < KEY_AGE) break;
      this.#keys.delete(name);
      gone = seq;
    }
    if (gone > 0) this.#forgetting.dropKeys(gone);
  }

  #keep({ channel, key, seq, time, subscribers }: LogKey): void {
    const name = keyName(channel, key);
    const id = this.idOf(seq);
    // To the end, where the newest are.
    this.#keys.delete(name);
    this.#keys.set(name, { published: { id, subscribers, replayed: false }, seq, time });
  }

  /**
   * Which messages come after a point, by themselves and by how many of their channel are left with them. A cursor of another
   * life, or of the future, is before all of them.
   */
  #after(since: Since): (message: Message, left: number) => boolean {
    if (since.from === "newest") return (_, left) => left <= since.count;
    if (since.from === "age") {
      const from = this.#now() - since.age;
      return (message) => message.time > from;
    }
    const known = since.from === "cursor" && this.knows(since.cursor) ? since.cursor.seq : 0;
    return (message) => message.seq > known;
  }

  /** Whether something after a point may be missing, where `dropped` is the newest that was dropped. */
  #loss(since: Since, dropped: Place): Loss | undefined {
    if (since.from === "age") {
      return dropped.seq > 0 && dropped.time > this.#now() - since.age ? "expired" : undefined;
    }
    if (since.from === "newest") return undefined;
    if (since.from === "all") return dropped.seq > 0 ? "expired" : undefined;
    if (since.cursor.epoch !== this.#epoch) return "epoch";
    if (since.cursor.seq > this.#seq) return "unknown";
    return dropped.seq > since.cursor.seq ? "expired" : undefined;
  }

  #remember(message: Message, before: Place | undefined): void {
    let memory = this.#channels.get(message.channel);
    if (memory === undefined) {
      memory = {
        name: message.channel,
        count: 0,
        first: undefined,
        last: undefined,
        // What was dropped before this channel was forgotten is covered by what was forgotten of all.
        dropped: before ?? this.#forgotten,
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
    this.#size++;
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
    this.#size--;
    this.#bytes -= cost(message);
    if (memory.count === 0) {
      this.#channels.delete(memory.name);
      if (message.seq > this.#forgotten.seq) this.#forgotten = memory.dropped;
    }
    // Whoever is told may ask what is forgotten now.
    this.#forgetting.drop(message.seq);
  }
}

function keyName(channel: string, key: string): string {
  return `${channel}\n${key}`;
}

/**
 * This process's subscribers, and the fan-out to them.
 * @module
 */
import { formatCursor, type Loss, type Since } from "./cursor.ts";
import type { Engine, History, Published } from "./engine.ts";
import type { Draft, Message } from "./message.ts";

/** Whoever is told of messages. It must not throw. */
export interface Subscriber {
  /** Takes a message. */
  deliver(message: Message): void;
  /** Resolves when it can take more of what it missed; `undefined` if it can at once. */
  ready(): Promise<void> | undefined;
  /** Too much has come in while it was taking what it missed: it is too slow. */
  overrun(): void;
}

/** What a subscriber is told first: where it stands, and whether something is missing. */
export interface Opening {
  /** The id from which live messages follow, once what was missed has been told. */
  open: string;
  /** The id before the first message that was missed; `open` if none was. Who is cut off before the end resumes here. */
  resume: string;
  /** The channels on which something may be missing, with why. */
  lost: Map<string, Loss>;
}

/** A channel, as an operator sees it. */
export interface ChannelInfo {
  /** Its name. */
  name: string;
  /** How many subscribe to it here. */
  subscribers: number;
  /** The id of its last message, while that is remembered. */
  last: string | undefined;
}

/** What may wait for a subscriber while it joins, in bytes: bodies, and {@linkcode EACH} for each message. */
export const MAX_WAITING = 16 << 20;
/** What a message counts besides its body, in bytes: many small ones are much, too. */
export const EACH = 512;

/** Stands in for a subscriber while it joins: keeps what is published meanwhile. */
class Joining {
  readonly subscriber: Subscriber;
  #waiting: Message[] = [];
  #size = 0;
  #overrun = false;

  constructor(subscriber: Subscriber) {
    this.subscriber = subscriber;
  }

  deliver(message: Message): void {
    if (this.#overrun) return;
    this.#waiting.push(message);
    this.#size += message.body.length + EACH;
    if (this.#size <= MAX_WAITING) return;
    this.#overrun = true;
    this.#waiting = [];
    this.subscriber.overrun();
  }

  /** What has come since the last call. */
  take(): Message[] {
    const messages = this.#waiting;
    this.#waiting = [];
    this.#size = 0;
    return messages;
  }
}

type Member = Subscriber | Joining;

/** The channels that somebody subscribes to. */
export class Hub {
  readonly #engine: Engine;
  readonly #channels = new Map<string, Set<Member>>();
  readonly #joining = new Set<Joining>();
  /** How many messages there were. */
  published = 0;
  /** How many subscribers were told, over all messages. */
  delivered = 0;

  /** @param engine Keeps order and memory. */
  constructor(engine: Engine) {
    this.#engine = engine;
    engine.listen((message) => this.#deliver(message));
  }

  /**
   * Publishes: when it resolves, the message is remembered and every subscriber here has been told.
   * @param key The same key on the same channel within 10 minutes publishes once.
   * @throws {EngineError} If it cannot be taken now.
   */
  publish(draft: Draft, key?: string): Promise<Published> {
    return this.#engine.publish(draft, this.count(draft.channel), key);
  }

  /**
   * Subscribes: `opened` is called, then the subscriber is told what it missed, then what comes. What is published
   * meanwhile reaches it exactly once, in its place.
   * @param since From where on; `undefined`: from now on.
   * @param others Channels to which it subscribes already: what comes on them meanwhile waits, too, so that nothing
   * overtakes what it missed.
   */
  async subscribe(
    subscriber: Subscriber,
    channels: readonly string[],
    since: Since | undefined,
    opened: (opening: Opening) => void,
    others: readonly string[] = [],
  ): Promise<void> {
    const joining = new Joining(subscriber);
    this.#joining.add(joining);
    for (const channel of channels) this.#add(channel, joining);
    for (const channel of others) {
      if (this.#remove(channel, subscriber)) this.#add(channel, joining);
    }
    try {
      const { open, seq, lost, messages } = await this.#engine.history(channels, since);
      const [first] = messages;
      const resume = first === undefined
        ? open
        : formatCursor({ epoch: first.epoch, seq: first.seq - 1 });
      opened({ open, resume, lost });
      // What came before the answer did may be in the answer.
      const isNew = (m: Message) => m.seq > seq || others.includes(m.channel);
      let missed = [...messages, ...joining.take().filter(isNew)].sort((a, b) => a.seq - b.seq);
      while (missed.length > 0) {
        for (const message of missed) await this.#catchUp(joining, message);
        missed = joining.take().filter(isNew);
      }
    } finally {
      // Nothing can come between the last look and this.
      this.#joining.delete(joining);
      for (const channel of [...channels, ...others]) {
        if (this.#remove(channel, joining)) this.#add(channel, subscriber);
      }
    }
  }

  /** Unsubscribes from a channel, also while joining it. Returns whether it was subscribed. */
  unsubscribe(subscriber: Subscriber, channel: string): boolean {
    if (this.#remove(channel, subscriber)) return true;
    for (const joining of this.#joining) {
      if (joining.subscriber === subscriber && this.#remove(channel, joining)) return true;
    }
    return false;
  }

  /** How many subscribe to a channel here. */
  count(channel: string): number {
    return this.#channels.get(channel)?.size ?? 0;
  }

  /** The channels that somebody subscribes to. */
  channels(): ChannelInfo[] {
    return [...this.#channels].map(([name, members]) => ({
      name,
      subscribers: members.size,
      last: this.#engine.last(name),
    }));
  }

  /** Looks up what came on some channels. */
  history(channels: readonly string[], since: Since, limit: number): Promise<History> {
    return this.#engine.history(channels, since, limit);
  }

  #deliver(message: Message): void {
    this.published++;
    const members = this.#channels.get(message.channel);
    if (members === undefined) return;
    for (const member of members) member.deliver(message);
    this.delivered += members.size;
    message.forget();
  }

  /** Tells a subscriber of a message that it missed, unless it has left meanwhile; waits until it can take more. */
  async #catchUp(joining: Joining, message: Message): Promise<void> {
    if (!this.#channels.get(message.channel)?.has(joining)) return;
    joining.subscriber.deliver(message);
    message.forget();
    const ready = joining.subscriber.ready();
    if (ready !== undefined) await ready;
  }

  #add(channel: string, subscriber: Member): void {
    const members = this.#channels.get(channel);
    if (members === undefined) this.#channels.set(channel, new Set([subscriber]));
    else members.add(subscriber);
  }

  #remove(channel: string, subscriber: Member): boolean {
    const members = this.#channels.get(channel);
    if (members?.delete(subscriber) !== true) return false;
    if (members.size === 0) this.#channels.delete(channel);
    return true;
  }
}

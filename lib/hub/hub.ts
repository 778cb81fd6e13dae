/**
 * This process's subscribers, and the fan-out to them.
 * @module
 */
import { formatCursor, type Loss, type Since } from "./cursor.ts";
import {
  type ChannelInfo,
  type Engine,
  EngineError,
  type EngineStats,
  type History,
  type Published,
} from "./engine.ts";
import { Joining } from "./joining.ts";
import type { Draft, Message } from "./message.ts";
import type { Crowd, Gap, Opening, Subscriber } from "./subscriber.ts";

export { MAX_WAITING } from "./joining.ts";
export type { Crowd, Gap, Member, Opening, Subscriber } from "./subscriber.ts";

type Place = Subscriber | Joining;

/** The channels that somebody subscribes to. */
export class Hub {
  readonly #engine: Engine;
  readonly #channels = new Map<string, Set<Place>>();
  readonly #joining = new Set<Joining>();
  readonly #told: (subscribers: number) => void;
  /** Told of who comes and goes, if anybody asks. */
  crowd: Crowd | undefined;

  /**
   * @param engine Keeps order and memory.
   * @param told Called when so many subscribers have been told a message.
   * @param reachable Told when publishes are refused, with why, and when they are taken again. Who publishes or comes
   * back asks by itself; who is there stays.
   */
  constructor(
    engine: Engine,
    told: (subscribers: number) => void = () => {},
    reachable: (why: string | undefined) => void = () => {},
  ) {
    this.#engine = engine;
    this.#told = told;
    engine.listen({
      message: (message) => this.#deliver(message),
      lost: (reason, open) => this.#lost(reason, open),
      reachable: (why) => {
        reachable(why);
        // Who publishes asks by itself; who is there stays; who was not told yet where it stands is told now.
        if (why === undefined) { for (const joining of this.#joining) joining.wake?.(); }
      },
    });
  }

  /** Why the engine cannot be reached at present; `undefined` while it can. */
  get unreachable(): string | undefined {
    return this.#engine.unreachable;
  }

  /**
   * Publishes: when it resolves, the message is remembered and every subscriber here has been told.
   * @param key The same key on the same channel within 10 minutes publishes once.
   * @throws {EngineError} If it cannot be taken now.
   */
  publish(draft: Draft, key?: string): Promise<Published> {
    return this.#engine.publish(draft, this.count(draft.channel), key);
  }

  /** Subscribes to what comes from now on, of which nobody needs to be told where it begins. */
  join(subscriber: Subscriber, channels: readonly string[]): void {
    for (const channel of channels) this.#add(channel, subscriber);
  }

  /**
   * Subscribes: `opened` is called, and may take its time; then the subscriber is told what it missed, then what comes. What
   * is published meanwhile reaches it exactly once, in its place. While the engine cannot answer, this waits until it can.
   * @param since From where on; `undefined`: from now on.
   * @param others Channels to which it subscribes already: what comes on them meanwhile waits, too, so that nothing
   * overtakes what it missed.
   */
  async subscribe(
    subscriber: Subscriber,
    channels: readonly string[],
    since: Since | undefined,
    opened: (opening: Opening) => void | Promise<void>,
    others: readonly string[] = [],
  ): Promise<void> {
    const joining = new Joining(subscriber);
    this.#joining.add(joining);
    for (const channel of channels) this.#add(channel, joining);
    for (const channel of others) {
      if (this.#remove(channel, subscriber)) this.#add(channel, joining);
    }
    try {
      const history = await this.#lookUp(joining, channels, since);
      if (history === undefined) return;
      const { open, seq, lost, messages } = history;
      // What was lost before the answer came, the answer knows of.
      for (const channel of channels) joining.gap?.lost.delete(channel);
      if (joining.gap?.lost.size === 0) joining.gap = undefined;
      const [first] = messages;
      const resume = first === undefined
        ? open
        : formatCursor({ epoch: first.epoch, seq: first.seq - 1 });
      const told = opened({ open, resume, lost });
      if (told !== undefined) await told;
      // What came before the answer did may be in the answer.
      const isNew = (m: Message) => m.seq > seq || others.includes(m.channel);
      for (const message of messages) subscriber.keep?.(message);
      let missed = [...messages, ...joining.take(isNew)].sort((a, b) => a.seq - b.seq);
      while (missed.length > 0) {
        for (const message of missed) await this.#catchUp(joining, message);
        missed = joining.take(isNew);
      }
    } finally {
      // Nothing can come between the last look and this.
      this.#joining.delete(joining);
      for (const channel of [...channels, ...others]) {
        if (this.#remove(channel, joining)) this.#add(channel, subscriber);
      }
      if (joining.gap !== undefined) subscriber.lost(joining.gap);
    }
  }

  /**
   * Holds a place for somebody who subscribes in a moment, so that nothing which is published once this resolves is missed:
   * of an engine in another thread, the listener hears only of what that knows to be wanted here.
   * @returns Gives the place up.
   */
  async reserve(channels: readonly string[]): Promise<() => void> {
    if (this.#engine.interest === undefined) return () => {};
    const place: Subscriber = {
      absent: true,
      deliver() {},
      ready: () => undefined,
      overrun() {},
      lost() {},
    };
    for (const channel of channels) this.#add(channel, place);
    try {
      // Whatever it is asked after it was told, it answers after it has taken note.
      if (this.#engine.unreachable === undefined) await this.#engine.history([], undefined);
    } catch (error) {
      // It takes note once it answers again; until then nothing is published.
      if (!(error instanceof EngineError)) throw error;
    }
    return () => {
      for (const channel of channels) this.#remove(channel, place);
    };
  }

  /** Unsubscribes from a channel, also while joining it. Returns whether it was subscribed. */
  unsubscribe(subscriber: Subscriber, channel: string): boolean {
    if (this.#remove(channel, subscriber)) return true;
    for (const joining of this.#joining) {
      if (joining.subscriber !== subscriber || !this.#remove(channel, joining)) continue;
      if (joining.channels === 0) joining.wake?.();
      return true;
    }
    return false;
  }

  /** How many subscribe to a channel here. */
  count(channel: string): number {
    return this.#channels.get(channel)?.size ?? 0;
  }

  /** The channels that somebody subscribes to here. */
  names(): Iterable<string> {
    return this.#channels.keys();
  }

  /** Who subscribes to a channel here. */
  *subscribers(channel: string): Generator<Subscriber> {
    for (const member of this.#channels.get(channel) ?? []) {
      const subscriber = member instanceof Joining ? member.subscriber : member;
      if (!subscriber.absent) yield subscriber;
    }
  }

  /** The channels that somebody subscribes to, wherever that is. */
  async channels(): Promise<ChannelInfo[]> {
    const engine = this.#engine;
    if (engine.channels !== undefined) return await engine.channels();
    return await Promise.all(
      [...this.#channels].map(async ([name, members]) => ({
        name,
        subscribers: members.size,
        last: await engine.last(name),
      })),
    );
  }

  /** How the engine stands. */
  async stats(): Promise<EngineStats> {
    const stats = await this.#engine.stats();
    return { ...stats, channels: stats.channels ?? this.#channels.size };
  }

  /** Looks up what came on some channels. */
  history(channels: readonly string[], since: Since, limit: number): Promise<History> {
    return this.#engine.history(channels, since, limit);
  }

  #deliver(message: Message): void {
    const members = this.#channels.get(message.channel);
    if (members === undefined) return;
    const { sender } = message;
    let told = members.size;
    for (const member of members) {
      if (sender !== undefined && sender === member.sender) told--;
      else member.deliver(message);
    }
    this.#told(told);
    message.forget();
  }

  /** Tells everybody, each of the channels that are its own. */
  #lost(reason: Loss, open: string): void {
    const gaps = new Map<Place, Gap>();
    for (const [channel, members] of this.#channels) {
      for (const member of members) {
        const gap = gaps.get(member) ?? { open, lost: new Map() };
        gaps.set(member, gap);
        gap.lost.set(channel, reason);
      }
    }
    for (const [member, gap] of gaps) member.lost(gap);
  }

  /** Looks up what somebody missed who joins, as soon as the engine can say; `undefined` if it has left by then. */
  async #lookUp(
    joining: Joining,
    channels: readonly string[],
    since: Since | undefined,
  ): Promise<History | undefined> {
    while (joining.channels > 0) {
      try {
        return await this.#engine.history(channels, since);
      } catch (error) {
        if (!(error instanceof EngineError) || this.#engine.unreachable === undefined) throw error;
      }
      await new Promise<void>((wake) => joining.wake = wake);
      joining.wake = undefined;
    }
    return undefined;
  }

  /** Tells a subscriber of a message that it missed, unless it has left meanwhile; waits until it can take more. */
  async #catchUp(joining: Joining, message: Message): Promise<void> {
    joining.subscriber.letGo?.(message);
    if (!this.#channels.get(message.channel)?.has(joining)) return;
    if (message.sender !== undefined && message.sender === joining.sender) return;
    joining.subscriber.deliver(message);
    message.forget();
    const ready = joining.subscriber.ready();
    if (ready !== undefined) await ready;
  }

  #add(channel: string, subscriber: Place): void {
    const members = this.#channels.get(channel);
    if (members === undefined) this.#channels.set(channel, new Set([subscriber]));
    else members.add(subscriber);
    if (subscriber instanceof Joining) subscriber.channels++;
    this.#tellCrowd(channel, subscriber, 1);
    this.#engine.interest?.(channel, members?.size ?? 1);
  }

  #remove(channel: string, subscriber: Place): boolean {
    const members = this.#channels.get(channel);
    if (members?.delete(subscriber) !== true) return false;
    if (subscriber instanceof Joining) subscriber.channels--;
    if (members.size === 0) this.#channels.delete(channel);
    this.#tellCrowd(channel, subscriber, -1);
    this.#engine.interest?.(channel, members.size);
    return true;
  }

  #tellCrowd(channel: string, member: Place, by: 1 | -1): void {
    if (this.crowd === undefined) return;
    const subscriber = member instanceof Joining ? member.subscriber : member;
    if (!subscriber.absent) this.crowd(channel, subscriber, by);
  }
}

/**
 * Ends of a bus that loses what it is told to, each with a crowd of its own, at a time that only the test moves.
 * @module
 */
import { Bus } from "../../lib/hub/bus.ts";
import type { Crowded } from "../../lib/hub/crowd.ts";
import { type Change, Presence, type Watch } from "../../lib/hub/presence.ts";
import type { Crowd, Member, Subscriber } from "../../lib/hub/subscriber.ts";

/** Subscribers, without messages. */
class Room implements Crowded {
  crowd: Crowd | undefined;
  readonly #channels = new Map<string, Set<Subscriber>>();

  names(): Iterable<string> {
    return this.#channels.keys();
  }

  subscribers(channel: string): Iterable<Subscriber> {
    return this.#channels.get(channel) ?? [];
  }

  add(channel: string, subscriber: Subscriber): void {
    const there = this.#channels.get(channel) ?? new Set();
    this.#channels.set(channel, there.add(subscriber));
    this.crowd?.(channel, subscriber, 1);
  }

  delete(channel: string, subscriber: Subscriber): void {
    const there = this.#channels.get(channel)!;
    there.delete(subscriber);
    if (there.size === 0) this.#channels.delete(channel);
    this.crowd?.(channel, subscriber, -1);
  }
}

/** Somebody who watches, and what it was told. */
export interface Watcher {
  watch: Watch;
  /** The list, with all joins and leaves since. */
  members: Map<string, unknown>;
  changes: Change[];
  /** What cannot be: who joins and was there, who leaves and was not. */
  wrong: string[];
}

/** A thread that serves. */
export class End {
  readonly hub = new Room();
  readonly bus: Bus;
  readonly presence: Presence;
  readonly said: string[] = [];
  #listener: (text: string) => void = () => {};
  alive = true;
  fault = (error: unknown): void => {
    throw error;
  };

  constructor(readonly world: World, name: string) {
    const send = (text: string) => {
      this.said.push(text);
      world.carry(this, text);
    };
    const carrier = {
      send,
      listen: (take: (text: string) => void) => void (this.#listener = take),
    };
    this.bus = new Bus(name, carrier, () => world.now, (error) => this.fault(error));
    this.presence = new Presence(this.hub, this.bus, () => world.now, (what) => world.later(what));
  }

  hear(text: string): void {
    if (this.alive) this.#listener(text);
  }

  /** Connects somebody; or, without a name, nobody in particular. Gives what ends that. */
  connect(channel: string, sub?: string, info?: unknown): () => void {
    const member: Member | undefined = sub === undefined ? undefined : { sub, info };
    const subscriber: Subscriber = {
      member: () => member,
      deliver() {},
      ready: () => undefined,
      overrun() {},
      lost() {},
    };
    this.hub.add(channel, subscriber);
    return () => this.hub.delete(channel, subscriber);
  }

  /** Watches a channel from now on. */
  watch(channel: string): Watcher {
    const members = new Map<string, unknown>(), changes: Change[] = [], wrong: string[] = [];
    const told = (change: Change) => {
      changes.push(change);
      for (const { sub, info } of change.join) {
        if (members.has(sub)) wrong.push(`${sub} joins twice`);
        members.set(sub, info);
      }
      for (const sub of change.leave) {
        if (!members.delete(sub)) wrong.push(`${sub} leaves twice`);
      }
    };
    const watch = this.presence.watch(channel, told);
    watch.begin((list) => {
      for (const { sub, info } of list) members.set(sub, info);
    });
    return { watch, members, changes, wrong };
  }
}

/** All ends. */
export class World {
  now = 0;
  readonly ends: End[] = [];
  /** Whether a text is lost on its way. */
  loses: (from: End, to: End) => boolean = () => false;
  #later: (() => void)[] = [];
  #texts: (() => void)[] = [];
  #ends = 0;

  begin(): End {
    const end = new End(this, `e${String(++this.#ends).padStart(3, "0")}`);
    this.ends.push(end);
    this.pass(0);
    return end;
  }

  /** Ends one, without a word. */
  kill(end: End): void {
    end.alive = false;
    this.ends.splice(this.ends.indexOf(end), 1);
  }

  carry(from: End, text: string): void {
    for (const to of this.ends) {
      if (to !== from && !this.loses(from, to)) this.#texts.push(() => to.hear(text));
    }
  }

  later(what: () => void): void {
    this.#later.push(what);
  }

  /** Ends this turn: until nothing is on its way any more. */
  turn(): void {
    while (this.#later.length + this.#texts.length > 0) {
      for (const what of this.#later.splice(0)) what();
      for (const text of this.#texts.splice(0)) text();
    }
  }

  /** Lets time pass. */
  pass(ms: number): void {
    for (let left = ms; left >= 0; left -= 250) {
      this.now += Math.min(left, 250);
      for (const { bus, presence } of this.ends) {
        bus.tick();
        presence.tick();
      }
      this.turn();
    }
  }
}

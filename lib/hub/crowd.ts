/**
 * Who is there on channels by this thread. Of a channel that nobody asks about, nothing is counted: who is there is found by
 * looking at its subscribers once somebody does.
 * @module
 */
import { type Delta, pack, type Packed } from "./delta.ts";
import type { Crowd, Member, Subscriber } from "./subscriber.ts";

/** Whose channels they are: a hub. */
export interface Crowded {
  /** Told of who comes and goes. */
  crowd: Crowd | undefined;
  /** The channels that somebody subscribes to. */
  names(): Iterable<string>;
  /** Who subscribes to a channel. */
  subscribers(channel: string): Iterable<Subscriber>;
}

/** How many connections a member has, and who it is. */
export type Seen = [sub: string, connections: number, info?: unknown];

/** A member with connections here. */
interface Here {
  member: Member;
  connections: number;
  /** Whether it was told of. */
  said: boolean;
}

/** Who is there on one channel. */
interface Counted {
  connections: number;
  /** Whether it was told that there are some. */
  said: boolean;
  members: Map<string, Here>;
  /** Those of whom something may be to be told. */
  changed: Set<string>;
}

/** Counts who is there. */
export class Crowds {
  readonly #hub: Crowded;
  readonly #changing: () => void;
  readonly #counted = new Map<string, Counted>();
  readonly #tracked = new Set<string>();
  readonly #changed = new Set<string>();
  #all = false;

  /** @param changing Told, once, that there will be something to tell. */
  constructor(hub: Crowded, changing: () => void) {
    this.#hub = hub;
    this.#changing = changing;
  }

  /** Counts on a channel from now on: all who are there are new. */
  track(channel: string): void {
    this.#tracked.add(channel);
    this.#begin(channel);
  }

  /** Counts there no more. */
  untrack(channel: string): void {
    this.#tracked.delete(channel);
    if (this.#all) return;
    this.#counted.delete(channel);
    this.#changed.delete(channel);
    if (this.#tracked.size === 0) this.#hub.crowd = undefined;
  }

  /** Counts on all channels, or only on those that are tracked. */
  trackAll(all: boolean): void {
    if (all === this.#all) return;
    this.#all = all;
    const names = all ? [...this.#hub.names()] : [...this.#counted.keys()];
    for (const name of names) {
      if (all) this.#begin(name);
      else if (!this.#tracked.has(name)) this.untrack(name);
    }
    if (all) this.#hub.crowd = this.#crowd;
  }

  /** What has changed since this was asked last. */
  *deltas(): Generator<Delta> {
    for (const channel of this.#changed) {
      const counted = this.#counted.get(channel)!;
      const { members, changed } = counted, occupied = counted.connections > 0;
      const join: Packed[] = [], leave: string[] = [];
      for (const sub of changed) {
        const here = members.get(sub)!;
        if (here.connections === 0) {
          members.delete(sub);
          if (here.said) leave.push(sub);
        } else if (!here.said) {
          here.said = true;
          join.push(pack(here.member));
        }
      }
      changed.clear();
      const isNew = occupied !== counted.said;
      counted.said = occupied;
      if (!occupied && !this.#tracked.has(channel)) this.#counted.delete(channel);
      if (isNew || join.length + leave.length > 0) yield [channel, occupied, join, leave];
    }
    this.#changed.clear();
  }

  /** All that was told of a channel on which is counted. */
  whole(channel: string): Delta {
    const counted = this.#counted.get(channel);
    const said = [...counted?.members.values() ?? []].filter((here) => here.said);
    return [channel, counted?.said ?? false, said.map(({ member }) => pack(member)), []];
  }

  /** The channels on which is counted. */
  names(): string[] {
    return [...this.#counted.keys()];
  }

  /** Who is there just now, counted or not, and how many connections there are in all. */
  who(channel: string): { connections: number; members: Seen[] } {
    const members = new Map<string, Seen>();
    let connections = 0;
    for (const subscriber of this.#hub.subscribers(channel)) {
      connections++;
      const member = subscriber.member?.(channel);
      if (member === undefined) continue;
      const seen = members.get(member.sub);
      if (seen !== undefined) seen[1]++;
      else members.set(member.sub, [member.sub, 1, member.info]);
    }
    return { connections, members: [...members.values()] };
  }

  #begin(channel: string): void {
    this.#hub.crowd = this.#crowd;
    if (this.#counted.has(channel)) return;
    const counted: Counted = {
      connections: 0,
      said: false,
      members: new Map(),
      changed: new Set(),
    };
    this.#counted.set(channel, counted);
    for (const subscriber of this.#hub.subscribers(channel)) {
      this.#count(channel, counted, subscriber, 1);
    }
  }

  readonly #crowd: Crowd = (channel, subscriber, by) => {
    const counted = this.#counted.get(channel);
    if (counted !== undefined) this.#count(channel, counted, subscriber, by);
    // Whoever came is among those who are there by now.
    else if (this.#all && by === 1) this.#begin(channel);
  };

  #count(channel: string, counted: Counted, subscriber: Subscriber, by: 1 | -1): void {
    counted.connections += by;
    if (this.#changed.size === 0) this.#changing();
    this.#changed.add(channel);
    const member = subscriber.member?.(channel);
    if (member === undefined) return;
    const here = counted.members.get(member.sub);
    if (here !== undefined) here.connections += by;
    else counted.members.set(member.sub, { member, connections: by, said: false });
    counted.changed.add(member.sub);
  }
}

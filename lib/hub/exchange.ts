/**
 * What ends of the bus say to each other about who is there: what they watch, what has changed of that, and, where an end may
 * have missed something of another, all of it again.
 * @module
 */
import { type Bus, PATIENCE } from "./bus.ts";
import { cut, type Delta, portions, unpack } from "./delta.ts";
import type { Member } from "./subscriber.ts";

/** This end's own: who is there by it, what is watched here, and what was heard of others. */
export interface Side {
  /** Whether all channels are watched here. */
  readonly watchesAll: boolean;
  /** Those that are. */
  watched(): Iterable<string>;
  /** Others want to know who is there by this end: on a channel, or on all. */
  track(channel: string): void;
  /** Nobody else does any more. */
  untrack(channel: string): void;
  /** As they are of all channels. */
  trackAll(): void;
  /** Who is there by this end: on some channels, or on all. */
  whole(channels: Iterable<string> | undefined): Delta[];
  /** Another says what has changed by it. */
  take(end: string, delta: Delta): void;
  /** Another says all that there is by it; where `of` is given, on these channels. */
  replace(
    end: string,
    rooms: ReadonlyMap<string, ReadonlyMap<string, Member>>,
    of?: readonly string[],
  ): void;
  /** Another is gone. */
  lose(end: string): void;
}

/** What another watches, and what of all that it says has come. */
interface Other {
  all: boolean;
  channels: Set<string>;
  /** What it watches, and who is there by it, as far as that has come; `undefined`: the beginning was missed. */
  watched: Set<string> | undefined;
  rooms: Map<string, Map<string, Member>> | undefined;
  /** Whether it is known what it watches, and who is there by it; it is asked until both are. */
  knowsWatched: boolean;
  knowsRooms: boolean;
  /** When it is asked again. */
  askAt: number;
}

/** Those who are still to say who is there by them, on a channel or (`undefined`) on all. */
interface Waiting {
  channel: string | undefined;
  missing: Set<string>;
  until: number;
  resolve: () => void;
}

/** What somebody watches from now on, and what no more. */
interface Want {
  add?: string[];
  drop?: string[];
  all?: boolean;
}

/** A portion of all that somebody watches; `ask`: it wants to hear the same, and who is there. */
interface Watched {
  first: boolean;
  last: boolean;
  channels: string[];
  all: boolean;
  ask: boolean;
}

/** A portion of who is there. */
interface State {
  first: boolean;
  last: boolean;
  deltas: Delta[];
  /** Of which channels that is all; `undefined`: of all that the other watches. */
  of?: string[];
}

const WANT = "presence.want", WATCHED = "presence.watched";
const STATE = "presence.state", DELTA = "presence.delta";
/** Between two times that the same end is asked for all, in ms. */
export const AGAIN = 2000;

/** Talks to the others. */
export class Exchange {
  readonly #bus: Bus;
  readonly #side: Side;
  readonly #now: () => number;
  readonly #others = new Map<string, Other>();
  readonly #waiting = new Set<Waiting>();

  /** @param now The time, in ms; it does not go back. */
  constructor(bus: Bus, side: Side, now: () => number) {
    this.#bus = bus;
    this.#side = side;
    this.#now = now;
    bus.watch({ unknown: (end) => this.#unknown(end), gone: (end) => this.#gone(end) });
    bus.on(WANT, (value, from) => this.#wants(from, value as Want));
    bus.on(WATCHED, (value, from) => this.#watches(from, value as Watched));
    bus.on(STATE, (value, from) => this.#says(from, value as State));
    bus.on(DELTA, (value, from) => {
      for (const delta of value as Delta[]) side.take(from, delta);
    });
  }

  /** Whether others watch a channel. */
  isWanted(channel: string): boolean {
    for (const { all, channels } of this.#others.values()) {
      if (all || channels.has(channel)) return true;
    }
    return false;
  }

  /** Whether others watch all channels. */
  get isAllWanted(): boolean {
    for (const { all } of this.#others.values()) if (all) return true;
    return false;
  }

  /**
   * Says what is watched here from now on.
   * @returns Resolves when all others have said who is there by them, or have not in time.
   */
  want(channel: string | undefined): Promise<void> {
    const want: Want = channel === undefined ? { all: true } : { add: [channel] };
    this.#bus.tell(WANT, want);
    const missing = new Set(this.#bus.peers);
    if (missing.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.add({ channel, missing, until: this.#now() + PATIENCE, resolve });
    });
  }

  /** Says what is watched here no more. */
  drop(channel: string | undefined): void {
    const want: Want = channel === undefined ? { all: false } : { drop: [channel] };
    this.#bus.tell(WANT, want);
  }

  /** Says what has changed by this end. */
  tell(deltas: Delta[]): void {
    const wanted = deltas.filter(([channel]) => this.isWanted(channel));
    if (wanted.length === 0) return;
    for (const portion of portions(cut(wanted))) this.#bus.tell(DELTA, portion);
  }

  /** Does what is due. */
  tick(): void {
    const now = this.#now();
    for (const waiting of this.#waiting) if (now >= waiting.until) this.#settle(waiting);
    for (const [end, other] of this.#others) {
      if (!(other.knowsWatched && other.knowsRooms)) this.#ask(end, other);
    }
  }

  /** Somebody is there, and what is known of it is not all. */
  #unknown(end: string): void {
    const other = this.#others.get(end) ?? {
      all: false,
      channels: new Set<string>(),
      watched: undefined,
      rooms: undefined,
      knowsWatched: false,
      knowsRooms: false,
      askAt: -Infinity,
    };
    this.#others.set(end, other);
    other.knowsWatched = other.knowsRooms = false;
    other.watched = other.rooms = undefined;
    this.#ask(end, other);
  }

  #ask(end: string, other: Other): void {
    const now = this.#now();
    if (now < other.askAt) return;
    other.askAt = now + AGAIN;
    this.#sayWatched(end, true);
  }

  #gone(end: string): void {
    const other = this.#others.get(end);
    this.#others.delete(end);
    for (const channel of other?.channels ?? []) this.#unwanted(channel);
    if (other?.all) this.#side.trackAll();
    for (const waiting of this.#waiting) this.#answered(waiting, end);
    this.#side.lose(end);
  }

  #sayWatched(to: string, ask: boolean): void {
    const all = portions(this.#side.watched());
    for (const [i, channels] of all.entries()) {
      const [first, last] = [i === 0, i === all.length - 1];
      const watched: Watched = { first, last, channels, all: this.#side.watchesAll, ask };
      this.#bus.tell(WATCHED, watched, to);
    }
  }

  /** Says who is there by this end: on some channels, or on all that the other watches, and then anew. */
  #sayState(to: string, of?: string[]): void {
    const { all, channels } = this.#others.get(to)!;
    const some = portions(cut(this.#side.whole(of ?? (all ? undefined : channels))));
    for (const [i, deltas] of some.entries()) {
      const [first, last] = [i === 0, i === some.length - 1];
      const state: State = { first, last, deltas, ...of !== undefined && { of } };
      this.#bus.tell(STATE, state, to);
    }
  }

  #wants(from: string, { add = [], drop = [], all }: Want): void {
    const other = this.#others.get(from)!;
    for (const channel of drop) {
      if (other.channels.delete(channel)) this.#unwanted(channel);
    }
    for (const channel of add) {
      other.channels.add(channel);
      this.#side.track(channel);
    }
    if (all !== undefined) {
      other.all = all;
      this.#side.trackAll();
    }
    if (all) this.#sayState(from);
    else if (add.length > 0) this.#sayState(from, add);
  }

  #watches(from: string, { first, last, channels, all, ask }: Watched): void {
    const other = this.#others.get(from)!;
    const watched = first ? other.watched = new Set() : other.watched;
    // What was missed of this, it will be asked for.
    if (watched === undefined) return;
    for (const channel of channels) watched.add(channel);
    if (!last) return;
    const { all: allBefore, channels: before } = other;
    other.channels = watched;
    other.watched = undefined;
    other.knowsWatched = true;
    other.all = all;
    for (const channel of other.channels) this.#side.track(channel);
    for (const channel of before) this.#unwanted(channel);
    this.#side.trackAll();
    if (ask) {
      this.#sayWatched(from, false);
      this.#sayState(from);
    } else if (all && !allBefore) this.#sayState(from);
    else if (!all) {
      const added = [...other.channels].filter((channel) => !before.has(channel));
      if (added.length > 0) this.#sayState(from, added);
    }
  }

  #says(from: string, { first, last, deltas, of }: State): void {
    const other = this.#others.get(from)!;
    const rooms = first ? other.rooms = new Map<string, Map<string, Member>>() : other.rooms;
    if (rooms === undefined) return;
    for (const [channel, occupied, join] of deltas) {
      if (!occupied) continue;
      const members = rooms.get(channel) ?? new Map<string, Member>();
      rooms.set(channel, members);
      for (const member of join.map(unpack)) members.set(member.sub, member);
    }
    if (!last) return;
    other.rooms = undefined;
    other.knowsRooms ||= of === undefined;
    this.#side.replace(from, rooms, of);
    for (const waiting of this.#waiting) {
      if (of === undefined || of.includes(waiting.channel!)) this.#answered(waiting, from);
    }
  }

  /** Another watches a channel no more. */
  #unwanted(channel: string): void {
    if (!this.isWanted(channel)) this.#side.untrack(channel);
  }

  #answered(waiting: Waiting, end: string): void {
    if (waiting.missing.delete(end) && waiting.missing.size === 0) this.#settle(waiting);
  }

  #settle(waiting: Waiting): void {
    this.#waiting.delete(waiting);
    waiting.resolve();
  }
}

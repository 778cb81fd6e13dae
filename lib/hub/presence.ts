/**
 * Who is there on channels, over all threads and nodes. Nobody is counted before somebody asks, here or elsewhere.
 *
 * Each end knows who is there by itself (`crowd.ts`), and tells what changes on channels that others watch; who begins to
 * watch one is told all of it first. Whoever watches puts together what all ends say (`room.ts`). What an end may have missed
 * of another, it asks for again as a whole: so every list comes right.
 * @module
 */
import type { Bus } from "./bus.ts";
import { type Crowded, Crowds, type Seen } from "./crowd.ts";
import { type Delta, portions } from "./delta.ts";
import { Exchange, type Side } from "./exchange.ts";
import { type Change, Room, type Told } from "./room.ts";
import type { Member } from "./subscriber.ts";

export type { Change, Told } from "./room.ts";

/** Who is there on a channel, with how many connections. */
export interface Who {
  /** All, whether they are somebody or not. */
  connections: number;
  /** Those who are somebody. */
  members: { sub: string; connections: number; info?: unknown }[];
}

/** Somebody who watches one channel, or all. */
export interface Watch<There = Member> {
  /** Resolves when all others have said who is there by them, or have not in time. */
  ready: Promise<void>;
  /**
   * Begins at the end of this turn, with what has changed until then.
   * @param listed Told first who is there; of all channels, for each as if all came then. What changes after is told.
   */
  begin(listed: (there: readonly There[]) => void): void;
  /** Who is there as far as it was told, of one that has begun. */
  list(): readonly There[];
  /** Watches no more; to be called once. */
  stop(): void;
}

const WHO = "presence.who";
/** How long a channel that nobody watches any more is followed all the same, in ms: a page that is loaded again watches again. */
export const KEEP = 10_000;

/** Knows who is there. */
export class Presence implements Side {
  readonly #bus: Bus;
  readonly #crowds: Crowds;
  readonly #exchange: Exchange;
  readonly #now: () => number;
  readonly #rooms = new Map<string, Room>();
  /** Who is told of all channels, and how many are or will be. */
  readonly #all = new Set<Told>();
  #allHolders = 0;
  #allReady = Promise.resolve();
  /** Channels of which something may be to be told, and those of which something is when some time has passed. */
  readonly #changed = new Set<Room>();
  readonly #later = new Set<Room>();
  /** Those that nobody watches any more, with when they are let go of. */
  readonly #idle = new Map<Room, number>();
  /** Who begins at the end of this turn, and how. */
  readonly #beginning = new Map<Told, () => void>();
  readonly #defer: (what: () => void) => void;
  #deferred = false;

  /**
   * @param hub Who subscribes here.
   * @param bus To all others.
   * @param now The time, in ms; it does not go back.
   * @param defer Does something at the end of this turn.
   */
  constructor(hub: Crowded, bus: Bus, now: () => number, defer: (what: () => void) => void) {
    this.#bus = bus;
    this.#now = now;
    this.#defer = defer;
    this.#crowds = new Crowds(hub, () => this.#flushLater());
    this.#exchange = new Exchange(bus, this, now);
    bus.answer(WHO, (channel) => this.#whoHere(channel as string));
  }

  /** How many members there are on the channels that are watched here. */
  get members(): number {
    let members = 0;
    for (const { size } of this.#rooms.values()) members += size;
    return members;
  }

  /**
   * Watches a channel.
   * @param told Nobody else's.
   */
  watch(channel: string, told: Told): Watch {
    let room = this.#rooms.get(channel), ready = Promise.resolve();
    if (room === undefined) {
      room = this.#open(channel);
      this.#crowds.track(channel);
      ready = this.watchesAll ? this.#allReady : this.#exchange.want(channel);
    }
    room.holders++;
    this.#idle.delete(room);
    return {
      ready,
      list: () => room.members(),
      begin: (listed) => {
        this.#atEnd(told, () => {
          room.watchers.add(told);
          listed(room.members());
        });
      },
      stop: () => {
        this.#beginning.delete(told);
        room.watchers.delete(told);
        if (--room.holders === 0) this.#idle.set(room, this.#now() + KEEP);
      },
    };
  }

  /**
   * Watches all channels, and whether anybody is there.
   * @param told Nobody else's.
   */
  watchAll(told: Told): Watch<Change> {
    if (this.#allHolders++ === 0) {
      this.trackAll();
      for (const name of this.#crowds.names()) if (!this.#rooms.has(name)) this.#open(name);
      this.#allReady = this.#exchange.want(undefined);
    }
    return {
      ready: this.#allReady,
      list: () => this.#listAll(),
      begin: (listed) => {
        this.#atEnd(told, () => {
          this.#all.add(told);
          listed(this.#listAll());
        });
      },
      stop: () => {
        this.#beginning.delete(told);
        this.#all.delete(told);
        if (--this.#allHolders > 0) return;
        for (const room of this.#rooms.values()) {
          if (room.holders === 0) this.#idle.set(room, this.#now());
          else this.#exchange.want(room.channel);
        }
        this.#exchange.drop(undefined);
        this.trackAll();
      },
    };
  }

  /** Who is there just now, over all threads and nodes that answer in time. */
  async who(channel: string): Promise<Who> {
    const answers = [...this.#whoHere(channel), ...await this.#bus.ask(WHO, channel)];
    const members = new Map<string, Who["members"][number]>();
    let connections = 0;
    for (const [count, seen] of answers as [number, Seen[]][]) {
      connections += count;
      for (const [sub, count, info] of seen) {
        const member = members.get(sub);
        if (member !== undefined) member.connections += count;
        else members.set(sub, { sub, connections: count, ...info != null && { info } });
      }
    }
    return { connections, members: [...members.values()] };
  }

  /** Does what is due. Whoever keeps the time calls it some times a second. */
  tick(): void {
    const now = this.#now();
    this.#exchange.tick();
    for (const [room, until] of this.#idle) {
      if (now < until) continue;
      this.#idle.delete(room);
      // Who watches all watches this one, as long as somebody is there.
      if (!this.watchesAll || room.empty) this.#close(room);
    }
    for (const room of this.#later) this.#changed.add(room);
    if (this.#changed.size > 0) this.#flush();
  }

  /** Tells at once who is gone: nobody comes back, as all ends. */
  settle(): void {
    this.#flush();
    for (const room of this.#later) this.#changed.add(room);
    this.#flush(Infinity);
  }

  /** @inheritDoc */
  get watchesAll(): boolean {
    return this.#allHolders > 0;
  }

  /** @inheritDoc */
  watched(): Iterable<string> {
    return this.watchesAll ? [] : this.#rooms.keys();
  }

  /** @inheritDoc */
  track(channel: string): void {
    this.#crowds.track(channel);
  }

  /** @inheritDoc */
  untrack(channel: string): void {
    if (!this.#rooms.has(channel)) this.#crowds.untrack(channel);
  }

  /** @inheritDoc */
  trackAll(): void {
    this.#crowds.trackAll(this.watchesAll || this.#exchange.isAllWanted);
  }

  /** @inheritDoc */
  whole(channels: Iterable<string> | undefined): Delta[] {
    // What has changed is told before: it is in what is told now.
    this.#flush();
    return Array.from(channels ?? this.#crowds.names(), (channel) => this.#crowds.whole(channel));
  }

  /** @inheritDoc */
  take(end: string, delta: Delta): void {
    const [channel, occupied] = delta;
    const room = this.#rooms.get(channel) ??
      (this.watchesAll && occupied ? this.#open(channel) : undefined);
    if (room === undefined) return;
    room.take(end, delta);
    this.#change(room);
  }

  /** @inheritDoc */
  replace(
    end: string,
    rooms: ReadonlyMap<string, ReadonlyMap<string, Member>>,
    of?: readonly string[],
  ): void {
    for (const channel of rooms.keys()) {
      if (this.watchesAll && !this.#rooms.has(channel)) this.#open(channel);
    }
    for (const channel of of ?? this.#rooms.keys()) {
      const room = this.#rooms.get(channel), members = rooms.get(channel);
      if (room === undefined) continue;
      if (members === undefined) room.lose(end);
      else room.replace(end, members);
      this.#change(room);
    }
  }

  /** @inheritDoc */
  lose(end: string): void {
    this.replace(end, new Map());
  }

  *#whoHere(channel: string): Generator<[connections: number, members: Seen[]]> {
    const { connections, members } = this.#crowds.who(channel);
    let counted = connections;
    for (const portion of portions(members)) {
      yield [counted, portion];
      counted = 0;
    }
  }

  #open(channel: string): Room {
    const room = new Room(channel);
    this.#rooms.set(channel, room);
    // Where it was counted for others already, it is known here as what it is.
    const here = this.#crowds.whole(channel);
    if (here[1]) room.take(this.#bus.origin, here);
    this.#change(room);
    return room;
  }

  #close(room: Room): void {
    const { channel } = room;
    this.#idle.delete(room);
    this.#later.delete(room);
    this.#changed.delete(room);
    this.#rooms.delete(channel);
    if (!this.#exchange.isWanted(channel)) this.#crowds.untrack(channel);
    if (!this.watchesAll) this.#exchange.drop(channel);
  }

  #change(room: Room): void {
    this.#changed.add(room);
    this.#flushLater();
  }

  #listAll(): Change[] {
    const there = Array.from(this.#rooms.values(), (room) => room.there());
    return there.filter(({ occupied }) => occupied);
  }

  #atEnd(told: Told, begin: () => void): void {
    this.#beginning.set(told, begin);
    this.#flushLater();
  }

  #flushLater(): void {
    if (this.#deferred) return;
    this.#deferred = true;
    this.#defer(() => {
      this.#deferred = false;
      this.#flush();
    });
  }

  /** Tells the others what has changed by this end, and those who watch what has by all. */
  #flush(now: number = this.#now()): void {
    const deltas = [...this.#crowds.deltas()];
    for (const delta of deltas) this.take(this.#bus.origin, delta);
    this.#exchange.tell(deltas);
    const rooms = [...this.#changed];
    this.#changed.clear();
    for (const room of rooms) {
      const change = room.turn(now);
      if (room.waits) this.#later.add(room);
      else this.#later.delete(room);
      if (change !== undefined) this.#tell(room, change);
      if (room.holders === 0 && room.empty && !this.#idle.has(room)) this.#close(room);
    }
    const beginning = [...this.#beginning.values()];
    this.#beginning.clear();
    for (const begin of beginning) begin();
  }

  #tell({ watchers }: Room, change: Change): void {
    for (const told of watchers) told(change);
    for (const told of this.#all) told(change);
  }
}

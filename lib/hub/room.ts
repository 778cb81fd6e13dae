/**
 * One channel that somebody watches: who is there by all ends together, and what of that the watchers were told.
 * @module
 */
import { type Delta, unpack } from "./delta.ts";
import type { Member } from "./subscriber.ts";

/** What has changed on a channel in one turn. */
export interface Change {
  channel: string;
  /** Who has the first connection. */
  join: Member[];
  /** Whose last connection has been gone for {@linkcode LINGER}. */
  leave: string[];
  /** Whether anybody is there, where that has changed; that nobody is, only after as long. */
  occupied?: boolean;
}

/** Takes a change. */
export type Told = (change: Change) => void;

/** How long somebody counts as there whose last connection is gone, in ms: a page that is loaded again does not leave. */
export const LINGER = 2000;

/** A member, over all ends. */
interface Present {
  member: Member;
  /** By how many ends it is there. */
  ends: number;
  /** Whether the watchers know. */
  told: boolean;
  /** When it is told that it is gone. */
  leaveAt: number;
}

/** A channel that is watched. */
export class Room {
  /** Its channel. */
  readonly channel: string;
  /** Who is told. */
  readonly watchers = new Set<Told>();
  /** How many watch it, or are about to. */
  holders = 0;
  /** Who is there by each end by which somebody is. */
  readonly #ends = new Map<string, Map<string, Member>>();
  readonly #members = new Map<string, Present>();
  readonly #changed = new Set<string>();
  readonly #leaving = new Set<string>();
  #list: readonly Member[] | undefined;
  #occupied = false;
  #vacatedAt = Infinity;

  /** @param channel Its name. */
  constructor(channel: string) {
    this.channel = channel;
  }

  /** Whether something is to be told when some time has passed. */
  get waits(): boolean {
    return this.#leaving.size > 0 || this.#vacatedAt < Infinity;
  }

  /** Whether nobody is there, and all know. */
  get empty(): boolean {
    return !this.#occupied && this.#members.size === 0 && this.#ends.size === 0;
  }

  /** How many members are known. */
  get size(): number {
    return this.#members.size;
  }

  /** Who is there, as far as the watchers know: the same list until that changes. */
  members(): readonly Member[] {
    return this.#list ??= [...this.#members.values()].filter(({ told }) => told)
      .map(({ member }) => member);
  }

  /** What the watchers know, as if all of it had changed now. */
  there(): Change {
    return {
      channel: this.channel,
      join: [...this.members()],
      leave: [],
      occupied: this.#occupied,
    };
  }

  /** An end says what has changed by it. */
  take(end: string, [, occupied, join, leave]: Delta): void {
    let there = this.#ends.get(end);
    if (there === undefined) {
      if (!occupied) return;
      this.#ends.set(end, there = new Map());
    }
    for (const packed of join) this.#join(there, unpack(packed));
    for (const sub of leave) this.#leave(there, sub);
    if (!occupied) this.lose(end);
  }

  /** An end says all that there is by it. */
  replace(end: string, members: ReadonlyMap<string, Member>): void {
    const there = this.#ends.get(end) ?? new Map<string, Member>();
    this.#ends.set(end, there);
    for (const sub of [...there.keys()]) if (!members.has(sub)) this.#leave(there, sub);
    for (const member of members.values()) this.#join(there, member);
  }

  /** By an end nobody is there any more. */
  lose(end: string): void {
    const there = this.#ends.get(end);
    if (there === undefined) return;
    for (const sub of [...there.keys()]) this.#leave(there, sub);
    this.#ends.delete(end);
  }

  /**
   * What is to be told now of what has changed; `undefined`: nothing.
   * @param now In ms.
   */
  turn(now: number): Change | undefined {
    const { channel } = this;
    const change: Change = { channel, join: [], leave: [] };
    for (const sub of this.#changed) {
      const present = this.#members.get(sub)!;
      if (present.ends > 0) {
        this.#leaving.delete(sub);
        if (!present.told) change.join.push(present.member);
        present.told = true;
      } else if (!present.told) this.#members.delete(sub);
      else if (!this.#leaving.has(sub)) {
        this.#leaving.add(sub);
        present.leaveAt = now + LINGER;
      }
    }
    this.#changed.clear();
    for (const sub of this.#leaving) {
      // They are in the order of their times.
      if (this.#members.get(sub)!.leaveAt > now) break;
      this.#leaving.delete(sub);
      this.#members.delete(sub);
      change.leave.push(sub);
    }
    const occupied = this.#occupation(now);
    if (occupied !== undefined) change.occupied = occupied;
    if (change.join.length + change.leave.length > 0) this.#list = undefined;
    else if (occupied === undefined) return undefined;
    return change;
  }

  /** Whether anybody is there, where that is to be told now. */
  #occupation(now: number): boolean | undefined {
    const occupied = this.#ends.size > 0;
    if (occupied) this.#vacatedAt = Infinity;
    if (occupied === this.#occupied) return undefined;
    if (!occupied && this.#vacatedAt === Infinity) this.#vacatedAt = now + LINGER;
    if (!occupied && now < this.#vacatedAt) return undefined;
    this.#vacatedAt = Infinity;
    return this.#occupied = occupied;
  }

  #join(there: Map<string, Member>, member: Member): void {
    const { sub } = member;
    if (there.has(sub)) return;
    there.set(sub, member);
    this.#changed.add(sub);
    const present = this.#members.get(sub);
    if (present === undefined) {
      this.#members.set(sub, { member, ends: 1, told: false, leaveAt: Infinity });
    } else present.ends++;
  }

  #leave(there: Map<string, Member>, sub: string): void {
    if (!there.delete(sub)) return;
    this.#members.get(sub)!.ends--;
    this.#changed.add(sub);
  }
}

/**
 * What ends tell each other of who is there on channels, in portions of a size that everything on the way takes.
 * @module
 */
import type { Member } from "./subscriber.ts";

/** A member, as it crosses. */
export type Packed = [sub: string, info?: unknown];

/** What has changed by one end on a channel: whether anybody is there by it, whom it has now, and whom no more. */
export type Delta = [channel: string, occupied: boolean, join: Packed[], leave: string[]];

/** How much goes at a time, in characters of JSON: the last thing may go beyond it. */
const PORTION = 8 * 1024;
/** How many members of one change go at a time. With the largest there are, that and a portion are less than 64 KiB. */
const MEMBERS = 16;

/** A member, so that it crosses. */
export function pack({ sub, info }: Member): Packed {
  return info === undefined ? [sub] : [sub, info];
}

/** A member that has crossed. */
export function unpack([sub, info]: Packed): Member {
  return info === undefined ? { sub } : { sub, info };
}

/** Cuts changes of many members in several of few. */
export function* cut(deltas: Iterable<Delta>): Generator<Delta> {
  for (const [channel, occupied, join, leave] of deltas) {
    let at = 0;
    do {
      const to = at + MEMBERS;
      yield [channel, occupied, join.slice(at, to), leave.slice(at, to)];
      at = to;
    } while (at < Math.max(join.length, leave.length));
  }
}

/** Puts things together that go at the same time, at least one portion of them. */
export function portions<T>(things: Iterable<T>): T[][] {
  const all: T[][] = [[]];
  let size = 0;
  for (const thing of things) {
    if (size > PORTION) {
      all.push([]);
      size = 0;
    }
    all.at(-1)!.push(thing);
    size += JSON.stringify(thing).length;
  }
  return all;
}

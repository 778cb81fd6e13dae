/**
 * What is counted of connections: a row of plain numbers, each at a place of its own. To count is one addition, nobody is
 * told, and a row can lie in memory that threads share.
 * @module
 */
import { reasons } from "../http/error.ts";

/** A row. Each thread adds to one of its own. */
export type Counts = Float64Array;

/** Places by name; `end` is how many there are. */
export type Places<Name extends string> = Readonly<Record<Name | "end", number>>;

/**
 * Gives each name its place in a row.
 * @param sizes How many places each name takes.
 * @param from The first place.
 */
export function layout<const Name extends string>(
  sizes: Readonly<Record<Name, number>>,
  from = 0,
): Places<Name> {
  let end = from;
  const places = Object.entries<number>(sizes).map(([name, size]) => {
    const place = end;
    end += size;
    return [name, place];
  });
  return Object.fromEntries([...places, ["end", end]]);
}

/** The codes of a close frame, as they are counted: what libraries and programs made up together. */
export const closeCodes: readonly string[] = [
  ...Array.from({ length: 16 }, (_, i) => String(1000 + i)),
  "3000-3999",
  "4000-4999",
];

/** Upper bounds of what is counted of how late the clock ticks, in seconds. */
export const LATE: readonly number[] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1];

/** Where connections count what. */
export const Count: Places<
  | "accepted"
  | "open"
  | "bytesIn"
  | "bytesOut"
  | "messagesIn"
  | "messagesOut"
  | "queued"
  | "held"
  | "slow"
  | "closes"
  | "refused"
  | "unencrypted"
  | "late"
> = layout({
  /** Connections accepted; those over TLS at the next place. */
  accepted: 2,
  /** Connections that are neither a WebSocket nor a stream; those over TLS at the next place. */
  open: 2,
  /** Bytes read. */
  bytesIn: 1,
  /** Bytes written. */
  bytesOut: 1,
  /** WebSocket messages that have come. */
  messagesIn: 1,
  /** WebSocket messages that were sent. */
  messagesOut: 1,
  /** Bytes that wait to be written, at the last tick of the clock. */
  queued: 1,
  /** Memory that is held by what waits for connections, in bytes. */
  held: 1,
  /**
   * Connections ended because too much waited to be written, because nothing of it was taken for too long, and because too
   * much waited for all of them together.
   */
  slow: 3,
  /** WebSockets that have ended, by {@linkcode closeCodes}. */
  closes: closeCodes.length,
  /** Refused handshakes by {@linkcode reasons}, then other requests. */
  refused: 2 * reasons.length,
  /** Connections that were to be encrypted, and have not become so. */
  unencrypted: 1,
  /** How late the clock has ticked. */
  late: LATE.length + 2,
});

/** For what a connection is too slow: the places of `slow`. */
export type Slow = 0 | 1 | 2;

/** A row that nobody reads. */
export const uncounted: Counts = new Float64Array(Count.end);

/** The place of a close code. */
export function closePlace(code: number): number {
  return Count.closes + (code < 1016 ? code - 1000 : code < 4000 ? 16 : 17);
}

/**
 * Counts into a histogram: a place for each upper bound, one for what is above, and one for the sum.
 * @param place The first of them.
 */
export function observe(
  counts: Counts,
  place: number,
  bounds: readonly number[],
  value: number,
): void {
  let bucket = 0;
  while (bucket < bounds.length && value > bounds[bucket]!) bucket++;
  counts[place + bucket]!++;
  counts[place + bounds.length + 1]! += value;
}

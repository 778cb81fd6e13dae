/**
 * What is counted of all that a process serves: a row of numbers for each of its threads, in memory that they share where
 * there are several, so that each of them can tell all of it at any time.
 * @module
 */
import { outcomes } from "../auth/callback.ts";
import { Count, type Counts, layout, type Places } from "../net/counts.ts";
import { type Addresses, OwnAddresses, SharedAddresses } from "../net/addresses.ts";
import { type Census, OwnCensus } from "../net/census.ts";

/** What has become of a publish. */
export const results = [
  "published",
  "replayed",
  "refused",
  "unavailable",
  "uncertain",
  "failed",
] as const;

/** Upper bounds of what is counted of how long a publish takes, in seconds. */
export const DELIVERY: readonly number[] = [
  ...[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
];

/** Upper bounds of what is counted of how long a backend takes to say what somebody may do, in seconds. */
export const ASKING: readonly number[] = [
  ...[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
];

/** Where the service counts what, in the same row as the connections. Of a kind of connection, those over TLS are next to it. */
export const Tally: Places<
  | "ticker"
  | "echo"
  | "raw"
  | "envelope"
  | "sse"
  | "tap"
  | "pusher"
  | "slow"
  | "delivered"
  | "publishes"
  | "delivery"
  | "threadsEnded"
  | "enginesEnded"
  | "outages"
  | "expires"
  | "members"
  | "missed"
  | "asked"
  | "asking"
  | "askingTook"
  | "unanswered"
  | "hookEvents"
  | "hookPosts"
  | "hookWaiting"
> = layout({
  ticker: 2,
  echo: 2,
  raw: 2,
  envelope: 2,
  sse: 2,
  tap: 2,
  pusher: 2,
  /** Connections ended because too much came while they took what they had missed. */
  slow: 1,
  /** Messages handed to subscribers. */
  delivered: 1,
  /** Publishes over HTTP by {@linkcode results}, then over WebSocket. */
  publishes: 2 * results.length,
  /** How long publishes took until the last subscriber's write began. */
  delivery: DELIVERY.length + 2,
  /** Threads that have ended by a fault. */
  threadsEnded: 1,
  /** Threads of the engine that have. */
  enginesEnded: 1,
  /** How often publishes began to be refused. */
  outages: 1,
  /** When the certificate is good no more, in seconds since 1970; of the thread that hands it out. */
  expires: 1,
  /** Who is there on channels on which that is told. */
  members: 1,
  /** How often something was missed that another thread or node said. */
  missed: 1,
  /** Questions to the backend, by {@linkcode outcomes}. */
  asked: outcomes.length,
  /** Those that are not answered yet. */
  asking: 1,
  /** How long they took. */
  askingTook: ASKING.length + 2,
  /** Whether the backend does not answer as it should. */
  unanswered: 1,
  /** Events that a hook has taken, and those that were dropped. */
  hookEvents: 2,
  /** Requests to hooks that were taken, and those that were not. */
  hookPosts: 2,
  /** Events that wait for a hook. */
  hookWaiting: 1,
}, Count.end);

/** What says how things stand, and not what has happened: of a thread that has ended nothing of it is left. */
const standing: readonly number[] = [
  Count.queued,
  Count.held,
  Tally.members,
  Tally.asking,
  Tally.unanswered,
  Tally.hookWaiting,
  ...[Count.open, Tally.ticker, Tally.echo, Tally.raw, Tally.envelope, Tally.sse, Tally.tap]
    .concat(Tally.pusher)
    .flatMap((place) => [place, place + 1]),
];

/** Where a thread counts. */
export interface Counters {
  /** Connections, with those of the others. */
  census: Census;
  /** Of each address, with those of the others. */
  addresses: Addresses;
  /** All else, by itself. */
  row: Counts;
  /** What waits for the connections of all threads, in bytes. */
  held(): number;
  /** The sum over all threads. */
  totals(): Counts;
}

/** Counters of a process that has one thread. */
export function ownCounters(): Counters {
  const row = new Float64Array(Tally.end);
  return {
    census: new OwnCensus(),
    addresses: new OwnAddresses(),
    row,
    held: () => row[Count.held]!,
    totals: () => row,
  };
}

/** What all threads count in. */
export interface SharedMemory {
  rows: SharedArrayBuffer;
  addresses: SharedArrayBuffer;
}

/** Counters of all threads of a process. */
export class SharedCounters {
  /** Where they are: a thread is given it, and makes its own of it. */
  readonly memory: SharedMemory;
  readonly #addresses: SharedAddresses;
  readonly #rows: Counts;
  /** Open connections: of all, then of each thread. Who enters must know how many there are everywhere, at once. */
  readonly #open: Int32Array;

  /** @param memory Of another's, or for how many threads. */
  constructor(memory: SharedMemory | number) {
    const row = Tally.end * Float64Array.BYTES_PER_ELEMENT + Int32Array.BYTES_PER_ELEMENT;
    const { rows, addresses } = typeof memory !== "number" ? memory : {
      rows: new SharedArrayBuffer(memory * row + Int32Array.BYTES_PER_ELEMENT),
      addresses: undefined,
    };
    const threads = Math.floor(rows.byteLength / row);
    this.#rows = new Float64Array(rows, 0, threads * Tally.end);
    this.#open = new Int32Array(rows, this.#rows.byteLength);
    this.#addresses = new SharedAddresses(threads, addresses);
    this.memory = { rows, addresses: this.#addresses.memory };
  }

  /** The counters of one thread, by its number from 0. */
  of(thread: number): Counters {
    const rows = this.#rows, open = this.#open;
    const census: Census = {
      get size() {
        return Atomics.load(open, 0);
      },
      enter() {
        Atomics.add(open, thread + 1, 1);
        return Atomics.add(open, 0, 1);
      },
      leave() {
        Atomics.sub(open, thread + 1, 1);
        Atomics.sub(open, 0, 1);
      },
    };
    const totals = () => {
      const sums = new Float64Array(Tally.end);
      for (let i = 0; i < rows.length; i++) sums[i % Tally.end]! += rows[i]!;
      return sums;
    };
    const held = () => {
      let sum = 0;
      for (let i = Count.held; i < rows.length; i += Tally.end) sum += rows[i]!;
      return sum;
    };
    return { census, addresses: this.#addresses.of(thread), row: this.#row(thread), held, totals };
  }

  /** Counts what stands open in a thread no longer: it has ended. */
  leave(thread: number): void {
    Atomics.sub(this.#open, 0, Atomics.exchange(this.#open, thread + 1, 0));
    const row = this.#row(thread);
    for (const place of standing) row[place] = 0;
    this.#addresses.leave(thread);
  }

  #row(thread: number): Counts {
    return this.#rows.subarray(thread * Tally.end, (thread + 1) * Tally.end);
  }
}

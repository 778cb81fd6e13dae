/**
 * What is counted: in this thread, or by all threads of a process in memory that they share, so that each of them can tell
 * all of it at any time.
 * @module
 */
import { type Census, OwnCensus } from "../net/listener.ts";

/** What one thread counts. */
export interface Tally {
  /** Connections accepted. */
  accepted: number;
  /** Messages handed to subscribers. */
  delivered: number;
}

/** What all threads have counted. */
export interface Totals extends Tally {
  /** Open connections. */
  connections: number;
}

/** Where a thread counts. */
export interface Counters {
  /** Connections, with those of the others. */
  census: Census;
  /** All else, by itself. */
  tally: Tally;
  /** The sum over all threads. */
  totals(): Totals;
}

/** Counters of a process that has one thread. */
export function ownCounters(): Counters {
  const census = new OwnCensus();
  const tally: Tally = { accepted: 0, delivered: 0 };
  return { census, tally, totals: () => ({ ...tally, connections: census.size }) };
}

const ACCEPTED = 0, DELIVERED = 1;
/** Numbers of one thread; its open connections are counted beside. */
const ROW = 2;

/** Memory for the counters of so many threads. */
export function sharedMemory(threads: number): SharedArrayBuffer {
  return new SharedArrayBuffer(threads * (ROW * 8 + 4) + 4);
}

/** Counters of one of several threads. */
export function sharedCounters(memory: SharedArrayBuffer, thread: number): Counters {
  const threads = (memory.byteLength - 4) / (ROW * 8 + 4);
  const rows = new Float64Array(memory, 0, threads * ROW);
  // The first is the sum: who enters must know how many there are everywhere, at once.
  const open = new Int32Array(memory, threads * ROW * 8);
  const at = thread * ROW;
  const sum = (column: number) => {
    let total = 0;
    for (let i = column; i < rows.length; i += ROW) total += rows[i]!;
    return total;
  };
  return {
    census: {
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
    },
    tally: {
      get accepted() {
        return rows[at + ACCEPTED]!;
      },
      set accepted(count) {
        rows[at + ACCEPTED] = count;
      },
      get delivered() {
        return rows[at + DELIVERED]!;
      },
      set delivered(count) {
        rows[at + DELIVERED] = count;
      },
    },
    totals: () => ({
      accepted: sum(ACCEPTED),
      delivered: sum(DELIVERED),
      connections: Atomics.load(open, 0),
    }),
  };
}

/** Counts the connections of a thread no longer: it has ended, and they with it. */
export function leaveAll(memory: SharedArrayBuffer, thread: number): void {
  const threads = (memory.byteLength - 4) / (ROW * 8 + 4);
  const open = new Int32Array(memory, threads * ROW * 8);
  Atomics.sub(open, 0, Atomics.exchange(open, thread + 1, 0));
}

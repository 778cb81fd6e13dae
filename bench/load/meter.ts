/**
 * What a server and its load use between two moments.
 * @module
 */
import { cpuSeconds, machineSeconds, residentBytes } from "./process.ts";

/** What was used. */
export interface Usage {
  /** From begin to end, in seconds. */
  seconds: number;
  /** CPU of the server, all threads, in seconds. */
  serverCpu: number;
  /** CPU of the load, in seconds. */
  loadCpu: number;
  /** CPU of all else on this machine, in seconds: what disturbed. */
  otherCpu: number;
  /** Memory of the server at the end, in bytes. */
  resident: number;
}

/** Begins to measure. The returned function ends it. */
export function meter(pid: number): () => Usage {
  const began = performance.now(), all = machineSeconds();
  const server = cpuSeconds(pid), load = cpuSeconds(Deno.pid);
  return () => {
    const serverCpu = cpuSeconds(pid) - server, loadCpu = cpuSeconds(Deno.pid) - load;
    return {
      seconds: (performance.now() - began) / 1000,
      serverCpu,
      loadCpu,
      otherCpu: Math.max(0, machineSeconds() - all - serverCpu - loadCpu),
      resident: residentBytes(pid),
    };
  };
}

/** Times in ms, kept in buckets of a hundredth of an octave: 0.7 %. */
export class Times {
  readonly #buckets = new Uint32Array(4096);
  #count = 0;

  add(ms: number): void {
    const bucket = Math.log2(Math.max(ms, 0.001) * 1000) * 100;
    this.#buckets[Math.min(bucket | 0, 4095)]!++;
    this.#count++;
  }

  /** The time that a share of all does not exceed. */
  percentile(share: number): number {
    let seen = 0;
    for (let i = 0; i < this.#buckets.length; i++) {
      seen += this.#buckets[i]!;
      if (seen > 0 && seen >= this.#count * share) return 2 ** ((i + 1) / 100) / 1000;
    }
    return 0;
  }
}

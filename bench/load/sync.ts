/**
 * What the disk itself takes: as many bytes appended to a file as a commit writes, and synced, one after the other.
 * @module
 */
import { Times } from "./meter.ts";

/** What to write. */
export interface SyncLoad {
  /** The folder. */
  folder: string;
  /** Bytes at once. */
  size: number;
  /** Seconds before measuring, and of measuring. */
  warm: number;
  seconds: number;
}

/** What came of it. */
export interface SyncResult {
  /** How often it was synced, and in which time, in seconds. */
  syncs: number;
  seconds: number;
  /** From writing to synced, in ms: half and 99 % took no longer. */
  p50: number;
  p99: number;
}

/** Appends and syncs. */
export function sync({ folder, size, warm, seconds }: SyncLoad): SyncResult {
  const path = `${folder}/sync`, bytes = new Uint8Array(size).fill(97);
  using file = Deno.openSync(path, { create: true, write: true, truncate: true });
  let syncs = 0, times = new Times(), began = 0;
  const run = (seconds: number) => {
    began = performance.now();
    for (let now = began; now < began + seconds * 1000; syncs++) {
      file.writeSync(bytes);
      // What SQLite calls, too: fsync, not fdatasync.
      file.syncSync();
      times.add(-now + (now = performance.now()));
    }
  };
  run(warm);
  syncs = 0;
  times = new Times();
  run(seconds);
  const took = (performance.now() - began) / 1000;
  Deno.removeSync(path);
  return { syncs, seconds: took, p50: times.percentile(0.5), p99: times.percentile(0.99) };
}

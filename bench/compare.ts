/**
 * Kodama beside its peers: `deno task bench:compare`, with the flags of {@link ./compare_rows.ts}. Every server is a
 * process of its own; in every round each has its turn. A complete run writes `bench/results.json`.
 * @module
 */
import { compareRows } from "./compare_rows.ts";
import { peerVersions } from "./machine.ts";
import { PEERS } from "./peers.ts";
import { ROWS } from "./rows.ts";

await compareRows({
  task: "bench:compare",
  rows: ROWS,
  peers: PEERS,
  versions: peerVersions,
  file: "results.json",
  rounds: "5",
  seconds: "2",
});

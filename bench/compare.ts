/**
 * Kodama beside its peers: `deno task bench:compare`, with the flags of {@link ./compare_rows.ts}. Every server is a
 * process of its own; in every round each has its turn. A complete run writes `bench/results.json`; with `--tls` as the
 * first flag all of it goes over TLS, and is written to `bench/wss.json`.
 * @module
 */
import { compareRows } from "./compare_rows.ts";
import { peerVersions } from "./machine.ts";
import { PEERS } from "./peers.ts";
import { ROWS, TLS_ROWS } from "./rows.ts";

const [first, ...rest] = Deno.args;
const tls = first === "--tls";

await compareRows({
  task: "bench:compare",
  args: tls ? rest : Deno.args,
  rows: tls ? TLS_ROWS : ROWS,
  peers: PEERS,
  versions: peerVersions,
  file: tls ? "wss.json" : "results.json",
  rounds: "5",
  seconds: "2",
});

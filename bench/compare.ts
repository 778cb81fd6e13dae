/**
 * Kodama beside its peers: `deno task bench:compare`, with the flags of {@link ./compare_rows.ts}. Every server is a
 * process of its own; in every round each has its turn. A complete run writes `bench/results.json`; with `--tls` as the
 * first flag all of it goes over TLS, and is written to `bench/wss.json`; with `--publish` it is about publishing over HTTP,
 * by `wrk`, and is written to `bench/publish.json`; with `--library` a program's `serve()` takes part, in `bench/library.json`.
 * @module
 */
import { compareRows } from "./compare_rows.ts";
import { peerVersions } from "./machine.ts";
import { LIBRARIES, PEERS } from "./peers.ts";
import { LIBRARY_ROWS, PUBLISH_ROWS, ROWS, TLS_ROWS } from "./rows.ts";

const sets = {
  "": { rows: ROWS, file: "results.json" },
  "--tls": { rows: TLS_ROWS, file: "wss.json" },
  "--publish": { rows: PUBLISH_ROWS, file: "publish.json" },
  "--library": { rows: LIBRARY_ROWS, file: "library.json", peers: LIBRARIES },
};
const [first = "", ...rest] = Deno.args;
const set = first === "--tls" || first === "--publish" || first === "--library" ? first : "";

await compareRows({
  task: "bench:compare",
  args: set === "" ? Deno.args : rest,
  peers: PEERS,
  ...sets[set],
  versions: peerVersions,
  rounds: "5",
  seconds: "2",
});

/**
 * Workers and engines: `deno task bench:engines`, with the flags of {@link ./compare_rows.ts}. As in the comparison with
 * other servers, each is a process of its own and has its turn. A complete run writes `bench/engines.json`.
 * @module
 */
import { compareRows } from "./compare_rows.ts";
import { ENGINE_ROWS } from "./engine_rows.ts";
import { redisVersion } from "./machine.ts";
import { ENGINES } from "./peers.ts";

await compareRows({
  task: "bench:engines",
  args: Deno.args,
  rows: ENGINE_ROWS,
  peers: ENGINES,
  versions: redisVersion,
  file: "engines.json",
  rounds: "5",
  seconds: "1.5",
});

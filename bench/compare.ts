/**
 * Kodama beside its peers: `deno task bench:compare [--rounds N] [--seconds S] [--only ROW,…] [--peers PEER,…]
 * [--before FOLDER]`. Every server is a process of its own; in every round each has its turn. A complete run writes
 * `bench/results.json`. `--before` measures another checkout of Kodama too.
 * @module
 */
import { parseArgs } from "node:util";
import { setting, writeResults } from "./machine.ts";
import { measureRow } from "./measure.ts";
import { type Results, rowOf } from "./results.ts";
import { ROWS } from "./rows.ts";
import { type Peer, PEERS } from "./servers.ts";
import { rowText } from "./table.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: {
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "2" },
    only: { type: "string", multiple: true },
    peers: { type: "string", multiple: true },
    before: { type: "string" },
  },
});
const list = (given: string[] | undefined) => given?.flatMap((v) => v.split(","));
const rows = list(values.only)?.map(rowOf) ?? ROWS;
const peers = list(values.peers) as Peer[] | undefined ?? PEERS;
const [rounds, seconds] = [Number(values.rounds), Number(values.seconds)];
const results: Results = {
  ...await setting("bench:compare", rounds, seconds),
  rows: [],
};
const plan = { rounds, seconds, warm: 0.5, peers, before: values.before };
for (const row of rows) {
  const result = { id: row.id, rounds: await measureRow(row, plan) };
  results.rows.push(result);
  console.log(rowText(row, result));
}
if (rows === ROWS && peers === PEERS && values.before === undefined) {
  writeResults("results.json", results);
}
// Children that were killed keep nothing open, but their pipes may.
Deno.exit(0);

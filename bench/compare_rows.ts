/**
 * Measures rows as the command line asks: `[--rounds N] [--seconds S] [--only ROW,…] [--peers PEER,…]
 * [--before FOLDER [--as PEER]]`. `--before` measures another checkout of Kodama too, run as one of the peers.
 * @module
 */
import { parseArgs } from "node:util";
import { setting, writeResults } from "./machine.ts";
import { measureRow } from "./measure.ts";
import type { Peer } from "./peers.ts";
import { type Results, rowOf } from "./results.ts";
import type { Row } from "./rows.ts";
import { rowText } from "./table.ts";

/** What is measured, where nothing else is asked. */
export interface Comparison {
  /** The task, and what the command line asks of it. */
  task: string;
  args: string[];
  rows: readonly Row[];
  peers: readonly Peer[];
  /** Versions of what takes part besides Kodama. */
  versions: () => Promise<Record<string, string>>;
  /** Where a complete run is written. */
  file: string;
  /** How often, and for how long each time, in seconds. */
  rounds: string;
  seconds: string;
}

/** Measures, and ends the process. */
export async function compareRows(comparison: Comparison): Promise<never> {
  const { task, file } = comparison;
  const { values } = parseArgs({
    args: comparison.args,
    options: {
      rounds: { type: "string", default: comparison.rounds },
      seconds: { type: "string", default: comparison.seconds },
      only: { type: "string", multiple: true },
      peers: { type: "string", multiple: true },
      before: { type: "string" },
      as: { type: "string", default: "kodama" },
    },
  });
  const list = (given: string[] | undefined) => given?.flatMap((v) => v.split(","));
  const rows = list(values.only)?.map((id) => rowOf(id, comparison.rows)) ?? comparison.rows;
  const peers = list(values.peers) as Peer[] | undefined ?? comparison.peers;
  const [rounds, seconds] = [Number(values.rounds), Number(values.seconds)];
  const before = values.before === undefined
    ? undefined
    : { folder: await Deno.realPath(values.before), as: values.as as Peer };
  const results: Results = {
    ...setting(task, rounds, seconds, await comparison.versions()),
    rows: [],
  };
  const plan = { rounds, seconds, warm: 0.5, peers, before };
  for (const row of rows) {
    const result = { id: row.id, rounds: await measureRow(row, plan) };
    results.rows.push(result);
    console.log(rowText(row, result));
  }
  if (rows === comparison.rows && peers === comparison.peers && before === undefined) {
    writeResults(file, results);
  }
  // Children that were killed keep nothing open, but their pipes may.
  Deno.exit(0);
}

/**
 * Kodama beside its peers: `deno task bench:compare [--rounds N] [--seconds S] [--only ROW,…] [--peers PEER,…]
 * [--before FOLDER]`. Every server is a process of its own; in every round each has its turn. A complete run writes
 * `bench/results.json`. `--before` measures another checkout of Kodama too.
 * @module
 */
import { parseArgs } from "node:util";
import { cpuSeconds } from "./load/process.ts";
import { machine, versions } from "./machine.ts";
import { type Results, rowOf, type RowResult } from "./results.ts";
import { type Row, ROWS, type Time } from "./rows.ts";
import { type Peer, PEERS, type RunningServer, startPeer } from "./servers.ts";
import { rowText } from "./table.ts";

/** How a row is measured. */
export interface Plan extends Time {
  /** How often. */
  rounds: number;
  /** Who takes part, where a row has a place for it. */
  peers: readonly Peer[];
  /** Another checkout of Kodama. */
  before: string | undefined;
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until a server has done what it still had to do; at most 10 s. */
async function quiet(pid: number): Promise<void> {
  for (let i = 0; i < 50; i++) {
    const before = cpuSeconds(pid);
    await sleep(200);
    if (cpuSeconds(pid) - before < 0.04) return;
  }
}

/** Measures one row. */
export async function measureRow(row: Row, plan: Plan): Promise<RowResult> {
  const peers: Peer[] = row.peers.filter((peer) => plan.peers.includes(peer));
  if (plan.before !== undefined) peers.unshift("before");
  const rounds: RowResult["rounds"] = {};
  await using servers = new AsyncDisposableStack();
  const running = new Map<Peer, RunningServer>();
  if (row.fresh !== true) {
    for (const peer of peers) {
      const server = servers.use(await startPeer(peer, plan.before));
      running.set(peer, server);
      await row.measure(peer, server, { warm: 1.5, seconds: 0.2 });
    }
  }
  for (let round = 0; round < plan.rounds; round++) {
    for (const peer of peers) {
      await using fresh = row.fresh === true ? await startPeer(peer, plan.before) : undefined;
      const server = fresh ?? running.get(peer)!;
      await quiet(server.pid);
      const figures = await row.measure(peer, server, plan);
      (rounds[peer] ??= []).push(figures);
      if (row.saturates && figures.load! > figures.server!) {
        console.warn(`${row.id}: the load was busier than ${peer}, so ${peer} may be faster still`);
      }
    }
  }
  return { id: row.id, rounds };
}

if (import.meta.main) {
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
    date: new Date().toISOString(),
    machine: machine(),
    versions: await versions(),
    command: ["deno task bench:compare", ...Deno.args].join(" "),
    rounds,
    seconds,
    rows: [],
  };
  const plan = { rounds, seconds, warm: 0.5, peers, before: values.before };
  for (const row of rows) {
    const result = await measureRow(row, plan);
    results.rows.push(result);
    console.log(rowText(row, result));
  }
  if (rows === ROWS && peers === PEERS && values.before === undefined) {
    const file = new URL("results.json", import.meta.url);
    Deno.writeTextFileSync(file, JSON.stringify(results, undefined, 1) + "\n");
  }
  // Children that were killed keep nothing open, but their pipes may.
  Deno.exit(0);
}

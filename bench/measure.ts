/**
 * How anything is measured: each server in turn, round after round.
 * @module
 */
import { cpuSeconds } from "./load/process.ts";
import type { Figures, Row, Time } from "./rows.ts";
import type { Peer } from "./peers.ts";
import { type Before, type RunningServer, startPeer } from "./servers.ts";

/** How a row is measured. */
export interface Plan extends Time {
  /** How often. */
  rounds: number;
  /** Who takes part, where a row has a place for it. */
  peers: readonly Peer[];
  /** Another checkout of Kodama. */
  before: Before | undefined;
}

/** All rounds of each server. */
export type Rounds = Partial<Record<Peer, Figures[]>>;

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
export async function measureRow(row: Row, plan: Plan): Promise<Rounds> {
  const peers: Peer[] = row.peers.filter((peer) => plan.peers.includes(peer));
  if (plan.before !== undefined) peers.unshift("before");
  const rounds: Rounds = {};
  await using servers = new AsyncDisposableStack();
  const running = new Map<Peer, RunningServer>();
  if (row.fresh !== true) {
    for (const peer of peers) {
      const server = servers.use(await startPeer(peer, plan.before, row.tls, row.http));
      running.set(peer, server);
      await row.measure(peer, server, { warm: 1.5, seconds: 0.2 });
    }
  }
  for (let round = 0; round < plan.rounds; round++) {
    // Whoever comes first finds the machine a little colder: each does in turn.
    const first = round % peers.length;
    for (const peer of [...peers.slice(first), ...peers.slice(0, first)]) {
      await using fresh = row.fresh === true
        ? await startPeer(peer, plan.before, row.tls, row.http)
        : undefined;
      const server = fresh ?? running.get(peer)!;
      await quiet(server.pid);
      const figures = await row.measure(peer, server, plan);
      (rounds[peer] ??= []).push(figures);
      if (row.saturates && figures.load! > figures.server!) {
        console.warn(`${row.id}: the load was busier than ${peer}, so ${peer} may be faster still`);
      }
    }
  }
  return rounds;
}

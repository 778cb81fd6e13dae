/**
 * What is measured of workers and engines, and what is asked of them.
 * @module
 */
import { cpuSeconds } from "./load/process.ts";
import type { ENGINES, Peer } from "./peers.ts";
import { rowOf } from "./results.ts";
import { type Figures, MIB, type Row, shares, type Target } from "./rows.ts";
import { runLoad } from "./run_load.ts";
import type { RunningServer } from "./servers.ts";

type Engines = readonly (typeof ENGINES[number])[];
const KODAMA = ["kodama", "kodama-2", "sqlite", "sqlite-2"] as const satisfies Engines;

function target(
  of: Peer,
  figure: string,
  bound: Target["bound"],
  than: number,
  peer?: Peer,
): Target {
  return { of, figure, bound, than, ...peer !== undefined && { peer } };
}

/** Work of the comparison with other servers, by one thread that serves and by two. */
function workers(id: string, ...targets: Target[]): Row {
  const cpu = target("kodama-2", "cpu", "at most", 1.1, "kodama");
  const peers = ["kodama", "kodama-2"] as const;
  // Two threads and the load share two cores here: nobody is the only busy one.
  return { ...rowOf(id), peers, saturates: false, targets: [cpu, ...targets] };
}

const SIZE = 64, CHANNELS = 100;
/** What SQLite writes and syncs for one message: a page of its log, and that page's header (`strace -f -e pwrite64,fsync`). */
const COMMIT = 24 + 2048;

/** Publishes that are acknowledged, on so many connections. */
function publish(id: string, connections: number, peers: Engines, targets: Target[]): Row {
  const load = { connections, channels: CHANNELS, size: SIZE };
  return {
    id,
    title: `publishes of ${SIZE} B over HTTP, ${connections} at once`,
    unit: "publishes a second",
    peers,
    saturates: false,
    targets,
    async measure(peer, { folder, ...server }, time) {
      if (peer === "disk") {
        const { syncs, seconds, p50, p99 } = await runLoad<"sync">({
          mode: "sync",
          folder,
          size: COMMIT,
          ...time,
        });
        return { rate: syncs / seconds, p50, p99 };
      }
      const protocol = peer === "redis" ? "redis" : "http";
      const result = await runLoad<"ask">({ mode: "ask", protocol, ...server, ...load, ...time });
      if (result.refused > 0) throw new Error(`${peer} refused ${result.refused} publishes`);
      return {
        rate: result.taken / result.seconds,
        p50: result.p50,
        p99: result.p99,
        cpu: result.serverCpu / result.taken * 1e6,
        ...shares(result),
      };
    },
  };
}

/** Messages that are missed: as many as are remembered of a channel. */
const MISSED = 100;

async function post({ port }: RunningServer, channel: string): Promise<string> {
  const url = `http://127.0.0.1:${port}/${channel}`;
  const response = await fetch(url, { method: "POST", body: "x".repeat(SIZE) });
  return (await response.json()).id;
}

const resume: Row = {
  id: "resume",
  title: `WebSockets that come back to ${MISSED} missed messages of ${SIZE} B, one after the other`,
  unit: "ms until the last one",
  peers: KODAMA,
  saturates: false,
  targets: [
    target("sqlite", "p50", "at most", 1, "kodama"),
    target("sqlite-2", "p50", "at most", 1, "kodama-2"),
  ],
  async measure(_, server, time) {
    const since = await post(server, "missed");
    for (let i = 0; i < MISSED; i++) await post(server, "missed");
    const result = await runLoad<"resume">({
      mode: "resume",
      ...server,
      path: `/missed?since=${since}`,
      missed: MISSED,
      connections: 1,
      ...time,
    });
    return {
      p50: result.p50,
      p99: result.p99,
      rate: result.resumes / result.seconds,
      cpu: result.serverCpu / result.resumes * 1e6,
      ...shares(result),
    };
  },
};

/** What is remembered, in bytes as `--history-bytes` counts them. */
async function remembered({ port }: RunningServer): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/-/metrics`)).text();
  const bytes = /^kodama_history_bytes (\d+)$/m.exec(text)?.[1];
  if (bytes === undefined) throw new Error(`no metrics: ${text}`);
  return Number(bytes);
}

/** Fills what is remembered by default, with many small messages, of which there are the most. */
async function fill(server: RunningServer): Promise<void> {
  const load = { protocol: "http", connections: 64, channels: 1000, size: SIZE } as const;
  while (await remembered(server) < 63.9 * MIB) {
    await runLoad<"ask">({ mode: "ask", ...server, ...load, warm: 0, seconds: 1 });
  }
}

const start: Row = {
  id: "start",
  title: `start after kill -9, with 64 MiB remembered in messages of ${SIZE} B (memory: nothing)`,
  unit: "ms until it listens",
  peers: KODAMA,
  saturates: false,
  targets: [
    target("sqlite", "start", "at most", 1000),
    target("sqlite-2", "start", "at most", 1000),
  ],
  async measure(_, server): Promise<Figures> {
    if (server.folder !== "") await fill(server);
    const start = await server.restart(), spent = cpuSeconds(server.pid) * 1000;
    return { start, spent, remembered: await remembered(server) / MIB };
  },
};

/** The rows. */
export const ENGINE_ROWS: readonly Row[] = [
  workers("echo-1"),
  workers("echo-16"),
  workers("fanout-20"),
  workers(
    "fanout-500",
    target("kodama-2", "p99", "at most", 50),
    target("kodama-2", "missing", "at most", 0),
    target("kodama-2", "disordered", "at most", 0),
  ),
  publish("publish-64", 64, [...KODAMA, "redis"], [
    target("sqlite", "rate", "at least", 0.5, "kodama"),
    target("sqlite-2", "rate", "at least", 0.5, "kodama-2"),
    target("sqlite", "p99", "at most", 25),
    target("sqlite-2", "p99", "at most", 25),
  ]),
  publish("publish-1", 1, [...KODAMA, "redis", "disk"], [
    { ...target("sqlite", "p50", "at most", 1, "disk"), more: true },
    { ...target("sqlite-2", "p50", "at most", 1, "disk"), more: true },
  ]),
  resume,
  start,
];

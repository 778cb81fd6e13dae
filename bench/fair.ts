/**
 * Who is served while a core is full: connections that send again as soon as they are answered, and three bystanders.
 * `deno run -A bench/fair.ts [--rounds N] [--seconds S] [--connections N,…] [--before FOLDER]`, where `--before` is
 * another checkout of Kodama, measured in turn with this one.
 * @module
 */
import { parseArgs } from "node:util";
import { bystand } from "./load/bystander.ts";
import { measureRow } from "./measure.ts";
import { NAMES, table } from "./markdown.ts";
import type { Peer } from "./peers.ts";
import { figure, short } from "./results.ts";
import { type Figures, type Row, shares } from "./rows.ts";
import { runLoad } from "./run_load.ts";

/** Names of the figures. */
const COLUMNS: Record<string, string> = {
  cpu: "CPU µs",
  rate: "a second",
  least: "least : median",
  p50: "p50 ms",
  p99: "p99 ms",
  p999: "p99.9 ms",
  ping: "ping, p99 ms",
  publish: "publish, p99 ms",
  handshake: "handshake, p99 ms",
  server: "cores: server",
  load: "load",
  others: "others",
};

const { values } = parseArgs({
  args: Deno.args,
  options: {
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "4" },
    connections: { type: "string", default: "64,1000,5000" },
    before: { type: "string" },
  },
});

/** Resolves when so many connections are open, or the load has ended before it was seen. */
async function opened(port: number, connections: number, ended: () => boolean): Promise<void> {
  while (!ended()) {
    const text = await (await fetch(`http://127.0.0.1:${port}/-/metrics`)).text();
    if (
      Number(/^kodama_connections\{kind="echo",tls="no"\} (\d+)/m.exec(text)?.[1]) >= connections
    ) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function row(connections: number): Row {
  return {
    id: `busy-${connections}`,
    title: `${connections} connections that never pause, 20 B`,
    unit: "CPU µs",
    peers: ["kodama", "tcp"],
    saturates: false,
    targets: [],
    async measure(peer, { port, pid }, { warm, seconds }): Promise<Figures> {
      let ended = false;
      const path = peer === "tcp" ? undefined : "/-/echo";
      const load = runLoad<"busy">({
        ...{ mode: "busy", port, pid, path, connections, size: 20, warm, seconds },
      }).finally(() => ended = true);
      const seen = path === undefined
        ? {}
        : await opened(port, connections, () => ended).then(() => bystand(port, () => ended));
      const result = await load;
      if (result.ended > 0) throw new Error(`${peer} ended ${result.ended} connections`);
      const { messages, least, median, p50, p99, p999 } = result;
      return {
        cpu: result.serverCpu / messages * 1e6,
        rate: messages / result.seconds,
        least: least / median,
        ...{ p50, p99, p999 },
        ...seen,
        ...shares(result),
      };
    },
  };
}

const before = values.before === undefined
  ? undefined
  : { folder: await Deno.realPath(values.before), as: "kodama" as const };
const plan = {
  ...{ rounds: Number(values.rounds), seconds: Number(values.seconds), warm: 1 },
  ...{ peers: ["kodama", "tcp"] as const, before },
};
for (const connections of values.connections.split(",").map(Number)) {
  const work = row(connections), rounds = await measureRow(work, plan);
  const result = { id: work.id, rounds };
  const cell = (peer: Peer, name: string) => short(figure(result, peer, name) ?? NaN);
  console.log(`\n${work.title}:\n`);
  console.log(table([
    ["", ...Object.values(COLUMNS)],
    ...(Object.keys(rounds) as Peer[]).map((peer) => [
      NAMES[peer],
      ...Object.keys(COLUMNS).map((name) => cell(peer, name)),
    ]),
  ]));
}
// Children that were killed keep nothing open, but their pipes may.
Deno.exit(0);

/**
 * What the Pusher protocol costs beside Kodama's own: memory of connections that are idle, and CPU of a delivery.
 * `deno run -A bench/pusher.ts [--rounds N] [--seconds S] [--connections N] [--subscribers N] [--rate N]`; the three ways
 * take turns, each round with a server of its own. Without connections memory is not looked at.
 * @module
 */
import { parseArgs } from "node:util";
import { runLoad } from "./run_load.ts";
import { startPeer } from "./servers.ts";
import { table } from "./markdown.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: {
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "5" },
    connections: { type: "string", default: "10000" },
    subscribers: { type: "string", default: "500" },
    rate: { type: "string", default: "200" },
  },
});
const [rounds, seconds, connections, subscribers, rate] = [
  ...[values.rounds, values.seconds, values.connections, values.subscribers, values.rate],
].map(Number) as [number, number, number, number, number];

const KEY = "bench";
Deno.env.set("KODAMA_PUSHER", `1:${KEY}:secret`);
Deno.env.set("KODAMA_LOG_LEVEL", "error");
// Who is idle here answers none.
Deno.env.set("KODAMA_PING_INTERVAL", "1h");

/** A way to subscribe to the channel `news`. */
interface Way {
  path: string;
  says?: string;
}

const ways: Record<string, Way> = {
  raw: { path: "/news" },
  envelope: { path: "/news?since=1ms" },
  pusher: {
    path: `/app/${KEY}?protocol=7&client=js&version=8.6.0&flash=false`,
    says: '{"event":"pusher:subscribe","data":{"channel":"news"}}',
  },
};

async function memory(way: Way): Promise<number> {
  await using server = await startPeer("kodama");
  const { port, pid } = server;
  const result = await runLoad<"idle">({
    ...{ mode: "idle", port, pid, connections, warm: 0, seconds: 3 },
    ...way,
  });
  if (result.open !== connections) throw new Error(`${result.open} of ${connections} are open`);
  return result.each;
}

async function delivery(way: Way): Promise<number> {
  await using server = await startPeer("kodama");
  const { port, pid } = server;
  const result = await runLoad<"fanout">({
    ...{ mode: "fanout", port, pid, subscribers, channels: 1, rate, size: 100 },
    ...{ warm: 1, seconds, ...way },
  });
  const { deliveries, missing, ended, refused } = result;
  if (missing + ended + refused !== 0 || deliveries === 0) {
    throw new Error(`${way.path}: ${deliveries} delivered, ${missing} missing, ${ended} ended`);
  }
  return result.serverCpu * 1e6 / deliveries;
}

const median = (all: number[]) => all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)]!;
const found = Object.fromEntries(
  Object.keys(ways).map((name) => [name, { memory: [] as number[], cpu: [] as number[] }]),
);
for (let round = 0; round < rounds; round++) {
  const all = Object.entries(ways);
  // Who comes first is another in each round.
  for (const [name, way] of round % 2 === 0 ? all : all.toReversed()) {
    if (connections > 0) found[name]!.memory.push(await memory(way));
    found[name]!.cpu.push(await delivery(way));
  }
}
const spread = (all: number[], digits: number) =>
  all.length === 0
    ? "–"
    : `${median(all).toFixed(digits)} (${Math.min(...all).toFixed(digits)}–${
      Math.max(...all).toFixed(digits)
    })`;
/** The same of each round, as a part of another way's in that round. */
const beside = (all: number[], base: number[]) => spread(all.map((x, i) => x / base[i]!), 2);
console.log(
  `${rounds} rounds: median (least–most). Idle: ${connections} connections. Fan-out: ${subscribers} ` +
    `subscribers, ${rate} messages of 100 B a second.\n`,
);
console.log(table([
  ["way", "idle, KB a connection", "beside raw", "CPU, µs a delivery", "beside envelope"],
  ...Object.entries(found).map(([name, { memory, cpu }]) => [
    name,
    spread(memory.map((bytes) => bytes / 1000), 2),
    beside(memory, found.raw!.memory),
    spread(cpu, 2),
    beside(cpu, found.envelope!.cpu),
  ]),
]));

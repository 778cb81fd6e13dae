/**
 * What the engines cost: publishes a second, from a publish to its delivery, and CPU, with memory, SQLite, and NATS with one
 * and two nodes: `deno run -A bench/cluster.ts [SECONDS]`. It needs a `nats-server`, on the path or named by `NATS_SERVER`.
 * @module
 */
import { kodama } from "../tests/tools/command.ts";
import { ask } from "../tests/tools/channels.ts";
import { natsServer, natsServers, soon } from "../tests/tools/nats.ts";
import { freePorts } from "../tests/tools/ports.ts";
import { fanout, type FanoutLoad } from "./load/fanout.ts";
import { cpuSeconds } from "./load/process.ts";

if (natsServer === undefined) throw new Error("no nats-server is found; see NATS_SERVER");
const seconds = Number(Deno.args[0] ?? 4);
/** More than any of them takes: 128 requests are under way then. */
const FLOOD = 100_000;

/** A node, as a process. */
interface Node extends AsyncDisposable {
  port: number;
  pid: number;
}

async function start(...flags: string[]): Promise<Node> {
  const [port] = freePorts(1);
  const child = kodama(["--port", String(port), "--drain", "0s", ...flags]).spawn();
  const said = Promise.all([child.stdout.cancel(), new Response(child.stderr).text()]);
  await soon("server", async () => (await ask({ port: port! }, "GET /-/ready")).status === 200);
  return {
    port: port!,
    pid: child.pid,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.status;
      await said;
    },
  };
}

/** Measures one load on a node; where there is another, it is published there. */
function measure(node: Node, load: Partial<FanoutLoad>, other?: Node) {
  return fanout({
    port: node.port,
    pid: node.pid,
    ...other && { publishPort: other.port },
    subscribers: 1,
    subscribe: () => "/btc",
    publish: ["/btc"],
    rate: 1000,
    size: 100,
    warm: 1,
    seconds,
    ...load,
  });
}

const us = (cpu: number, count: number) => (1e6 * cpu / count).toFixed(1);

/** Measures all of it on a node. */
function row(name: string, node: Node, other?: Node): void {
  const flood = measure(node, { rate: FLOOD }, other);
  const calm = measure(node, {}, other);
  const one = measure(node, { subscribers: 0, rate: 2000 }, other);
  const wide = measure(node, { subscribers: 1000, rate: 20 }, other);
  const many = measure(node, {
    subscribers: 0,
    rate: 2000,
    publish: Array.from({ length: 100_000 }, (_, i) => `/c/${i}`),
  }, other);
  console.log(
    `| ${name} | ${Math.round(flood.published / flood.seconds)} | ${calm.p50.toFixed(2)} ms | ` +
      `${calm.p99.toFixed(2)} ms | ${us(one.serverCpu, one.published)} us | ` +
      `${us(many.serverCpu, many.published)} us | ${us(wide.serverCpu, wide.deliveries)} us |`,
  );
  const lost = [flood, calm, wide].reduce((sum, { missing, ended }) => sum + missing + ended, 0);
  if (lost > 0) throw new Error(`${name}: ${lost} messages or connections were lost`);
}

console.log(`${Deno.osRelease()}, ${navigator.hardwareConcurrency} cores, ${seconds} s each\n`);
console.log(
  "| engine | publishes a second | delivered, p50 | p99 | CPU a publish | on 100,000 channels | a delivery to 1,000 |\n" +
    "| --- | --- | --- | --- | --- | --- | --- |",
);
{
  await using node = await start();
  row("memory", node);
}
{
  await Deno.mkdir("data", { recursive: true });
  const folder = await Deno.makeTempDir({ dir: "data" });
  await using node = await start("--engine", `sqlite:${folder}/log.db`);
  row("SQLite", node);
  await Deno.remove(folder, { recursive: true });
}
for (const replicas of [1, 3]) {
  await using nats = await natsServers(replicas);
  const flags = ["--engine", nats.engine, "--nats-replicas", String(replicas)];
  await using node = await start(...flags);
  row(`NATS, ${replicas} server${replicas > 1 ? "s" : ""}`, node);
  await using other = await start(...flags);
  row(`NATS, ${replicas} server${replicas > 1 ? "s" : ""}, published at another node`, node, other);
  const before = cpuSeconds(other.pid);
  const { published } = measure(node, { subscribers: 0, rate: 5000, warm: 0 });
  console.log(
    `\nfollowing, ${replicas} servers: ${us(cpuSeconds(other.pid) - before, published)} us\n`,
  );
}

/**
 * The worst that readers can do who do not read: 1,000 of them on 1,000 channels, each of which gets messages of 1 MiB, while
 * others want to be served. Memory of the server, and how long the others wait:
 * `deno run -A bench/worst.ts [--rate N] [--seconds N] [-- FLAGS]`, where the flags are the server's.
 * @module
 */
import { parseArgs } from "node:util";
import { ask } from "../tests/tools/channels.ts";
import { kodama } from "../tests/tools/command.ts";
import { soon } from "../tests/tools/nats.ts";
import { freePorts } from "../tests/tools/ports.ts";
import { Scrape } from "../tests/tools/scrape.ts";
import { fanout } from "./load/fanout.ts";
import { startFlood } from "./load/flood.ts";

const { values, positionals: flags } = parseArgs({
  args: Deno.args,
  options: {
    rate: { type: "string", default: "100" },
    seconds: { type: "string", default: "30" },
    channels: { type: "string", default: "1000" },
  },
  allowPositionals: true,
});
const [rate, seconds, channels] = [values.rate, values.seconds, values.channels].map(Number);
const MIB = 1 << 20;

/** Most memory that a process has had, in bytes (VmHWM, proc(5)). */
function peakBytes(pid: number): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return Number(/VmHWM:\s*(\d+) kB/.exec(status)![1]) * 1024;
}

const [port] = freePorts(1) as [number];
const server = kodama(["--port", String(port), "--drain", "0s", "--log-level", "error", ...flags])
  .spawn();
const said = Promise.all([server.stdout.cancel(), new Response(server.stderr).text()]);
try {
  await soon("server", async () => (await ask({ port }, "GET /-/ready")).status === 200);
  const others = (seconds: number) =>
    fanout({
      ...{ port, pid: server.pid, subscribers: 100, subscribe: () => "/btc", publish: ["/btc"] },
      ...{ rate: 50, size: 100, warm: 2, seconds },
    });
  const before = others(5);
  const flood = await startFlood({ port, channels: channels!, size: MIB, rate: rate! });
  const idle = peakBytes(server.pid);
  flood.go();
  const during = others(seconds!);
  const { published, refused } = await flood.stop();
  const found = new Scrape((await ask({ port }, "GET /-/metrics")).body);
  const slow = (limit: string) => found.value("kodama_slow_consumers_total", { limit });
  const mib = (bytes: number) => `${Math.round(bytes / MIB)} MiB`;
  const ms = (time: number) => `${time.toFixed(1)} ms`;
  console.log(
    [
      `${channels} subscribers that never read, each of a channel of its own; ` +
      `${published} messages of 1 MiB in ${seconds! + 2} s, ${refused} refused`,
      `most memory ${mib(peakBytes(server.pid))}, before it ${mib(idle)}; ` +
      `waiting at the end ${mib(found.value("kodama_queue_memory_bytes"))}`,
      `ended for --max-buffered-total ${slow("max-buffered-total")}, ` +
      `--max-buffered ${slow("max-buffered")}, --write-timeout ${slow("write-timeout")}`,
      `the others, 100 subscribers of 50 messages a second: p50 ${ms(during.p50)}, ` +
      `p99 ${ms(during.p99)}, missing ${during.missing}, ended ${during.ended}; ` +
      `alone p50 ${ms(before.p50)}, p99 ${ms(before.p99)}`,
      `CPU of the server ${(100 * during.serverCpu / during.seconds).toFixed(0)} % of one core`,
    ].join("\n"),
  );
} finally {
  server.kill("SIGKILL");
  await server.status;
  await said;
}

/**
 * The load generator, a process of its own: `deno run -A bench/load.ts '{"mode":"echo","port":9999,…}'` runs one load
 * and writes its result as JSON. Connections are driven from one thread, by epoll (Linux).
 * @module
 */
import { ask } from "./load/asks.ts";
import { busy } from "./load/busy.ts";
import { echo } from "./load/echo.ts";
import { fanout, type FanoutLoad } from "./load/fanout.ts";
import { handshakes, idle } from "./load/idle.ts";
import { resume } from "./load/resume.ts";
import { sync } from "./load/sync.ts";
import type { ChannelLoad, Load, Results } from "./run_load.ts";

function paths({ channels, subscribers, path = "/news", ...load }: ChannelLoad): FanoutLoad {
  if (channels === 1) return { ...load, subscribers, subscribe: () => path, publish: ["/news"] };
  const names = Array.from({ length: channels }, (_, i) => `c${i}`);
  const share = Math.ceil(channels / Math.max(1, subscribers));
  return {
    ...load,
    subscribers,
    subscribe: (id) => `/${names.slice(id * share, (id + 1) * share).join(",")}`,
    publish: names.map((name) => `/${name}`),
  };
}

/** Runs a load in this process. */
async function run(load: Load): Promise<Results[Load["mode"]]> {
  // OpenSSL need not be there where nobody speaks TLS.
  const tls = "tls" in load && load.tls === true ? await import("./load/tls.ts") : undefined;
  switch (load.mode) {
    case "echo":
      return echo(load, tls);
    case "busy":
      return busy(load);
    case "idle":
      return idle(load, tls);
    case "handshakes":
      return handshakes(load, tls);
    case "fanout":
      return fanout(paths(load));
    case "ask":
      return ask(load);
    case "resume":
      return resume(load);
    case "sync":
      return sync(load);
  }
}

console.log(JSON.stringify(await run(JSON.parse(Deno.args[0] ?? "{}"))));
// The sockets end with the process.
Deno.exit(0);

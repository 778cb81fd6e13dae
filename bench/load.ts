/**
 * The load generator, a process of its own: `deno run -A bench/load.ts '{"mode":"echo","port":9999,…}'` runs one load
 * and writes its result as JSON. Connections are driven from one thread, by epoll (Linux).
 * @module
 */
import { echo, type EchoLoad, type EchoResult } from "./load/echo.ts";
import { fanout, type FanoutLoad, type FanoutResult } from "./load/fanout.ts";
import {
  type HandshakeResult,
  handshakes,
  idle,
  type IdleLoad,
  type IdleResult,
} from "./load/idle.ts";

/** Channels as they go through JSON: how many subscribers, and how their paths are made. */
export interface ChannelLoad extends Omit<FanoutLoad, "subscribe" | "publish"> {
  /** How many channels, shared out among the subscribers; 1: all of them subscribe to it. */
  channels: number;
}

/** A load and its mode. */
export type Load =
  | { mode: "echo" } & EchoLoad
  | { mode: "idle" } & IdleLoad
  | { mode: "handshakes" } & IdleLoad
  | { mode: "fanout" } & ChannelLoad;

/** What each mode gives. */
export interface Results {
  echo: EchoResult;
  idle: IdleResult;
  handshakes: HandshakeResult;
  fanout: FanoutResult;
}

function paths({ channels, subscribers, ...load }: ChannelLoad): FanoutLoad {
  if (channels === 1) return { ...load, subscribers, subscribe: () => "/news", publish: ["/news"] };
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
function run(load: Load): Results[Load["mode"]] {
  if (load.mode === "echo") return echo(load);
  if (load.mode === "idle") return idle(load);
  if (load.mode === "handshakes") return handshakes(load);
  return fanout(paths(load));
}

/** Runs a load in a process of its own. */
export async function runLoad<M extends Load["mode"]>(
  load: Extract<Load, { mode: M }>,
): Promise<Results[M]> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      // Deno lets nobody read /proc who may not do everything.
      ...["run", "-q", "-A"],
      ...[new URL(import.meta.url).pathname, JSON.stringify(load)],
    ],
  }).output();
  if (code !== 0) throw new Error(new TextDecoder().decode(stderr).trim());
  return JSON.parse(new TextDecoder().decode(stdout));
}

if (import.meta.main) {
  console.log(JSON.stringify(run(JSON.parse(Deno.args[0] ?? "{}"))));
  // The sockets end with the process.
  Deno.exit(0);
}

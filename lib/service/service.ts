/**
 * The service: which threads there are, and how they begin and end together.
 * @module
 */
import type { Engine } from "../hub/engine.ts";
import { openEngine } from "../engine/open.ts";
import { RemoteEngine } from "../engine/remote.ts";
import { EngineThread, type ThreadEvents } from "../engine/spawn.ts";
import type { Counts } from "../net/counts.ts";
import type { Config } from "../settings/config.ts";
import { OwnTaps } from "./board.ts";
import type { Fields, Log } from "./log.ts";
import { tapped } from "./routes.ts";
import { serveOn } from "./serve.ts";
import { type Counters, ownCounters, SharedCounters, Tally } from "./tally.ts";
import { startWorkers } from "./workers.ts";

/** A service that runs. */
export interface Service {
  /** The URL of its page. */
  url: string;
  /** What it is like, for the first line of the log. */
  about: Fields;
  /** Shuts down: closes every WebSocket with 1001 and ends, at the latest after the drain time. */
  shutdown(): Promise<void>;
  /** Resolves when it has ended. */
  finished: Promise<void>;
}

/** What runs in threads, where it is not what usually does. */
export interface ThreadModules {
  worker?: URL;
  engine?: URL;
}

/** For the engine to end in order, once everybody is gone; in ms. */
const LAST_WORDS = 5000;

/**
 * Starts the service.
 * @throws {Deno.errors.AddrInUse} And what else `Deno.listen` throws.
 * @param modules What runs in threads; for tests.
 * @throws {OpenError} If the engine cannot be opened.
 */
export async function startService(
  config: Config,
  log: Log,
  modules: ThreadModules = {},
): Promise<Service> {
  const workers = workersOf(config);
  if (workers === 1 && config.engine === "memory") return startAlone(config, log);
  // The threads count, and this one behind them.
  const shared = new SharedCounters(workers + 1);
  const events = engineEvents(log, shared.of(workers).row);
  const thread = new EngineThread(config.engine, config, events, modules.engine);
  const service = workers === 1
    ? await startBeside(thread, config, log, shared.of(0))
    : await startWorkers(thread, workers, config, log, shared, modules.worker);
  const finished = service.finished.finally(async () => {
    const failed = await thread.close(LAST_WORDS);
    if (failed !== undefined) log.error("the engine did not end well", { error: failed });
  });
  return whole(config, service.addr, finished, () => service.shutdown(config.drain));
}

/** One thread for everything. */
function startAlone(config: Config, log: Log): Service {
  const listener = Deno.listen({ hostname: config.hostname, port: config.port });
  const { engine, sweep } = openEngine(config.engine, config);
  const server = start(config, log, listener, engine, ownCounters());
  const finished = server.finished.finally(() => {
    sweep.stop();
    return engine.close();
  });
  return whole(config, server.addr, finished, () => server.shutdown(config.drain));
}

/** This thread serves, and the engine has its own. */
async function startBeside(thread: EngineThread, config: Config, log: Log, counters: Counters) {
  // Who comes while the engine is opened waits.
  const listener = Deno.listen({ hostname: config.hostname, port: config.port });
  try {
    await thread.start();
  } catch (error) {
    listener.close();
    throw error;
  }
  let engine: RemoteEngine | undefined;
  thread.attach(0, (port) => {
    if (engine === undefined) engine = new RemoteEngine(port);
    else engine.attach(port);
  }, () => engine!.detach());
  const server = start(config, log, listener, engine!, counters);
  const finished = server.finished.finally(() => engine!.close());
  return {
    addr: server.addr,
    finished,
    shutdown: (drain: number) => server.shutdown(drain),
  };
}

function start(
  config: Config,
  log: Log,
  listener: Deno.Listener,
  engine: Engine,
  counters: Counters,
) {
  return serveOn({ config, log, listener, engine, counters, taps: new OwnTaps(), threads: 1 });
}

function engineEvents(log: Log, counts: Counts): ThreadEvents {
  return {
    unreachable(why) {
      if (why === undefined) return log.info("publishes are taken again");
      counts[Tally.outages]!++;
      log.error("publishes are refused", { why });
    },
    fault(error) {
      counts[Tally.enginesEnded]!++;
      log.error("the engine has ended and begins anew", { error });
    },
  };
}

function whole(
  config: Config,
  addr: Deno.Addr,
  finished: Promise<void>,
  shutdown: () => Promise<void>,
): Service {
  const { secret, jwks, engine } = config;
  return {
    url: pageURL(addr as Deno.NetAddr),
    about: {
      access: secret !== "" ? "secret" : jwks !== "" ? "jwks" : "protected mode",
      tap: tapped(config) ? "on" : "off",
      engine,
      workers: workersOf(config),
    },
    async shutdown() {
      await shutdown();
      await finished;
    },
    finished,
  };
}

/** How many threads serve: `auto` is one for each core. */
function workersOf({ workers }: Pick<Config, "workers">): number {
  return workers || navigator.hardwareConcurrency;
}

/** Where the page can be opened from this machine: who listens on all addresses listens on loopback, too. */
function pageURL({ hostname, port }: Deno.NetAddr): string {
  const host = hostname === "0.0.0.0" ? "127.0.0.1" : hostname === "::" ? "::1" : hostname;
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}/`;
}

/**
 * The service: which threads there are, and how they begin and end together.
 * @module
 */
import type { Engine } from "../hub/engine.ts";
import { withoutSecrets } from "../engine/nats/address.ts";
import { type OpenEngine, openEngine, sqliteFile } from "../engine/open.ts";
import { RemoteEngine } from "../engine/remote.ts";
import { EngineThread, OpenError, type ThreadEvents } from "../engine/spawn.ts";
import type { Config } from "../settings/config.ts";
import { OwnTaps } from "./board.ts";
import type { Fields, Log } from "./log.ts";
import { tapped } from "./routes.ts";
import { type ServeContext, serveOn } from "./serve.ts";
import { ownCounters } from "./tally.ts";
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
  // A disk is waited for in a thread of its own.
  if (workers === 1 && sqliteFile(config.engine) === undefined) {
    return await startAlone(config, log);
  }
  const thread = new EngineThread(config, engineEvents(log), modules.engine);
  const service = workers === 1
    ? await startBeside(thread, config, log)
    : await startWorkers(thread, workers, config, log, modules.worker);
  const finished = service.finished.finally(async () => {
    const failed = await thread.close(LAST_WORDS);
    if (failed !== undefined) log.error("the engine did not end well", { error: failed });
  });
  return whole(config, service.addr, finished, () => service.shutdown(config.drain));
}

/** One thread for everything. */
async function startAlone(config: Config, log: Log): Promise<Service> {
  const listener = Deno.listen({ hostname: config.hostname, port: config.port });
  const events = engineEvents(log);
  let opened: OpenEngine;
  try {
    opened = await openEngine(config, events.said);
  } catch (error) {
    listener.close();
    throw new OpenError(error instanceof Error ? error.message : String(error));
  }
  const { engine, sweep } = opened;
  const server = start(config, log, listener, engine, events.unreachable);
  const finished = server.finished.finally(() => {
    sweep.stop();
    return engine.close();
  });
  return whole(config, server.addr, finished, () => server.shutdown(config.drain));
}

/** This thread serves, and the engine has its own. */
async function startBeside(thread: EngineThread, config: Config, log: Log) {
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
  const server = start(config, log, listener, engine!);
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
  reachable?: ServeContext["reachable"],
) {
  const counters = ownCounters(), taps = new OwnTaps();
  return serveOn({ config, log, listener, engine, counters, taps, threads: 1, reachable });
}

function engineEvents(log: Log): ThreadEvents {
  return {
    unreachable(why) {
      if (why === undefined) log.info("publishes are taken again");
      else log.error("publishes are refused", { why });
    },
    said: (what) => log.warn("from the engine", { what }),
    fault: (error) => log.error("the engine has ended and begins anew", { error }),
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
      engine: withoutSecrets(engine),
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

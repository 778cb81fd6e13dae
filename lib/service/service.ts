/**
 * The service: which threads there are, and how they begin and end together.
 * @module
 */
import type { Engine } from "../hub/engine.ts";
import { Hub } from "../hub/hub.ts";
import { withoutSecrets } from "../engine/nats/address.ts";
import { type OpenEngine, openEngine, ownEngine, sqliteFile } from "../engine/open.ts";
import type { OwnLog } from "../engine/own.ts";
import type { RemoteEngine } from "../engine/remote.ts";
import {
  EngineThread,
  LAST_WORDS,
  OpenError,
  remoteOf,
  type ThreadEvents,
} from "../engine/spawn.ts";
import type { DatedPair } from "../net/certificate.ts";
import type { Counts } from "../net/counts.ts";
import type { Config } from "../settings/config.ts";
import { OwnTaps } from "./board.ts";
import { listen, pageURL, type Places } from "./listen.ts";
import type { Hooks } from "./hooks.ts";
import type { Fields, Log } from "./log.ts";
import { openPairs } from "./pairs.ts";
import { openPlain } from "./plain.ts";
import { tapped } from "./routes.ts";
import { faultLine, type ServeContext, serveOn } from "./serve.ts";
import { type Counters, ownCounters, SharedCounters, Tally } from "./tally.ts";
import { plainHooks } from "./webhooks.ts";
import { startWorkers, type Workers } from "./workers.ts";

/** A service that runs. */
export interface Service {
  /** The URL of its page, or `unix:` and the path of its socket where it listens on no port. */
  url: string;
  /** What it is like, for the first line of the log. */
  about: Fields;
  /** Its channels, from this thread. */
  hub(): Hub;
  /** Reads the certificate and its key again, if it has some. */
  reload(): Promise<void>;
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

/** What else a service is started with, where it is not as it usually is. */
export interface StartOptions {
  /** What runs in threads; for tests. */
  modules?: ThreadModules;
  /** Waits no more for a certificate that is still to be had. */
  signal?: AbortSignal;
  /** Told how to have it tried again at once, as far as the directory allows, as the waiting begins. */
  waiting?: (hurry: () => void) => void;
  /** Where a program has a say; its functions are in one thread, which then is the only one that serves. */
  hooks?: Hooks | undefined;
  /** Keeps order and memory in place of the one that the settings name, in this thread, and is ended with the service. */
  engine?: Engine | OwnLog | undefined;
}

/** What serves, on one thread or more. */
interface Running {
  /** The channels, from this thread. */
  hub(): Hub;
  /** The address of its port; `undefined` where it has none. */
  addr: Deno.NetAddr | undefined;
  /** Resolves when it has ended. */
  finished: Promise<void>;
  /** Ends it. */
  shutdown(): Promise<void>;
  /** Has those who come from now on get another certificate. */
  use(pair: DatedPair): void;
}

/**
 * Starts the service. Where its certificate is still to be had, that may take its time: nothing listens on its port before.
 * @param options What is not as it usually is.
 * @throws {Deno.errors.AddrInUse} And what else `Deno.listen` throws; and the signal's reason.
 * @throws {OpenError} If the engine cannot be opened.
 * @throws {ListenError} If the certificate, the Unix socket or the port for plain HTTP cannot be had.
 */
export async function startService(
  config: Config,
  log: Log,
  options: StartOptions = {},
): Promise<Service> {
  const { signal = new AbortController().signal, waiting = () => {} } = options;
  await using opened = new AsyncDisposableStack();
  if (plainHooks(config).length > 0 && config.secret === "") log.warn("the hook is not signed");
  const challenges = new Map<string, string>();
  const plain = config.httpPort === "none"
    ? undefined
    : opened.use(openPlain({ config, challenges, fault: faultLine(log) }, config.httpPort));
  if (plain) log.info("plain HTTP", { address: plain.addr.hostname, port: plain.addr.port });
  if (config.acme !== "") probe(config);
  const pairs = opened.use(await openPairs({ config, log, challenges, signal, waiting }));
  const { addr, hub, finished, shutdown, use } = await startThreads(
    config,
    log,
    options,
    pairs?.first,
  );
  if (addr) plain?.redirect(addr.port);
  pairs?.follow(use);
  const closing = opened.move();
  let closed: Promise<void> | undefined;
  const close = () => closed ??= closing.disposeAsync();
  const { engine, unix, host } = config;
  return {
    url: addr === undefined
      ? `unix:${unix}`
      : pageURL(addr, pairs !== undefined, pairs === undefined ? [] : [...host, ...pairs.names]),
    about: {
      access: accessOf(config),
      tap: tapped(config) ? "on" : "off",
      tls: pairs === undefined ? "off" : config.acme !== "" ? "acme" : "on",
      ...unix !== "" && { unix },
      engine: withoutSecrets(engine),
      workers: workersOf(config),
    },
    hub,
    reload: async () => await pairs?.reload(),
    async shutdown() {
      const closed = close();
      await shutdown();
      await finished;
      await closed;
    },
    finished: finished.finally(close),
  };
}

/** Looks whether the port can be had, before a certificate is asked for. */
function probe({ hostname, port }: Config): void {
  if (port !== "none") Deno.listen({ hostname, port }).close();
}

/** Starts what serves: here, here beside the engine's thread, or in several threads. */
async function startThreads(
  config: Config,
  log: Log,
  { modules = {}, hooks, engine }: StartOptions,
  pair: DatedPair | undefined,
): Promise<Running> {
  const workers = workersOf(config);
  // A disk is waited for in a thread of its own.
  if (engine !== undefined || workers === 1 && sqliteFile(config.engine) === undefined) {
    return await startAlone(config, log, pair, hooks, engine);
  }
  // The threads count, and this one behind them.
  const shared = new SharedCounters(workers + 1), { row } = shared.of(workers);
  const events = engineEvents(log, row);
  const thread = new EngineThread(config, events, modules.engine);
  const running: Workers & { hub?: Hub } = workers === 1
    ? await startBeside(thread, config, log, pair, shared.of(0), hooks)
    : await startWorkers(thread, workers, config, pair, log, shared, modules.worker);
  // Where others serve, this thread talks to the engine only if somebody here has something to say.
  let own: { engine: RemoteEngine; hub: Hub } | undefined;
  const ownHub = () => {
    if (own === undefined) {
      const engine = remoteOf(thread);
      own = { engine, hub: new Hub(engine) };
    }
    return own.hub;
  };
  if (pair) noted(pair, row);
  const finished = running.finished.finally(async () => {
    await own?.engine.close();
    const failed = await thread.close(LAST_WORDS);
    if (failed !== undefined) log.error("the engine did not end well", { error: failed });
  });
  return {
    addr: running.addr,
    hub: () => running.hub ?? ownHub(),
    finished,
    shutdown: () => running.shutdown(config.drain),
    use: (pair) => running.use(noted(pair, row)),
  };
}

/** Counts a certificate among what there is: until when it is good. */
function noted(pair: DatedPair, row: Counts): DatedPair {
  row[Tally.expires] = pair.expires / 1000;
  return pair;
}

/** One thread for everything. */
async function startAlone(
  config: Config,
  log: Log,
  pair: DatedPair | undefined,
  hooks: Hooks | undefined,
  given: StartOptions["engine"],
): Promise<Running> {
  const places = await listen({ ...config, pair });
  const counters = ownCounters();
  const events = engineEvents(log, counters.row);
  let opened: OpenEngine;
  try {
    opened = given === undefined ? await openEngine(config, events.said) : ownEngine(given, config);
  } catch (error) {
    for (const listener of places.listeners) listener.close();
    throw new OpenError(error instanceof Error ? error.message : String(error));
  }
  const { engine, sweep } = opened;
  const server = start(config, log, places, engine, counters, hooks, events.unreachable);
  if (pair) noted(pair, counters.row);
  const finished = server.finished.finally(() => {
    sweep.stop();
    return engine.close();
  });
  return {
    addr: places.addr,
    hub: () => server.hub,
    finished,
    shutdown: () => server.shutdown(config.drain),
    use: (pair) => places.use(noted(pair, counters.row)),
  };
}

/** This thread serves, and the engine has its own. */
async function startBeside(
  thread: EngineThread,
  config: Config,
  log: Log,
  pair: DatedPair | undefined,
  counters: Counters,
  hooks: Hooks | undefined,
) {
  // Who comes while the engine is opened waits.
  const places = await listen({ ...config, pair });
  try {
    await thread.start();
  } catch (error) {
    for (const listener of places.listeners) listener.close();
    throw error;
  }
  const engine = remoteOf(thread);
  const server = start(config, log, places, engine, counters, hooks);
  const finished = server.finished.finally(() => engine.close());
  return {
    addr: places.addr,
    hub: server.hub,
    finished,
    shutdown: (drain: number) => server.shutdown(drain),
    use: places.use,
  };
}

function start(
  config: Config,
  log: Log,
  { listeners }: Places,
  engine: Engine,
  counters: Counters,
  hooks: Hooks | undefined,
  reachable?: ServeContext["reachable"],
) {
  const taps = new OwnTaps(), threads = 1;
  return serveOn({ config, log, listeners, engine, counters, taps, threads, hooks, reachable });
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
    said: (what) => log.warn("from the engine", { what }),
  };
}

/** Who says what somebody may do. */
function accessOf(config: Config): string {
  const given = (["secret", "jwks", "authorize"] as const).filter((key) => config[key] !== "");
  return given.join(" and ") || "protected mode";
}

/** How many threads serve: `auto` is one for each core. */
function workersOf({ workers }: Pick<Config, "workers">): number {
  return workers || navigator.hardwareConcurrency;
}

/**
 * What one thread serves: routes and a hub on a listener, over an engine that may be elsewhere.
 * @module
 */
import { createAuthorize } from "../auth/auth.ts";
import { natsAddress } from "../engine/nats/address.ts";
import { type Engine, EngineError, type EngineStats } from "../hub/engine.ts";
import { Hub } from "../hub/hub.ts";
import { OutOfFiles, Server } from "../net/listener.ts";
import { NoTurns } from "../net/read_turns.ts";
import type { Config } from "../settings/config.ts";
import type { TapBoard } from "./board.ts";
import { frameForms } from "./forms.ts";
import type { Log } from "./log.ts";
import { counter, createMetrics, gauge } from "./metrics.ts";
import { createRoutes, isVital } from "./routes.ts";
import { Notices } from "./notices.ts";
import { sharedMetrics } from "./shared_metrics.ts";
import type { Counters } from "./tally.ts";

/** What a thread serves with. */
export interface ServeContext {
  /** The settings. */
  config: Config;
  /** Where lines go. */
  log: Log;
  /** Where it listens. */
  listener: Deno.Listener;
  /** Keeps order and memory. */
  engine: Engine;
  /** Where it counts. */
  counters: Counters;
  /** Which taps are open. */
  taps: TapBoard;
  /** How many threads serve. */
  threads: number;
  /** Told when publishes are refused, with why, and when they are taken again. */
  reachable?: ((why: string | undefined) => void) | undefined;
}

/** Begins to serve. */
export function serveOn(context: ServeContext): Server {
  const { config, log, listener, engine, counters, taps, threads } = context;
  const { census, tally, totals } = counters;
  const fault = (error: unknown) => {
    if (error instanceof OutOfFiles) {
      const { connections, limit } = error;
      return log.error("out of files", { connections, limit, raise: "ulimit -n" });
    }
    if (error instanceof NoTurns) return log.warn("not served in turns", { why: error.why });
    const text = error instanceof Error ? error.stack ?? error.message : String(error);
    log.error("fault", { error: text });
  };
  const notices = new Notices(log, threads);
  const timer = setInterval(() => notices.turn(), 1000);
  const hub = new Hub(engine, tally, context.reachable);
  // Whoever watches over the server watches also while the engine does not answer.
  const nothing: EngineStats = { published: 0, bytes: 0 };
  const stats = lastKnown(() => hub.stats(), nothing);
  const channels = lastKnown(async () => (await hub.channels()).length, 0);
  const routes = createRoutes({
    config,
    log,
    hub,
    fault,
    taps,
    authorize: createAuthorize(config),
    forms: frameForms(config.deflateThreshold),
    draining: () => server.draining,
    metrics: createMetrics([
      gauge("kodama_connections", "Open connections", () => totals().connections),
      counter("kodama_accepted_total", "Connections accepted", () => totals().accepted),
      gauge("kodama_channels", "Channels with subscribers", channels),
      counter(
        "kodama_published_total",
        "Messages published",
        async () => (await stats()).published,
      ),
      counter("kodama_delivered_total", "Messages handed to subscribers", () => totals().delivered),
      gauge(
        "kodama_history_bytes",
        "What channels remember, in bytes",
        async () => (await stats()).bytes,
      ),
      gauge(
        "kodama_engine_up",
        "Whether publishes are taken",
        () => hub.unreachable === undefined ? 1 : 0,
      ),
      ...natsAddress(config.engine) === undefined ? [] : sharedMetrics(stats),
      gauge("kodama_resident_memory_bytes", "Memory of the process", () => Deno.memoryUsage().rss),
    ]),
  });
  const maxConnections = config.maxConnections || Infinity;
  const server: Server = new Server(
    listener,
    routes,
    { ...config, maxConnections },
    fault,
    notices.watch,
    isVital,
    census,
    tally,
  );
  server.finished.finally(() => {
    clearInterval(timer);
    notices.turn();
  });
  return server;
}

/** Asks the engine each time; what it answered last, where it does not. */
function lastKnown<T>(ask: () => Promise<T>, known: T): () => Promise<T> {
  return async () => {
    try {
      known = await ask();
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
    }
    return known;
  };
}

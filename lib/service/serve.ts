/**
 * What one thread serves: routes and a hub on a listener, over an engine that may be elsewhere.
 * @module
 */
import { clientOf, createAuthorize } from "../auth/auth.ts";
import { type Engine, EngineError } from "../hub/engine.ts";
import { Hub } from "../hub/hub.ts";
import { OutOfFiles, Server } from "../net/listener.ts";
import type { Config } from "../settings/config.ts";
import type { TapBoard } from "./board.ts";
import { frameForms } from "./forms.ts";
import type { Log } from "./log.ts";
import { metricsText } from "./metrics.ts";
import { createRoutes, isVital } from "./routes.ts";
import { Notices } from "./notices.ts";
import { Publishes } from "./publishes.ts";
import { type Counters, Tally } from "./tally.ts";

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
}

/** Begins to serve. */
export function serveOn(context: ServeContext): Server {
  const { config, log, listener, engine, counters, taps, threads } = context;
  const { census, row, totals } = counters;
  const fault = (error: unknown) => {
    if (error instanceof OutOfFiles) {
      const { connections, limit } = error;
      return log.error("out of files", { connections, limit, raise: "ulimit -n" });
    }
    const text = error instanceof Error ? error.stack ?? error.message : String(error);
    log.error("fault", { error: text });
  };
  const notices = new Notices(log, threads);
  const timer = setInterval(() => notices.turn(), 1000);
  const hub = new Hub(engine, (subscribers) => row[Tally.delivered]! += subscribers);
  // Whoever watches over the server watches also while the engine does not answer.
  const stats = lastKnown(() => hub.stats(), { published: 0, remembered: 0, bytes: 0 });
  const routes = createRoutes({
    config,
    log,
    hub,
    fault,
    taps,
    authorize: createAuthorize(config),
    forms: frameForms(config.deflateThreshold),
    draining: () => server.draining,
    publishes: new Publishes(row),
    overrun: () => void row[Tally.slow]!++,
    metrics: async () =>
      metricsText({
        ...await processFigures(),
        counts: totals(),
        engine: await stats(),
        reachable: hub.unreachable === undefined,
        about: { engine: engineKind(config.engine), workers: String(threads) },
      }),
  });
  const maxConnections = config.maxConnections || Infinity;
  const server: Server = new Server(
    listener,
    routes,
    { ...config, maxConnections },
    fault,
    { ...notices.watch, client: (head, peer) => clientOf(head, peer, config.trustProxy) },
    isVital,
    census,
    row,
  );
  server.finished.finally(() => {
    clearInterval(timer);
    notices.turn();
  });
  return server;
}

/** What the system knows of this process, in bytes and seconds. */
async function processFigures() {
  // No start waits for it.
  const { default: process } = await import("node:process");
  const { user, system } = process.cpuUsage();
  return {
    memory: Deno.memoryUsage().rss,
    cpu: (user + system) / 1e6,
    began: (performance.timeOrigin + performance.now()) / 1000 - process.uptime(),
  };
}

/** The kind of engine, without what is somebody's own: a file, an address. */
function engineKind(engine: string): string {
  return /^\w+/.exec(engine)![0];
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

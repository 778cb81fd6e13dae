/**
 * What one thread serves: routes and a hub on a listener, over an engine that may be elsewhere.
 * @module
 */
import { setImmediate } from "node:timers";
import { createAuthorize, createOfToken } from "../auth/auth.ts";
import { systemTime } from "../backend/post.ts";
import { proxiesOf } from "../auth/proxy.ts";
import { Bus, newOrigin } from "../hub/bus.ts";
import { type Engine, EngineError, type EngineStats } from "../hub/engine.ts";
import { Hub } from "../hub/hub.ts";
import { Presence } from "../hub/presence.ts";
import { OutOfFiles } from "../net/accept_error.ts";
import { Backlog } from "../net/backlog.ts";
import { Callers } from "../net/callers.ts";
import type { Listener } from "../net/conn.ts";
import type { Counts } from "../net/counts.ts";
import { type Common, Server } from "../net/listener.ts";
import { NoTurns } from "../net/read_turns.ts";
import type { Config } from "../settings/config.ts";
import { openCallback } from "./authorize.ts";
import type { TapBoard } from "./board.ts";
import { Connections } from "./connections.ts";
import { frameForms } from "./forms.ts";
import type { Hooks } from "./hooks.ts";
import type { Log } from "./log.ts";
import { metricsText } from "./metrics.ts";
import { createRoutes, isVital } from "./routes.ts";
import { Notices } from "./notices.ts";
import { Publishes } from "./publishes.ts";
import { type Counters, Tally } from "./tally.ts";
import { version } from "../settings/version.ts";
import { openWebhooks } from "./webhooks.ts";

/** What a thread serves with. */
export interface ServeContext {
  /** The settings. */
  config: Config;
  /** Where lines go. */
  log: Log;
  /** Where it listens. */
  listeners: readonly Listener[];
  /** Keeps order and memory. */
  engine: Engine;
  /** Where it counts. */
  counters: Counters;
  /** Which taps are open. */
  taps: TapBoard;
  /** How many threads serve. */
  threads: number;
  /** Where a program has a say. */
  hooks?: Hooks | undefined;
  /** Told when publishes are refused, with why, and when they are taken again. */
  reachable?: ((why: string | undefined) => void) | undefined;
}

/** What serves in a thread. */
export interface Serving {
  /** Its channels. */
  hub: Hub;
  /** Resolves when the last connection is gone, and those are told who want to be, after {@linkcode shutdown}. */
  finished: Promise<void>;
  /** See {@linkcode Server.shutdown}. */
  shutdown(drain: number): Promise<void>;
}

/** Writes a line for each fault. */
export function faultLine(log: Log): (error: unknown) => void {
  return (error) => {
    if (error instanceof OutOfFiles) {
      const { connections, limit } = error;
      return log.error("out of files", { connections, limit, raise: "ulimit -n" });
    }
    if (error instanceof NoTurns) return log.warn("not served in turns", { why: error.why });
    const text = error instanceof Error ? error.stack ?? error.message : String(error);
    log.error("fault", { error: text });
  };
}

/** How often it is looked what is due of what is said to others, and of who is there; in ms. */
const BUS_TICK = 250;

/** Begins to serve. */
export function serveOn(context: ServeContext): Serving {
  const { config, log, listeners, engine, counters, taps, threads, hooks = {} } = context;
  const { census, addresses, row, totals, held } = counters;
  const fault = faultLine(log);
  const notices = new Notices(log, threads);
  const timer = setInterval(() => {
    notices.turn();
    noteBus(row, bus, presence);
  }, 1000);
  const hub = new Hub(
    engine,
    (subscribers) => row[Tally.delivered]! += subscribers,
    context.reachable,
  );
  const now = () => performance.now();
  const bus = new Bus(newOrigin(Date.now()), engine.carrier, now, fault);
  const presence = new Presence(hub, bus, now, (what) => void setImmediate(what));
  const webhooks = openWebhooks(config, { log, row, bus, presence, fetch, time: systemTime });
  const busTimer = setInterval(() => {
    bus.tick();
    presence.tick();
  }, BUS_TICK);
  const ofToken = createOfToken(config);
  let draining = false, deadline = 0;
  // Whoever watches over the server watches also while the engine does not answer.
  const nothing: EngineStats = { published: 0, remembered: 0, bytes: 0 };
  const stats = lastKnown(() => hub.stats(), nothing);
  const callback = openCallback({ config, log, counters, threads, fetch, time: systemTime });
  const authorize = createAuthorize(config, ofToken, callback?.ask);
  const routes = createRoutes({
    config,
    log,
    hub,
    fault,
    taps,
    bus,
    presence,
    webhooks,
    connections: new Connections(bus),
    authorize: hooks.authorize?.(authorize) ?? authorize,
    ofToken,
    admit: hooks.admit,
    around: hooks.around,
    forms: frameForms(config.deflateThreshold),
    draining: () => draining,
    publishes: new Publishes(row),
    overrun: () => void row[Tally.slow]!++,
    refused: notices.watch.refused,
    metrics: async () =>
      metricsText({
        ...await processFigures(),
        counts: totals(),
        peers: bus.peers.length,
        engine: await stats(),
        reachable: hub.unreachable === undefined,
        about: { version, engine: engineKind(config.engine), workers: String(threads) },
      }),
  });
  const maxConnections = config.maxConnections || Infinity;
  const settings = { ...config, maxConnections };
  const { trustProxy, maxPerAddress, maxBufferedTotal } = config;
  const common: Common = {
    census,
    counts: row,
    callers: new Callers(maxPerAddress, addresses, proxiesOf(trustProxy)),
    backlog: new Backlog(row, { most: maxBufferedTotal, threads, total: held }),
  };
  // The other threads are to know of this one before anybody comes.
  bus.tick();
  const servers = listeners.map((listener) =>
    new Server(listener, routes, settings, fault, notices.watch, isVital, common)
  );
  const finished = all(servers.map((server) => server.finished)).finally(async () => {
    clearInterval(timer);
    callback?.close();
    await webhooks.end(deadline - now());
    clearInterval(busTimer);
    bus.leave();
    notices.turn();
  });
  return {
    hub,
    finished,
    shutdown(drain) {
      draining = true;
      deadline = now() + drain;
      const ends = servers.map((server) => server.shutdown(drain, threads * servers.length));
      return all([...ends, finished]);
    },
  };
}

/** Counts what is said to others, and who is there. */
function noteBus(row: Counts, bus: Bus, presence: Presence): void {
  row[Tally.members] = presence.members;
  row[Tally.missed]! += bus.missed;
  bus.missed = 0;
}

async function all(ends: Promise<void>[]): Promise<void> {
  await Promise.all(ends);
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

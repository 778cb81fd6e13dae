/**
 * The service: routes on a listener.
 * @module
 */
import { Hub } from "../hub/hub.ts";
import { MemoryEngine } from "../engine/memory.ts";
import { OutOfFiles, Server } from "../net/listener.ts";
import { createAuthorize } from "../auth/auth.ts";
import type { Config } from "../settings/config.ts";
import { frameForms } from "./forms.ts";
import type { Fields, Log } from "./log.ts";
import { counter, createMetrics, gauge } from "./metrics.ts";
import { Notices } from "./notices.ts";
import { createRoutes, isVital, tapped } from "./routes.ts";

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

/** How often what is too old is dropped from memory, and how often ten lines of notices may be written, in ms. */
const SWEEP = 1000;

/**
 * Starts the service.
 * @throws {Deno.errors.AddrInUse} And what else `Deno.listen` throws.
 */
export function startService(config: Config, log: Log): Service {
  const listener = Deno.listen({ hostname: config.hostname, port: config.port });
  const fault = (error: unknown) => {
    if (error instanceof OutOfFiles) {
      const { connections, limit } = error;
      return log.error("out of files", { connections, limit, raise: "ulimit -n" });
    }
    const text = error instanceof Error ? error.stack ?? error.message : String(error);
    log.error("fault", { error: text });
  };
  const notices = new Notices(log);
  const engine = new MemoryEngine(config, () => performance.now(), newEpoch());
  const hub = new Hub(engine);
  const routes = createRoutes({
    config,
    log,
    hub,
    fault,
    authorize: createAuthorize(config),
    forms: frameForms(config.deflateThreshold),
    draining: () => server.draining,
    metrics: createMetrics([
      gauge("kodama_connections", "Open connections", () => server.size),
      counter("kodama_accepted_total", "Connections accepted", () => server.accepted),
      gauge("kodama_channels", "Channels with subscribers", () => hub.channels().length),
      counter("kodama_published_total", "Messages published", () => hub.published),
      counter("kodama_delivered_total", "Messages handed to subscribers", () => hub.delivered),
      gauge("kodama_history_bytes", "What channels remember, in bytes", () => engine.bytes),
      gauge("kodama_resident_memory_bytes", "Memory of the process", () => Deno.memoryUsage().rss),
    ]),
  });
  const maxConnections = config.maxConnections || Infinity;
  const server = new Server(
    listener,
    routes,
    { ...config, maxConnections },
    fault,
    notices.watch,
    isVital,
  );
  const sweeper = setInterval(() => {
    engine.sweep();
    notices.turn();
  }, SWEEP);
  const finished = server.finished.finally(() => {
    clearInterval(sweeper);
    notices.turn();
    return engine.close();
  });
  return {
    url: pageURL(listener.addr as Deno.NetAddr),
    about: {
      access: config.secret !== "" ? "secret" : config.jwks !== "" ? "jwks" : "protected mode",
      tap: tapped(config) ? "on" : "off",
      engine: "memory",
    },
    shutdown: async () => {
      await server.shutdown(config.drain);
      await finished;
    },
    finished,
  };
}

/** Where the page can be opened from this machine: who listens on all addresses listens on loopback, too. */
function pageURL({ hostname, port }: Deno.NetAddr): string {
  const host = hostname === "0.0.0.0" ? "127.0.0.1" : hostname === "::" ? "::1" : hostname;
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}/`;
}

/** A name for this life of the memory that no other has had: 8 characters, at random. */
function newEpoch(): string {
  return crypto.randomUUID().slice(0, 8);
}

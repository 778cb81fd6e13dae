/**
 * The service: routes on a listener.
 * @module
 */
import { Hub } from "../hub/hub.ts";
import { MemoryEngine } from "../hub/memory.ts";
import { Server } from "../net/listener.ts";
import { createAuthorize } from "./auth.ts";
import type { Config } from "./config.ts";
import { frameForms } from "./forms.ts";
import type { Log } from "./log.ts";
import { createMetrics } from "./metrics.ts";
import { createRoutes } from "./routes.ts";

/** A service that runs. */
export interface Service {
  /** The URL of its page. */
  url: string;
  /** Shuts down: closes every WebSocket with 1001 and ends, at the latest after the drain time. */
  shutdown(): Promise<void>;
  /** Resolves when it has ended. */
  finished: Promise<void>;
}

/** How often what is too old is dropped from memory, in ms. */
const SWEEP = 1000;

/**
 * Starts the service.
 * @throws {Deno.errors.AddrInUse} And what else `Deno.listen` throws.
 */
export function startService(config: Config, log: Log): Service {
  const listener = Deno.listen({ hostname: config.hostname, port: config.port });
  const fault = (error: unknown) => {
    const text = error instanceof Error ? error.stack ?? error.message : String(error);
    log.error("fault", { error: text });
  };
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
      {
        name: "kodama_connections",
        help: "Open connections",
        grows: false,
        read: () => server.size,
      },
      {
        name: "kodama_accepted_total",
        help: "Connections accepted",
        grows: true,
        read: () => server.accepted,
      },
      {
        name: "kodama_channels",
        help: "Channels with subscribers",
        grows: false,
        read: () => hub.channels().length,
      },
      {
        name: "kodama_published_total",
        help: "Messages published",
        grows: true,
        read: () => hub.published,
      },
      {
        name: "kodama_delivered_total",
        help: "Messages handed to subscribers",
        grows: true,
        read: () => hub.delivered,
      },
      {
        name: "kodama_history_bytes",
        help: "What channels remember, in bytes",
        grows: false,
        read: () => engine.bytes,
      },
      {
        name: "kodama_resident_memory_bytes",
        help: "Memory of the process, in bytes",
        grows: false,
        read: () => Deno.memoryUsage().rss,
      },
    ]),
  });
  const maxConnections = config.maxConnections || Infinity;
  const server = new Server(listener, routes, { ...config, maxConnections }, fault);
  const sweeper = setInterval(() => engine.sweep(), SWEEP);
  const finished = server.finished.finally(() => {
    clearInterval(sweeper);
    return engine.close();
  });
  const { hostname, port } = listener.addr as Deno.NetAddr;
  return {
    url: `http://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}/`,
    shutdown: async () => {
      await server.shutdown(config.drain);
      await finished;
    },
    finished,
  };
}

/** A name for this life of the memory that no other has had: 8 characters, at random. */
function newEpoch(): string {
  return crypto.randomUUID().slice(0, 8);
}

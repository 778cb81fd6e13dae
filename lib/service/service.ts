/**
 * The service: routes on a listener.
 * @module
 */
import { Server } from "../net/listener.ts";
import type { Config } from "./config.ts";
import type { Log } from "./log.ts";
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

/** Of the open files that the system allows, those not used for connections. */
const RESERVED_FILES = 64;
/** Where the limit of open files cannot be read. */
const USUAL_FILES = 1024;

/**
 * Starts the service.
 * @throws {Deno.errors.AddrInUse} And what else `Deno.listen` throws.
 */
export function startService(config: Config, log: Log): Service {
  const listener = Deno.listen({ hostname: config.hostname, port: config.port });
  const maxConnections = config.maxConnections || openFiles() - RESERVED_FILES;
  const routes = createRoutes({ config, log, draining: () => server.draining });
  const server = new Server(
    listener,
    routes,
    { ...config, maxConnections },
    (error) =>
      log.error("fault", {
        error: error instanceof Error ? error.stack ?? error.message : String(error),
      }),
  );
  const { hostname, port } = listener.addr as Deno.NetAddr;
  return {
    url: `http://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}/`,
    shutdown: () => server.shutdown(config.drain),
    finished: server.finished,
  };
}

/** How many files this process may have open. */
function openFiles(): number {
  try {
    const limits = Deno.readTextFileSync("/proc/self/limits");
    return Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? USUAL_FILES);
  } catch (error) {
    // Not Linux, or not allowed to look.
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotCapable) {
      return USUAL_FILES;
    }
    throw error;
  }
}

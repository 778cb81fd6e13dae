/**
 * What several routes ask of a request.
 * @module
 */
import { EngineError } from "../hub/engine.ts";
import { HttpError } from "../http/error.ts";
import type { Request } from "../net/connection.ts";
import { type Accepted, acceptHandshake, wantsWebSocket } from "../websocket/handshake.ts";
import type { Config } from "../settings/config.ts";
import { parametersOf } from "../http/target.ts";
import { checkOrigin } from "../auth/origin.ts";

/** A parameter of the query: the first of that name. */
export function query(request: Pick<Request, "target">, name: string): string | undefined {
  const { target } = request;
  return target.includes("?") ? parametersOf(target).get(name) ?? undefined : undefined;
}

/** Whether a request asks to become a WebSocket (RFC 9110, 7.8: `Upgrade` has no meaning in HTTP/1.0). */
export function wantsUpgrade(request: Request): boolean {
  return request.minor === 1 && wantsWebSocket(request.headers);
}

/** The error for what is not begun any more. */
export function shuttingDown(): HttpError {
  return new HttpError(503, "shutting down", [["Retry-After", "1"]], "draining");
}

/**
 * Checks what must hold before it is asked who wants a WebSocket.
 * @throws {HttpError} 400, 403 or 503.
 */
export function checkUpgrade(
  request: Request,
  { config, draining }: { config: Pick<Config, "origin">; draining: () => boolean },
): void {
  checkOrigin(request, config.origin);
  if (request.hasBody) throw new HttpError(400, "a WebSocket handshake has no body");
  if (draining()) throw shuttingDown();
}

/**
 * Answers the handshake.
 * @param protocols The subprotocols spoken at this path.
 * @throws {HttpError} 400, 405 or 426.
 */
export function upgradeOf(
  request: Request,
  { config }: { config: Pick<Config, "deflate"> },
  protocols: readonly string[] = [],
): Accepted {
  const upgrade = acceptHandshake(request, protocols, config.deflate);
  if (upgrade.accepted) return upgrade;
  throw new HttpError(upgrade.status, upgrade.reason, upgrade.headers);
}

/** What is answered where the engine cannot: 503, or 413 where it never can. Any other error stays what it is. */
export function unavailable(error: unknown): unknown {
  if (!(error instanceof EngineError)) return error;
  if (error.tooLarge) return new HttpError(413, error.message);
  const reason = error.uncertain ? "uncertain" : "engine";
  return new HttpError(503, error.message, [["Retry-After", "1"]], reason);
}

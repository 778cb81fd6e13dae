/**
 * What is where: from a request to what answers it.
 * @module
 */
import { HttpError } from "../http/error.ts";
import { type Reply, textReply } from "../http/response.ts";
import type { Handle, Request, Upgrade } from "../net/connection.ts";
import type { SocketHandler } from "../net/socket.ts";
import { acceptHandshake, wantsWebSocket } from "../websocket/handshake.ts";
import { assetReply, pageReply } from "./assets.ts";
import type { Config } from "./config.ts";
import type { Log } from "./log.ts";
import { checkHost, checkOrigin, isLoopback } from "./origin.ts";
import { ticker } from "./ticker.ts";

type Answer = Reply | Upgrade | Promise<Reply | Upgrade>;

/** What the routes need to know of the server. */
export interface RouteContext {
  /** The settings. */
  config: Config;
  /** Where lines go. */
  log: Log;
  /** Whether the server is shutting down. */
  draining: () => boolean;
}

const ASSETS = "/-/assets/";

const echo: SocketHandler = {
  message: (socket, payload, opcode) => void socket.send(payload, opcode),
};

/** The handler of all requests. */
export function createRoutes({ config, log, draining }: RouteContext): Handle {
  const loopback = isLoopback(config.hostname);

  return (request) => {
    checkHost(request, config.host, loopback);
    const path = decodePath(request.target);
    if (path === "/") {
      if (wantsUpgrade(request)) return accept(request, () => ticker(config, log));
      return read(request, pageReply);
    }
    if (path === "/-/echo") return accept(request, () => echo);
    if (path === "/-/health") return read(request, () => health(draining()));
    if (path.startsWith(ASSETS)) {
      return read(request, (r) => assetReply(path.slice(ASSETS.length), r));
    }
    throw new HttpError(404, "nothing is here");
  };

  async function accept(request: Request, handler: () => SocketHandler): Promise<Reply | Upgrade> {
    if (!wantsUpgrade(request)) {
      // RFC 9110, 15.5.22: a 426 names the protocol.
      throw new HttpError(426, "a WebSocket is here", [["Upgrade", "websocket"], [
        "Connection",
        "Upgrade",
      ]]);
    }
    checkOrigin(request, config.origin);
    if (request.hasBody) throw new HttpError(400, "a WebSocket handshake has no body");
    if (draining()) throw new HttpError(503, "shutting down", [["Retry-After", "1"]]);
    const upgrade = await acceptHandshake(request, [], config.deflate);
    if (upgrade.accepted) return { upgrade, handler: handler() };
    throw new HttpError(upgrade.status, upgrade.reason, upgrade.headers);
  }
}

/** RFC 9110, 7.8: `Upgrade` has no meaning in HTTP/1.0. */
function wantsUpgrade(request: Request): boolean {
  return request.minor === 1 && wantsWebSocket(request.headers);
}

/** Answers `GET` and `HEAD`, and no other method. */
function read(request: Request, answer: (request: Request) => Answer): Answer {
  if (request.method !== "GET" && request.method !== "HEAD") {
    return textReply(405, "GET and HEAD are understood here", [["Allow", "GET, HEAD"]]);
  }
  return answer(request);
}

function health(draining: boolean): Reply {
  return {
    status: draining ? 503 : 200,
    headers: [["Content-Type", "application/json"], ["Cache-Control", "no-store"]],
    body: JSON.stringify({ status: draining ? "draining" : "ok" }),
  };
}

/**
 * The path of a target, percent-decoded once.
 * @throws {HttpError} 400 where it does not decode, or decodes to a control character.
 */
function decodePath(target: string): string {
  const path = target.split("?", 1)[0]!;
  let decoded: string;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    throw new HttpError(400, "the path is not percent-encoded UTF-8");
  }
  // deno-lint-ignore no-control-regex
  if (/[\x00-\x1f\x7f]/.test(decoded)) throw new HttpError(400, "control character in the path");
  return decoded;
}

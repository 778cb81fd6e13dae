/**
 * What is where: from a request to what answers it.
 * @module
 */
import { HttpError } from "../http/error.ts";
import { decoded } from "../http/target.ts";
import { type Reply, textReply } from "../http/response.ts";
import type { Answer, Exchange, Handle, Request, Upgrade } from "../net/connection.ts";
import type { Watch } from "../net/watch.ts";
import type { SocketHandler } from "../net/socket_handler.ts";
import { assetReply, pageReply } from "./assets.ts";
import { refused, refusedWrite } from "../auth/auth.ts";
import { isLocal } from "../auth/proxy.ts";
import { batchReply } from "./batch.ts";
import { type ChannelContext, channelNames, channelReply } from "./channel.ts";
import type { Hooks } from "./hooks.ts";
import type { Log } from "./log.ts";
import { metricsType } from "./metrics.ts";
import type { Config } from "../settings/config.ts";
import { checkHost, checkOrigin, isLoopback } from "../auth/origin.ts";
import { checkUpgrade, query, unavailable, upgradeOf, wantsUpgrade } from "./request.ts";
import { pusherRoutes } from "./pusher.ts";
import type { TapBoard } from "./board.ts";
import { Tally } from "./tally.ts";
import { openTap, tapId, watch } from "./tap.ts";
import { ticker } from "./ticker.ts";
import { whatIfReply } from "./what_if.ts";

/** What the routes need to know of the server. */
export interface RouteContext extends ChannelContext {
  /** Where lines go. */
  log: Log;
  /** Writes down what is measured. */
  metrics: () => Promise<string>;
  /** Which taps are open. */
  taps: TapBoard;
  /** Answers before and after what is here; `undefined`: nobody does. */
  around: Hooks["around"];
  /** Told of who is refused otherwise than by an answer. */
  refused?: Watch["refused"];
}

const ASSETS = "/-/assets/", TAP = "/-/tap/";
/** The channel that a token must be allowed to read for what is an operator's. */
const OPERATOR = "-/metrics";
/** The one that it must be allowed to write to close connections. */
const CONNECTIONS = "-/connections";

const echo: SocketHandler = {
  message: (socket, payload, opcode) => void socket.send(payload, opcode),
};

/** The handler of all requests. */
export function createRoutes(context: RouteContext): Handle {
  const { config, log, draining, hub, authorize } = context;
  const loopback = isLoopback(config.hostname);
  const taps = tapped(config) ? context.taps : undefined;
  const pusher = pusherRoutes(context);

  return (request) => {
    return taps === undefined || !wantsUpgrade(request) ? route(request) : watched(request, taps);
  };

  async function watched(request: Exchange, taps: TapBoard): Promise<Answer> {
    const answer = await route(request);
    if ("upgrade" in answer) answer.tap = await watch(query(request, "tap"), taps);
    return answer;
  }

  function route(request: Exchange): Answer | Promise<Answer> {
    checkHost(request, config.host, loopback);
    const { around } = context;
    if (around === undefined || wantsUpgrade(request)) return own(request);
    return around(request, own);
  }

  function own(request: Request): Answer | Promise<Answer> {
    const path = request.target.split("?", 1)[0]!;
    if (path === "/") {
      if (wantsUpgrade(request)) return accept(request, ticker(config, log), Tally.ticker);
      return read(request, pageReply);
    }
    if (path.startsWith("/-/")) return ours(decodePath(path), request);
    if (/^\/apps?(\/|$)/.test(decodePath(path))) return apps(path, request);
    return channelReply(channelNames(path, config.maxChannels), request, context);
  }

  async function apps(path: string, request: Request): Promise<Answer> {
    if (pusher === undefined) throw new HttpError(404, "nothing is here");
    const { client, api } = await pusher();
    if (!/^\/app(\/|$)/.test(decodePath(path))) return await api(path, request);
    const answer = accept(request, echo, Tally.pusher);
    return { ...answer, handler: await client(decodePath(path), request) };
  }

  async function ours(path: string, request: Request): Promise<Answer> {
    if (path === "/-/echo") return accept(request, echo, Tally.echo);
    if (path === "/-/publish") return await batchReply(request, context);
    if (path === "/-/connections") return await close(request);
    if (path === "/-/health") return read(request, () => health(draining(), hub.unreachable));
    if (path === "/-/ready") return read(request, () => ready(draining(), hub.unreachable));
    if (path === "/-/metrics") return await operator(request, metrics);
    if (path === "/-/channels") return await operator(request, channels);
    if (path.startsWith(TAP) && taps !== undefined) {
      return await tap(path.slice(TAP.length), request, taps);
    }
    if (path === "/-/what-if" && taps !== undefined) return await whatIfReply(request, config);
    if (path.startsWith(ASSETS)) {
      return read(request, (r) => assetReply(path.slice(ASSETS.length), r));
    }
    throw new HttpError(404, "nothing is here");
  }

  function accept(request: Request, handler: SocketHandler, place: number): Upgrade {
    if (!wantsUpgrade(request)) {
      // RFC 9110, 15.5.22: a 426 names the protocol.
      const headers: [string, string][] = [["Upgrade", "websocket"], ["Connection", "Upgrade"]];
      throw new HttpError(426, "a WebSocket is here", headers);
    }
    checkUpgrade(request, context);
    return { upgrade: upgradeOf(request, context), handler, place };
  }

  async function tap(id: string, request: Request, taps: TapBoard): Promise<Upgrade> {
    if (!tapId.test(id)) throw new HttpError(400, "a tap's id is 16 to 64 of A-Z a-z 0-9 _ -");
    const answer = accept(request, echo, Tally.tap);
    const handler = await openTap(id, taps);
    if (handler === undefined) throw new HttpError(409, "this tap is open already");
    return { ...answer, handler };
  }

  /** Answers whoever is on this machine, or has a token for it. */
  async function operator(request: Request, answer: () => Promise<Reply>): Promise<Answer> {
    if (!isLocal(request, config.trustProxy)) {
      const rights = await authorize(request, "read", [OPERATOR]);
      if (!rights.read(OPERATOR)) throw refused(rights, `read ${OPERATOR}`);
    }
    return read(request, answer);
  }

  /** Closes all connections of somebody. */
  async function close(request: Request): Promise<Reply> {
    if (request.method !== "DELETE") {
      throw new HttpError(405, "DELETE is understood here", [["Allow", "DELETE"]]);
    }
    checkOrigin(request, config.origin);
    const rights = await authorize(request, "write", [CONNECTIONS]);
    if (!rights.write(CONNECTIONS)) throw refusedWrite(rights, CONNECTIONS);
    const sub = query(request, "sub");
    if (sub === undefined || sub === "") throw new HttpError(400, "sub is needed: whose they are");
    const closed = await context.connections.closeAll(sub);
    log.info("connections closed", { sub, closed });
    return json(200, { closed });
  }

  async function metrics(): Promise<Reply> {
    const body = await context.metrics();
    return { status: 200, headers: [["Content-Type", metricsType]], body };
  }

  async function channels(): Promise<Reply> {
    try {
      return json(200, { channels: await hub.channels() });
    } catch (error) {
      throw unavailable(error);
    }
  }
}

/** Whether pages may watch their connections' bytes. */
export function tapped({ tap, hostname }: Pick<Config, "tap" | "hostname">): boolean {
  return tap === "on" || tap === "auto" && isLoopback(hostname);
}

/** Whether a request is by what watches over the server: it is answered also where there are too many connections. */
export function isVital({ target }: Pick<Request, "target">): boolean {
  return /^\/-\/(health|ready|metrics)(\?|$)/.test(target);
}

/** Answers `GET` and `HEAD`, and no other method. */
function read(
  request: Request,
  answer: (request: Request) => Reply | Promise<Reply>,
): Reply | Promise<Reply> {
  if (request.method !== "GET" && request.method !== "HEAD") {
    return textReply(405, "GET and HEAD are understood here", [["Allow", "GET, HEAD"]]);
  }
  return answer(request);
}

/** Whether the process is to live. */
function health(draining: boolean, unreachable: string | undefined): Reply {
  const engine = unreachable === undefined ? {} : { engine: "unreachable" };
  return json(draining ? 503 : 200, { status: draining ? "draining" : "ok", ...engine });
}

/** Whether it takes publishes. */
function ready(draining: boolean, unreachable: string | undefined): Reply {
  if (draining) return json(503, { status: "draining" });
  if (unreachable !== undefined) return json(503, { status: "unreachable", why: unreachable });
  return json(200, { status: "ready" });
}

function json(status: number, body: unknown): Reply {
  return {
    status,
    headers: [["Content-Type", "application/json"], ["Cache-Control", "no-store"]],
    body: JSON.stringify(body),
  };
}

/**
 * A path, percent-decoded once.
 * @throws {HttpError} 400 where it does not decode, or decodes to a control character.
 */
function decodePath(path: string): string {
  const text = decoded(path);
  // deno-lint-ignore no-control-regex
  if (/[\x00-\x1f\x7f]/.test(text)) throw new HttpError(400, "control character in the path");
  return text;
}

/**
 * The port beside TLS that speaks plain HTTP: it answers the challenges of ACME (RFC 8555, 8.3) and sends everybody else
 * to https.
 * @module
 */
import { checkHost, isLoopback } from "../auth/origin.ts";
import { HttpError } from "../http/error.ts";
import { type Reply, textReply } from "../http/response.ts";
import { ListenError } from "../net/conn.ts";
import type { Handle, Request } from "../net/connection.ts";
import { Server } from "../net/listener.ts";
import type { Config } from "../settings/config.ts";

const CHALLENGE = "/.well-known/acme-challenge/";
/** Most connections: who comes here asks once, and goes elsewhere. Challenges are answered also then. */
const MOST = 256;
/** For those who ask to have their answers at the end, in ms. */
const DRAIN = 1000;

/** What the port needs to know. */
export interface PlainContext {
  /** The settings. */
  config: Config;
  /** What is answered to challenges, by token. */
  challenges: ReadonlyMap<string, string>;
  /** Told of faults. */
  fault: (error: unknown) => void;
}

/** A plain port that is open. */
export interface Plain extends AsyncDisposable {
  /** Where it listens. */
  addr: Deno.NetAddr;
  /** Says at which port https is, once it is. */
  redirect(port: number): void;
}

/**
 * Opens the port.
 * @throws {ListenError} If it cannot be had.
 */
export function openPlain(context: PlainContext, port: number): Plain {
  const { config, fault } = context;
  const listener = listenPlain(config.hostname, port);
  let secure: number | undefined;
  const handle = plainRoutes(context, listener.addr.port, () => secure);
  const settings = { ...config, maxConnections: MOST };
  const server = new Server(listener, handle, settings, fault, {}, isChallenge);
  return {
    addr: listener.addr,
    redirect(port) {
      secure = port;
    },
    [Symbol.asyncDispose]: () => server.shutdown(DRAIN),
  };
}

function listenPlain(hostname: string, port: number): Deno.TcpListener {
  try {
    return Deno.listen({ hostname, port });
  } catch (error) {
    const where = `${hostname} port ${port}`;
    if (error instanceof Deno.errors.AddrInUse) {
      throw new ListenError(`${where} is in use; choose another with --http-port`);
    }
    const why = error instanceof Error ? error.message : String(error);
    throw new ListenError(`cannot listen on ${where} (--http-port): ${why}`);
  }
}

/**
 * What the port answers.
 * @param own The port itself.
 * @param secure That of https; `undefined` until it listens.
 */
export function plainRoutes(
  { config, challenges }: Pick<PlainContext, "config" | "challenges">,
  own: number,
  secure: () => number | undefined,
): Handle {
  const loopback = isLoopback(config.hostname);
  return (request) => {
    // By whatever name: a token is known to the directory alone.
    if (isChallenge(request)) return challenge(request, challenges);
    checkHost(request, config.host, loopback);
    const host = request.headers.get("host");
    if (host === undefined) throw new HttpError(400, "no Host");
    if (request.target === "*") throw new HttpError(404, "nothing is here");
    const port = secure();
    if (port === undefined) {
      throw new HttpError(503, "https is not ready yet", [["Retry-After", "5"]]);
    }
    const location = `https://${secureHost(host, own, port)}${request.target}`;
    return textReply(308, `this is at ${location}`, [["Location", location]]);
  };
}

function isChallenge({ target }: Pick<Request, "target">): boolean {
  return target.startsWith(CHALLENGE);
}

function challenge({ method, target }: Request, challenges: ReadonlyMap<string, string>): Reply {
  if (method !== "GET" && method !== "HEAD") {
    return textReply(405, "GET and HEAD are understood here", [["Allow", "GET, HEAD"]]);
  }
  const body = challenges.get(target.slice(CHALLENGE.length));
  if (body === undefined) throw new HttpError(404, "no such challenge");
  return { status: 200, headers: [["Content-Type", "application/octet-stream"]], body };
}

/**
 * The host that https is at: of the same name. Where another port was asked for than the one that listens here, something
 * stands between that has ports of its own (`docker run -p 80:8080 -p 443:8443`): then https is where it usually is.
 */
function secureHost(host: string, own: number, secure: number): string {
  const [, name, asked = "80"] = /^(.*?)(?::(\d+))?$/.exec(host)!;
  return Number(asked) === own && secure !== 443 ? `${name}:${secure}` : name!;
}

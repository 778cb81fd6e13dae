/**
 * `/{channel}`: the URL is the channel, the verb is the action.
 * @module
 */
import { parseSince, type Since } from "../hub/cursor.ts";
import type { Hub } from "../hub/hub.ts";
import type { Draft } from "../hub/message.ts";
import type { Bus } from "../hub/bus.ts";
import type { Presence } from "../hub/presence.ts";
import { nameFault } from "../hub/name.ts";
import { HttpError } from "../http/error.ts";
import { decoded } from "../http/target.ts";
import { preferredType } from "../http/negotiate.ts";
import type { Reply } from "../http/response.ts";
import type { Answer, Request } from "../net/connection.ts";
import { type Authorize, type OfToken, refused, refusedWrite } from "../auth/auth.ts";
import { pageReply } from "./assets.ts";
import type { Config } from "../settings/config.ts";
import type { Connections } from "./connections.ts";
import { eventHandler } from "./events.ts";
import { type FrameForms, gaps, type Mode } from "./forms.ts";
import { checkOrigin } from "../auth/origin.ts";
import { type Admit, publishAdmitted, type Sender } from "./hooks.ts";
import { publish, senderOf } from "./publish.ts";
import { preflight, withCors } from "./cors.ts";
import type { Publishes } from "./publishes.ts";
import { subscriberHandler } from "./subscribe.ts";
import { Tally } from "./tally.ts";
import type { Webhooks } from "./webhooks.ts";
import {
  checkUpgrade,
  query,
  shuttingDown,
  unavailable,
  upgradeOf,
  wantsUpgrade,
} from "./request.ts";

/** What channels need. */
export interface ChannelContext {
  /** The settings. */
  config: Config;
  /** Where the messages are. */
  hub: Hub;
  /** To all other threads and nodes. */
  bus: Bus;
  /** Who is there. */
  presence: Presence;
  /** The backends that are told what happens. */
  webhooks: Webhooks;
  /** Open connections by whose they are. */
  connections: Connections;
  /** Who may do what. */
  authorize: Authorize;
  /** Who may do what, by a token alone; `undefined`: nothing verifies tokens. */
  ofToken: OfToken | undefined;
  /** Asked about what is published; `undefined`: nobody is. */
  admit: Admit | undefined;
  /** How messages become frames. */
  forms: FrameForms;
  /** Whether the server is shutting down. */
  draining: () => boolean;
  /** Told what becomes of publishes. */
  publishes: Publishes;
  /** Told that a connection is ended since it took too long to catch up. */
  overrun: () => void;
  /** Told of faults of ours. */
  fault: (error: unknown) => void;
}

const METHODS = "GET, HEAD, POST, PUT, OPTIONS";
/** Most messages that a request for the history gets. */
const MAX_LIMIT = 1000;
/** The one subprotocol that is spoken here. */
const ENVELOPE = "kodama.v1";

/**
 * The channels of a path: names with commas between them, each percent-decoded once, then checked.
 * @param path With its leading slash, not decoded.
 * @param most How many are allowed.
 * @throws {HttpError} 400 with what is wrong.
 */
export function channelNames(path: string, most: number): string[] {
  const names = path.slice(1).split(",").map(decoded);
  for (const name of names) {
    const fault = nameFault(name);
    if (fault !== undefined) throw new HttpError(400, fault);
  }
  const different = names.length === 1 ? names : [...new Set(names)];
  if (different.length > most) throw new HttpError(400, `over ${most} channels`);
  return different;
}

/** Answers a request for one or more channels. */
export function channelReply(
  names: readonly string[],
  request: Request,
  context: ChannelContext,
): Answer | Promise<Answer> {
  return withCors(request, context.config, () => answerOf(names, request, context));
}

function answerOf(
  names: readonly string[],
  request: Request,
  context: ChannelContext,
): Answer | Promise<Answer> {
  const { method } = request;
  // A handshake is a GET, whatever else a method may do here.
  if (wantsUpgrade(request)) return subscribe(names, request, context);
  if (method === "OPTIONS") return preflight(request, context.config, METHODS);
  if (method === "POST" || method === "PUT") return write(names, request, context);
  if (method !== "GET" && method !== "HEAD") {
    throw new HttpError(405, `${METHODS} are understood here`, [["Allow", METHODS]]);
  }
  const type = preferredType(
    request.headers.get("accept"),
    ["application/json", "text/event-stream", "text/html"],
  );
  if (type === "text/html") return pageReply(request);
  if (type === "text/event-stream") return events(names, request, context);
  if (query(request, "presence") !== undefined) return who(names, request, context);
  return history(names, request, context);
}

/** The point that `since` names. */
function sinceOf(text: string | undefined): Since | undefined {
  if (text === undefined) return undefined;
  const since = parseSince(text);
  if (since === undefined) {
    throw new HttpError(
      400,
      "since is no id, no age such as 30s, no number such as -10, and neither all nor last",
    );
  }
  return since;
}

/** Whether only the newest messages are wanted, where more waits. */
function latestOf(request: Request): boolean {
  const slow = query(request, "slow");
  if (slow === undefined || slow === "latest") return slow !== undefined;
  throw new HttpError(400, "slow is not latest");
}

/** What a subscription asks for besides its channels. */
function wishesOf(request: Request) {
  return {
    latest: latestOf(request),
    members: query(request, "presence") !== undefined,
    sender: senderOf(query(request, "sender"), "sender"),
  };
}

async function write(
  names: readonly string[],
  request: Request,
  context: ChannelContext,
): Promise<Reply> {
  const { authorize, draining, config, publishes } = context;
  try {
    checkOrigin(request, config.origin);
    const rights = await authorize(request, "write", names);
    const [name] = names;
    if (names.length > 1) throw new HttpError(400, "one message goes to one channel");
    if (!rights.write(name!)) throw refusedWrite(rights, name!);
    if (draining()) throw shuttingDown();
    return await publish(name!, request, rights, context);
  } catch (error) {
    publishes.failed("http", error);
    throw error;
  }
}

/** What the sender may do, if it may read all these channels. */
async function reader(names: readonly string[], request: Request, { authorize }: ChannelContext) {
  const rights = await authorize(request, "read", names);
  const forbidden = names.find((name) => !rights.read(name));
  if (forbidden !== undefined) throw refused(rights, `read ${forbidden}`);
  return rights;
}

async function subscribe(
  names: readonly string[],
  request: Request,
  context: ChannelContext,
): Promise<Answer> {
  checkUpgrade(request, context);
  const since = sinceOf(query(request, "since")), wishes = wishesOf(request);
  const rights = await reader(names, request, context);
  const upgrade = upgradeOf(request, context, [ENVELOPE]);
  const enveloped = since !== undefined || names.length > 1 || wishes.members ||
    upgrade.protocol === ENVELOPE;
  const mode: Mode = enveloped ? "envelope" : "raw";
  if (since !== undefined) reachable(context.hub);
  // Who is told first where it stands knows from when on; who is not, from the handshake on.
  const release = enveloped ? () => {} : await context.hub.reserve(names);
  // Nothing holds on to the request where nobody asks for it.
  const sender: Sender | undefined = context.admit &&
    { way: enveloped ? "envelope" : "raw", request, rights, name: wishes.sender };
  const publish = (draft: Draft) =>
    sender === undefined
      ? context.hub.publish({ ...draft, sender: wishes.sender })
      : publishAdmitted(context, draft, undefined, sender);
  const asked = { ...wishes, rights, channels: names, since, mode, release, publish };
  const handler = subscriberHandler({ ...context, ...asked });
  return { upgrade, handler, place: Tally[mode] };
}

async function events(
  names: readonly string[],
  request: Request,
  context: ChannelContext,
): Promise<Answer> {
  checkOrigin(request, context.config.origin);
  // HTML, 9.2.3: where the browser's own memory and the URL differ, the browser has seen more.
  const since = sinceOf(request.headers.get("last-event-id") || query(request, "since"));
  const wishes = wishesOf(request);
  const rights = await reader(names, request, context);
  const headers: [string, string][] = [
    ["Content-Type", "text/event-stream"],
    ["Cache-Control", "no-store"],
    ["X-Accel-Buffering", "no"],
  ];
  if (request.method === "HEAD") return { status: 200, headers };
  if (since !== undefined) reachable(context.hub);
  const stream = eventHandler({ ...context, ...wishes, rights, channels: names, since });
  return { status: 200, headers, stream, place: Tally.sse };
}

/** Who is there. */
async function who(
  names: readonly string[],
  request: Request,
  context: ChannelContext,
): Promise<Reply> {
  const [channel, ...more] = names;
  if (more.length > 0) throw new HttpError(400, "who is there is asked of one channel");
  await reader(names, request, context);
  const body = JSON.stringify({ channel, ...await context.presence.who(channel!) });
  return {
    status: 200,
    headers: [["Content-Type", "application/json"], ["Cache-Control", "no-store"]],
    body: `${body}\n`,
  };
}

async function history(
  names: readonly string[],
  request: Request,
  context: ChannelContext,
): Promise<Reply> {
  const since = sinceOf(query(request, "since")) ?? { from: "all" as const };
  const limit = query(request, "limit") ?? String(MAX_LIMIT);
  if (!/^[1-9]\d{0,3}$/.test(limit) || Number(limit) > MAX_LIMIT) {
    throw new HttpError(400, `limit is not a number from 1 to ${MAX_LIMIT}`);
  }
  await reader(names, request, context);
  reachable(context.hub);
  const { open, lost, messages } = await context.hub.history(names, since, Number(limit))
    .catch((error) => {
      throw unavailable(error);
    });
  const head = JSON.stringify({ open, channels: names, ...gaps({ lost }) }).slice(0, -1);
  return {
    status: 200,
    headers: [["Content-Type", "application/json"], ["Cache-Control", "no-store"]],
    body: `${head},"messages":[${messages.map((m) => m.toJSONText()).join(",")}]}\n`,
  };
}

/**
 * What was missed can be told only by an engine that can be reached.
 * @throws {HttpError} 503.
 */
function reachable({ unreachable }: Hub): void {
  if (unreachable === undefined) return;
  throw new HttpError(503, `what was missed is not known: ${unreachable}`, [["Retry-After", "1"]]);
}

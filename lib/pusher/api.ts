/**
 * The HTTP API of the Pusher protocol, `/apps/{id}/…`: what an app's server asks for, signed with the app's secret.
 * @module
 */
import type { Rights } from "../auth/auth.ts";
import { HttpError } from "../http/error.ts";
import type { Reply } from "../http/response.ts";
import { decoded, parametersOf } from "../http/target.ts";
import { type Members, membersOf, parseJSON } from "../hub/json.ts";
import type { Request } from "../net/connection.ts";
import type { App } from "./app.ts";
import type { Publish, PusherContext } from "./context.ts";
import { channel, channels, users } from "./inspect.ts";
import { isBody, requestFault } from "./signature.ts";
import { trigger, triggerBatch } from "./trigger.ts";

/** Largest body, in bytes: ten events of the largest data, however it is escaped. */
export const MAX_BODY = 1 << 20;

const decoder = new TextDecoder("utf-8", { fatal: true });

/** What an app's server may do, which has shown that it is. */
const everything: Rights = {
  read: () => true,
  write: () => true,
  expires: Infinity,
  refusal: 403,
};

/** What is asked for: of which app, and with what. */
interface Call {
  app: App;
  parameters: URLSearchParams;
  body: Members;
  /** Publishes in the server's name. */
  publish: Publish;
  /** What of the path is a name. */
  name: string;
}

/** A thing that can be asked for. */
interface Route {
  method: "GET" | "POST";
  path: RegExp;
  answer(call: Call, context: PusherContext): Promise<unknown>;
}

const routes: readonly Route[] = [
  {
    method: "POST",
    path: /^events$/,
    answer: ({ app, body, publish }, context) => trigger(app, body, publish, context),
  },
  {
    method: "POST",
    path: /^batch_events$/,
    answer: ({ app, body, publish }, context) => triggerBatch(app, body, publish, context),
  },
  {
    method: "GET",
    path: /^channels$/,
    answer: ({ app, parameters }, context) => channels(app, parameters, context),
  },
  {
    method: "GET",
    path: /^channels\/([^/]+)$/,
    answer: ({ app, name, parameters }, context) => channel(app, name, parameters, context),
  },
  {
    method: "GET",
    path: /^channels\/([^/]+)\/users$/,
    answer: ({ app, name }, context) => users(app, name, context),
  },
  {
    method: "POST",
    path: /^users\/([^/]+)\/terminate_connections$/,
    async answer({ app, name }, { connections }) {
      await connections.closeAll(app.prefix + name);
      return {};
    },
  },
];

/**
 * Answers a request.
 * @param path Of the request, not decoded: what is signed.
 * @throws {HttpError} 400, 401, 404, 405 or 413.
 * @throws {EngineError} If it cannot be published now.
 */
export async function apiReply(
  apps: readonly App[],
  path: string,
  request: Request,
  context: PusherContext,
): Promise<Reply> {
  const [, id, rest = ""] = /^\/apps\/([^/]+)\/(.*)$/.exec(path) ?? [];
  const app = apps.find((app) => app.id === id);
  if (app === undefined) throw new HttpError(404, "no such app");
  const there = routes.filter(({ path }) => path.test(rest));
  const route = there.find(({ method }) => method === request.method);
  if (route === undefined) {
    if (there.length === 0) throw new HttpError(404, "nothing is here");
    const allow = there.map(({ method }) => method).join(", ");
    throw new HttpError(405, `${allow} is understood here`, [["Allow", allow]]);
  }
  const { method, target } = request;
  const parameters = parametersOf(target);
  // Who has no secret has nothing read.
  const fault = requestFault(app, { method, path, parameters }, Date.now());
  if (fault !== undefined) throw new HttpError(401, fault);
  const bytes = request.hasBody ? await request.body(MAX_BODY) : new Uint8Array(0);
  if (!isBody(parameters, bytes)) throw new HttpError(401, "body_md5 is not the MD5 of the body");
  const body = method === "POST" ? readBody(bytes) : {};
  const name = decoded(route.path.exec(rest)![1] ?? "");
  const publish = context.publisher(request, everything);
  const answer = await route.answer({ app, parameters, body, publish, name }, context);
  const headers: [string, string][] = [["Content-Type", "application/json"]];
  return { status: 200, headers, body: JSON.stringify(answer) };
}

function readBody(bytes: Uint8Array): Members {
  // Where nothing need be said, some say nothing.
  if (bytes.length === 0) return {};
  try {
    const body = membersOf(parseJSON(decoder.decode(bytes)));
    if (body !== undefined) return body;
  } catch {
    // What is not UTF-8 is no JSON either.
  }
  throw new HttpError(400, "the body is not a JSON object");
}

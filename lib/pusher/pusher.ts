/**
 * The Pusher protocol: which app a request is for, and who answers it.
 * @module
 */
import { parametersOf } from "../http/target.ts";
import type { Authorize } from "../auth/auth.ts";
import type { Reply } from "../http/response.ts";
import type { Request } from "../net/connection.ts";
import type { SocketHandler } from "../net/socket_handler.ts";
import { apiReply } from "./api.ts";
import type { App } from "./app.ts";
import { Client, refusing } from "./client.ts";
import type { PusherContext } from "./context.ts";
import { Counts } from "./counts.ts";
import { answerChannels } from "./inspect.ts";
import { Code, versionFault } from "./protocol.ts";

/** What answers. */
export interface Pusher {
  /**
   * Who is told of a client's WebSocket at `/app/{key}`. What is wrong with it the client hears there, as it hears nothing else.
   * @param path Percent-decoded.
   */
  client(path: string, request: Request): Promise<SocketHandler>;
  /**
   * Answers at `/apps/{id}/…`.
   * @param path Not decoded.
   * @throws {HttpError} What the answer is otherwise.
   * @throws {EngineError} If it cannot be published now.
   */
  api(path: string, request: Request): Promise<Reply>;
}

/**
 * Makes it.
 * @param apps Whose clients and servers there are.
 * @param rest What it needs; `counts`: whether who subscribes is told how many do.
 * @param authorize Finds what may be done without a signature.
 */
export function createPusher(
  apps: readonly App[],
  { counts, ...rest }: Omit<PusherContext, "counts"> & { counts: boolean },
  authorize: Authorize,
): Pusher {
  const { hub, bus } = rest;
  const context = { ...rest, counts: counts ? new Counts(hub, bus) : undefined };
  answerChannels(bus, hub);
  return {
    async client(path, request) {
      const key = /^\/app\/([^/]+)\/?$/.exec(path)?.[1];
      if (key === undefined) {
        return refusing({ code: Code.NoPath, message: "the path is not /app/KEY" }, context);
      }
      const app = apps.find((app) => app.key === key);
      if (app === undefined) {
        return refusing({ code: Code.NoApp, message: "no app has this key" }, context);
      }
      const parameters = parametersOf(request.target);
      const fault = versionFault(parameters.get("protocol"));
      if (fault !== undefined) return refusing(fault, context);
      const rights = await authorize(request, "read", []);
      return new Client(app, context, rights, context.publisher(request, rights));
    },
    api: (path, request) => apiReply(apps, path, request, context),
  };
}

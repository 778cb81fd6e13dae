/**
 * What a program's server answers: a WebSocket, or what the program does.
 * @module
 */
import { checkOrigin } from "../auth/origin.ts";
import { HttpError } from "../http/error.ts";
import { type Reply, textReply } from "../http/response.ts";
import type { Answer, Handle, Request as Asked } from "../net/connection.ts";
import { upgradeOf, wantsUpgrade } from "../service/request.ts";
import { defaults } from "../settings/config.ts";
import { acceptedAs } from "./accept.ts";
import { Conversation, type ConversationContext } from "./conversation.ts";
import { checkReply } from "./options.ts";
import type { AnyOptions } from "./serve_options.ts";
import { answerOf, requestOf } from "./web.ts";

/**
 * Makes what answers all requests.
 * @param report Told what the program's functions throw: to a connection some of that is only its end.
 */
export function answerer(
  options: AnyOptions,
  context: ConversationContext,
  report: (error: unknown) => void,
): Handle {
  const { protocols = [], origins = [], deflate = defaults.deflate } = options;
  const { request: ask, fetch, upgrade } = options;

  async function guarded<T>(call: () => T | Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      if (error instanceof HttpError) throw error;
      report(error);
      throw new HttpError(500, "internal error");
    }
  }

  async function asked(request: Asked): Promise<Reply | undefined> {
    const reply: unknown = await ask!(request);
    if (reply === undefined) return undefined;
    checkReply(reply);
    return reply;
  }

  async function fetched(request: Asked): Promise<Answer> {
    return await answerOf(await fetch!(requestOf(request)));
  }

  async function accepted(request: Asked): Promise<Answer> {
    if (request.hasBody) throw new HttpError(400, "a WebSocket handshake has no body");
    const accepted = upgradeOf(request, { config: { deflate } }, protocols);
    let data: unknown;
    if (upgrade !== undefined) {
      const given: unknown = await upgrade(requestOf(request));
      if (given instanceof Response) return await answerOf(given);
      data = acceptedAs(request, accepted, given);
    }
    return { upgrade: accepted, handler: new Conversation(context, data, request) };
  }

  return async (request) => {
    const upgrading = wantsUpgrade(request);
    if (upgrading) checkOrigin(request, origins);
    const reply = ask && await guarded(() => asked(request));
    if (reply !== undefined) return reply;
    if (upgrading) return await guarded(() => accepted(request));
    if (fetch !== undefined) return await guarded(() => fetched(request));
    return textReply(426, "a WebSocket is here", [["Upgrade", "websocket"]]);
  };
}

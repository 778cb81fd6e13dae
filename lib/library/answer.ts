/**
 * What a program's server answers: a WebSocket, or what the program does.
 * @module
 */
import { checkOrigin } from "../auth/origin.ts";
import { HttpError } from "../http/error.ts";
import { type Reply, textReply } from "../http/response.ts";
import type { Answer, Handle } from "../net/connection.ts";
import type { Exchange } from "../net/exchange.ts";
import { infoOf, webHandle } from "../net/web.ts";
import { isOfClient, webRequest } from "../net/web_request.ts";
import { webAnswer } from "../net/web_response.ts";
import { upgradeOf, wantsUpgrade } from "../service/request.ts";
import { defaults } from "../settings/config.ts";
import { acceptedAs } from "./accept.ts";
import { Conversation, type ConversationContext } from "./conversation.ts";
import { checkReply } from "./options.ts";
import type { AnyOptions } from "./serve_options.ts";

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
  const fetched = fetch && webHandle(fetch, report);

  async function guarded<T>(call: () => T | Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      if (error instanceof HttpError) throw error;
      report(error);
      throw new HttpError(500, "internal error");
    }
  }

  async function asked(request: Exchange): Promise<Reply | undefined> {
    const reply: unknown = await ask!(request);
    if (reply === undefined) return undefined;
    checkReply(reply);
    return reply;
  }

  async function accepted(exchange: Exchange): Promise<Answer> {
    if (exchange.hasBody) throw new HttpError(400, "a WebSocket handshake has no body");
    const accepted = upgradeOf(exchange, { config: { deflate } }, protocols);
    let data: unknown;
    if (upgrade !== undefined) {
      const given = await upgraded(exchange);
      if (given instanceof Response) return await webAnswer(given, exchange, report);
      data = acceptedAs(exchange, accepted, given);
    }
    return { upgrade: accepted, handler: new Conversation(context, data, exchange) };
  }

  async function upgraded(exchange: Exchange): Promise<unknown> {
    const request = webRequest(exchange);
    try {
      return await upgrade!(request, infoOf(exchange));
    } catch (error) {
      // That nobody waits any more is no fault.
      if (isOfClient(request, error)) throw new HttpError(400, "the client has gone away");
      throw error;
    }
  }

  return async (request) => {
    const upgrading = wantsUpgrade(request);
    if (upgrading) checkOrigin(request, origins);
    const reply = ask && await guarded(() => asked(request));
    if (reply !== undefined) return reply;
    if (upgrading) return await guarded(() => accepted(request));
    return fetched?.(request) ?? textReply(426, "a WebSocket is here", [["Upgrade", "websocket"]]);
  };
}

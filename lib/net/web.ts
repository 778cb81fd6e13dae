/**
 * Requests answered by a function of the web: a `Request` in, a `Response` out.
 * @module
 */
import { HttpError } from "../http/error.ts";
import type { Answer } from "./answer.ts";
import type { Exchange } from "./exchange.ts";
import { clientGone } from "./response_body.ts";
import type { Peer } from "./transport.ts";
import { isOfClient, webRequest } from "./web_request.ts";
import { webAnswer } from "./web_response.ts";

/** What is known of a request besides what it says. */
export interface FetchInfo {
  /** Who asks; behind a proxy that is believed, who is behind it. */
  peer: Peer;
  /** The same, by the name that `Deno.serve` has for it. */
  remoteAddr: Peer;
}

/** Answers requests. */
export type Fetch = (request: Request, info: FetchInfo) => Response | Promise<Response>;

/**
 * Has requests answered by a function of the web.
 * @param fetch The function. What it throws, or returns instead of a response, is a fault and 500, but for what says only
 * that the client is gone or that the request's body is wrong (400, 408).
 * @param fault Told of faults.
 */
export function webHandle(
  fetch: Fetch,
  fault: (error: unknown) => void,
): (exchange: Exchange) => Promise<Answer> {
  return async (exchange) => {
    const request = webRequest(exchange), { client: peer } = exchange;
    try {
      const response = await fetch(request, { peer, remoteAddr: peer });
      const answer = await webAnswer(response, exchange, fault);
      // A connection that was dropped meanwhile has nobody left to say so.
      if (exchange.gone && "source" in answer) answer.source.cancel(clientGone());
      return answer;
    } catch (error) {
      if (error instanceof HttpError) throw error;
      if (isOfClient(request, error)) throw new Deno.errors.Interrupted("the client has gone away");
      fault(error);
      throw new HttpError(500, "internal error");
    }
  };
}

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
  return (exchange) => answered(fetch, exchange, fault) as Promise<Answer>;
}

/** What is known of a request besides what it says. */
export function infoOf({ client: peer }: Exchange): FetchInfo {
  return { peer, remoteAddr: peer };
}

/**
 * Has one request answered by a function of the web.
 * @param fetch The function.
 * @param fault Told of faults, as {@linkcode webHandle} says.
 * @param request What the function is given; whoever asks several functions gives each the same.
 * @param perhaps Whether it need not answer: `undefined` is no fault then, and is what this resolves with.
 */
export async function answered(
  fetch: (request: Request, info: FetchInfo) => unknown,
  exchange: Exchange,
  fault: (error: unknown) => void,
  request: Request = webRequest(exchange),
  perhaps = false,
): Promise<Answer | undefined> {
  try {
    const response = fetch(request, infoOf(exchange));
    const made = response instanceof Response ? response : await response;
    if (perhaps && made === undefined) return undefined;
    const answer = await webAnswer(made, exchange, fault);
    // A connection that was dropped meanwhile has nobody left to say so.
    if (exchange.gone && "source" in answer) answer.source.cancel(clientGone());
    return answer;
  } catch (error) {
    if (error instanceof HttpError) throw error;
    if (isOfClient(request, error)) throw new Deno.errors.Interrupted("the client has gone away");
    fault(error);
    throw new HttpError(500, "internal error");
  }
}

/**
 * What pages of other origins may send, and see of what is answered (Fetch, 3.2).
 * @module
 */
import { checkOrigin } from "../auth/origin.ts";
import { HttpError } from "../http/error.ts";
import type { Reply } from "../http/response.ts";
import type { Answer, Request } from "../net/connection.ts";
import type { Config } from "../settings/config.ts";

type Origins = Pick<Config, "origin" | "authorize">;

/**
 * Says of an answer whose pages may see it, also where it is a refusal: without these fields, a page of an allowed origin
 * could not see why.
 * @param answer Gives it.
 */
export function withCors(
  request: Request,
  config: Origins,
  answer: () => Answer | Promise<Answer>,
): Answer | Promise<Answer> {
  return request.headers.has("origin") ? forPages(request, config, answer) : answer();
}

async function forPages(
  request: Request,
  config: Origins,
  answer: () => Answer | Promise<Answer>,
): Promise<Answer> {
  try {
    const given = await answer();
    if ("upgrade" in given) return given;
    return { ...given, headers: [...given.headers ?? [], ...cors(request, config)] };
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    const headers = [...error.headers, ...cors(request, config)];
    throw new HttpError(error.status, error.message, headers, error.reason, error.body);
  }
}

function cors(request: Request, { origin: allowed, authorize }: Origins): [string, string][] {
  try {
    checkOrigin(request, allowed);
  } catch (error) {
    if (error instanceof HttpError) return [["Vary", "Origin"]];
    throw error;
  }
  // Where cookies say who somebody is, those origins are named, one by one.
  const cookies: [string, string][] = authorize === ""
    ? []
    : [["Access-Control-Allow-Credentials", "true"]];
  return [
    ...cookies,
    ["Access-Control-Allow-Origin", request.headers.get("origin")!],
    ["Access-Control-Expose-Headers", "Idempotent-Replayed"],
    ["Vary", "Origin"],
  ];
}

/**
 * Answers what a browser asks before a page's request.
 * @param methods Those that are understood, as `Allow` names them.
 */
export function preflight(request: Request, { origin }: Origins, methods: string): Reply {
  checkOrigin(request, origin);
  const asked: [string, string][] = [
    ["Access-Control-Allow-Methods", methods],
    [
      "Access-Control-Allow-Headers",
      "Authorization, Content-Type, Idempotency-Key, Kodama-Sender, Last-Event-ID",
    ],
    ["Access-Control-Max-Age", "86400"],
  ];
  return { status: 204, headers: [["Allow", methods], ...asked] };
}

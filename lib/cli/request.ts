/**
 * A request to the server, and what is said of one that fails.
 * @module
 */
import { printable } from "../service/log.ts";

/** A command that could not do what it is for; the message is one line for whoever typed it. */
export class Failure extends Error {
  override name = "Failure";
}

/** A request that was not answered, or with a refusal. */
export class RequestFailure extends Failure {
  /** The status; `undefined` where there was no answer. */
  readonly status: number | undefined;
  /** After how many seconds the server wants to be asked again. */
  readonly retryAfter: number | undefined;

  /** @param answer What there was of one. */
  constructor(message: string, answer?: Response) {
    super(message);
    this.status = answer?.status;
    const after = answer?.headers.get("retry-after") ?? "";
    this.retryAfter = /^\d{1,5}$/.test(after) ? Number(after) : undefined;
  }
}

/** Longest line that is shown of what a server says. */
const MAX_LINE = 200;

/**
 * Asks the server.
 * @param token Sent along; empty for none.
 * @returns The body of a good answer.
 * @throws {RequestFailure} Without a secret: neither the query, which may hold a token, nor what was sent.
 */
export async function request(
  url: URL,
  token: string,
  init: RequestInit & { headers: Headers },
): Promise<string> {
  const where = `${url.origin}${url.pathname}`;
  if (token !== "") init.headers.set("Authorization", `Bearer ${token}`);
  let answer: Response, body: string;
  try {
    answer = await fetch(url, { ...init, redirect: "manual" });
    body = await answer.text();
  } catch (error) {
    throw new RequestFailure(`cannot reach ${where}: ${causeOf(error)}`);
  }
  if (answer.ok) return body;
  throw new RequestFailure(refusal(url, answer.status, body), answer);
}

/** One line for an answer that is none of the good ones. */
export function refusal({ origin, pathname }: URL, status: number, body: string): string {
  const [line = ""] = body.split("\n", 1);
  const said = line.length > MAX_LINE ? line.slice(0, MAX_LINE) + "…" : line;
  return `${origin}${pathname} answered ${status}${said === "" ? "" : `: ${printable(said)}`}`;
}

/** Why nothing was answered, without the URL that is named in front of it. */
function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return "no reason given";
  const { message } = error.cause instanceof Error ? error.cause : error;
  const told = /^error sending request(?: for url \(\S*\))?: (?:client error \(\w+\): )?(.*)$/s;
  return printable(told.exec(message)?.[1] ?? message).replace(/ \(os error \d+\)$/, "");
}

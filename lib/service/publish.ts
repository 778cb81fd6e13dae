/**
 * Publishing over HTTP: `POST` or `PUT` of a body to a channel.
 * @module
 */
import type { Kind } from "../hub/message.ts";
import { isKey } from "../hub/name.ts";
import { bodyFraming } from "../http/body.ts";
import { HttpError } from "../http/error.ts";
import type { Reply } from "../http/response.ts";
import type { Request } from "../net/connection.ts";
import type { Rights } from "../auth/auth.ts";
import { isUtf8 } from "../websocket/utf8.ts";
import type { ChannelContext } from "./channel.ts";
import { publishAdmitted } from "./hooks.ts";
import { unavailable } from "./request.ts";

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** The media type of a request's body, without parameters, in lower case. */
export function mediaType({ headers }: Pick<Request, "headers">): string | undefined {
  return headers.get("content-type")?.split(";", 1)[0]?.trim().toLowerCase();
}

/**
 * Checks the name of a sender, where there is one.
 * @param where What it came as.
 * @throws {HttpError} 400 if it is none.
 */
export function senderOf(text: string | undefined, where: string): string | undefined {
  if (text === undefined || isKey(text)) return text;
  throw new HttpError(400, `${where} is not 1 to 128 visible ASCII characters`);
}

/** Who a publish is by, where it says so. */
export function senderIn({ headers }: Pick<Request, "headers">): string | undefined {
  return senderOf(headers.get("kodama-sender"), "Kodama-Sender");
}

/** What a body is, by its media type. */
export function kindOf(type: string | undefined): Kind {
  if (type === "application/octet-stream") return "binary";
  return type === "application/json" ? "json" : "text";
}

/**
 * Checks that a body is what it says.
 * @throws {HttpError} 400 if text is not UTF-8, or JSON not JSON.
 */
function checkBody(kind: Kind, body: Uint8Array): void {
  if (kind === "binary") return;
  if (!isUtf8(body)) {
    throw new HttpError(400, "the body is not UTF-8; send bytes as application/octet-stream");
  }
  if (kind !== "json") return;
  try {
    JSON.parse(decoder.decode(body));
  } catch {
    throw new HttpError(400, "the body is not JSON");
  }
}

/**
 * Checks that there is a body; an empty one says so.
 * @throws {HttpError} 411 (RFC 9110, 15.5.12) where there is no length, and it is not chunked.
 */
export function checkFraming(request: Request): void {
  if (bodyFraming(request) !== undefined) return;
  throw new HttpError(411, "Content-Length or chunked is needed");
}

/**
 * Publishes the body of a request that may.
 * @throws {HttpError} 400, 408, 411, 413 or 503; nothing was published then.
 */
export async function publish(
  channel: string,
  request: Request,
  rights: Rights,
  context: Pick<ChannelContext, "hub" | "admit" | "publishes">,
): Promise<Reply> {
  const key = request.headers.get("idempotency-key");
  if (key !== undefined && !isKey(key)) {
    throw new HttpError(400, "Idempotency-Key is not 1 to 128 visible ASCII characters");
  }
  const name = senderIn(request);
  checkFraming(request);
  const kind = kindOf(mediaType(request));
  const body = await request.body();
  const came = performance.now();
  checkBody(kind, body);
  try {
    const sender = { way: "http", request, rights, name } as const;
    const published = await publishAdmitted(context, { channel, kind, body }, key, sender);
    context.publishes.done("http", came, published);
    const { id, subscribers, replayed } = published;
    const headers: [string, string][] = [["Content-Type", "application/json"]];
    if (replayed) headers.push(["Idempotent-Replayed", "true"]);
    return { status: 200, headers, body: JSON.stringify({ id, subscribers }) + "\n" };
  } catch (error) {
    throw unavailable(error);
  }
}

/**
 * `POST /-/publish`: many messages at once, each a line of JSON, and a line for each in the answer.
 * @module
 */
import { nothing, refusedWrite, type Rights } from "../auth/auth.ts";
import { checkOrigin } from "../auth/origin.ts";
import { type Draft, EACH } from "../hub/message.ts";
import { isKey, nameFault } from "../hub/name.ts";
import { HttpError } from "../http/error.ts";
import type { Reply } from "../http/response.ts";
import type { Answer, Request } from "../net/connection.ts";
import { begun, nextTurn } from "../net/turn.ts";
import type { ChannelContext } from "./channel.ts";
import { preflight, withCors } from "./cors.ts";
import { membersOf, parseJSON } from "../hub/json.ts";
import { readDraft } from "./draft.ts";
import { publishAdmitted, type Sender } from "./hooks.ts";
import { checkFraming, mediaType, senderIn } from "./publish.ts";
import { shuttingDown, unavailable } from "./request.ts";

/** Most lines of one request. */
export const MAX_LINES = 1000;
/** Largest body of one, in bytes. */
export const MAX_BATCH = 16 << 20;
/** So much is published at a time, in bytes: behind it what gathers for subscribers leaves, and others have their turn. */
const PORTION = 64 * 1024;

const METHODS = "POST, OPTIONS";
const TYPE = "application/x-ndjson";
const LF = 10;
const decoder = new TextDecoder("utf-8", { fatal: true });

/** Answers a request for it. */
export function batchReply(
  request: Request,
  context: ChannelContext,
): Answer | Promise<Answer> {
  const { config } = context;
  return withCors(request, config, () => {
    if (request.method === "OPTIONS") return preflight(request, config, METHODS);
    if (request.method !== "POST") {
      throw new HttpError(405, `${METHODS} are understood here`, [["Allow", METHODS]]);
    }
    return publishAll(request, context);
  });
}

async function publishAll(request: Request, context: ChannelContext): Promise<Reply> {
  try {
    const rights = await writer(request, context);
    const sender = { way: "batch", request, rights, name: senderIn(request) } as const;
    const lines = linesOf(await request.body(MAX_BATCH));
    const answers = await publishLines(lines, sender, context);
    const body = answers.map((answer) => `${answer}\n`).join("");
    return { status: 200, headers: [["Content-Type", TYPE]], body };
  } catch (error) {
    context.publishes.failed("http", error);
    throw error;
  }
}

/** What the sender may do, if it may publish lines at all: that is said before they are read. */
async function writer(
  request: Request,
  { authorize, config, draining }: ChannelContext,
): Promise<Rights> {
  checkOrigin(request, config.origin);
  // The channels are known once the lines are read.
  const rights = await authorize(request, "write", []);
  if (rights.write === nothing) throw refusedWrite(rights, "anywhere");
  if (draining()) throw shuttingDown();
  const coding = request.headers.get("content-encoding") ?? "identity";
  if (mediaType(request) !== TYPE || coding.toLowerCase() !== "identity") {
    // RFC 9110, 15.5.16: what would be accepted can be said.
    throw new HttpError(415, `${TYPE} is understood here`, [["Accept", TYPE]]);
  }
  checkFraming(request);
  return rights;
}

/** The lines of a body; the last need not end. One that is not UTF-8 is then no JSON either. */
function linesOf(body: Uint8Array): string[] {
  // The last of them is what is behind the last LF.
  const most = MAX_LINES + 2;
  const lines = decode(body)?.split("\n", most) ??
    split(body, most).map((line) => decode(line) ?? "\ufffd");
  if (lines.at(-1) === "") lines.pop();
  if (lines.length > MAX_LINES) throw new HttpError(413, `over ${MAX_LINES} lines`);
  return lines;
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/** The same as `String.split()`, of bytes. */
function split(body: Uint8Array, most: number): Uint8Array[] {
  const lines: Uint8Array[] = [];
  for (let at = 0; at <= body.length && lines.length < most;) {
    const end = body.indexOf(LF, at), to = end < 0 ? body.length : end;
    lines.push(body.subarray(at, to));
    at = to + 1;
  }
  return lines;
}

/** Publishes lines, in their order. Resolves with what is answered to each. */
async function publishLines(
  lines: readonly string[],
  sender: Sender,
  context: ChannelContext,
): Promise<string[]> {
  const came = performance.now();
  const answers: Promise<string>[] = [];
  let size = 0;
  for (const line of lines) {
    answers.push(publishLine(line, sender, came, context));
    // Who is asked may take its time: what was behind it would overtake it.
    if (context.admit !== undefined) await answers.at(-1);
    size += line.length + EACH;
    if (size < PORTION) continue;
    size = 0;
    await answers.at(-1);
    await begun();
    await nextTurn();
  }
  return await Promise.all(answers);
}

/** Publishes a line, before anything else is done. Resolves with what is answered to it; never rejects. */
async function publishLine(
  line: string,
  sender: Sender,
  came: number,
  context: ChannelContext,
): Promise<string> {
  const { config, publishes, fault } = context;
  try {
    const { draft, key } = readLine(line, sender.rights, config.maxMessage);
    const published = await publishAdmitted(context, draft, key, sender);
    publishes.done("http", came, published);
    const { id, subscribers, replayed } = published;
    return JSON.stringify({ id, subscribers, ...replayed && { replayed } });
  } catch (error) {
    publishes.failed("http", error);
    const refused = unavailable(error);
    if (refused instanceof HttpError) {
      return JSON.stringify({ error: refused.message, status: refused.status });
    }
    fault(error);
    return JSON.stringify({ error: "internal error", status: 500 });
  }
}

/**
 * Reads a line.
 * @throws {HttpError} 400, 403 or 413.
 */
function readLine(
  line: string,
  rights: Rights,
  maxMessage: number,
): { draft: Draft; key: string | undefined } {
  const members = membersOf(parse(line));
  if (members === undefined) throw new HttpError(400, "not an object");
  const { ch: channel, key } = members;
  if (typeof channel !== "string") throw new HttpError(400, "the channel is not a text");
  const wrong = nameFault(channel);
  if (wrong !== undefined) throw new HttpError(400, wrong);
  if (!rights.write(channel)) throw new HttpError(403, "forbidden");
  if (key !== undefined && (typeof key !== "string" || !isKey(key))) {
    throw new HttpError(400, "key is not 1 to 128 visible ASCII characters");
  }
  const draft = readDraft(members);
  if (typeof draft === "string") throw new HttpError(400, draft);
  if (draft.body.length > maxMessage) {
    throw new HttpError(413, `the message is over ${maxMessage} bytes`);
  }
  return { draft: { channel, ...draft }, key };
}

function parse(line: string): unknown {
  try {
    return parseJSON(line);
  } catch {
    throw new HttpError(400, "not JSON");
  }
}

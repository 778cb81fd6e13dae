/**
 * How a message lies in the stream: the channel is its subject, the body its payload, and what else is known of it one header.
 * @module
 */
import { headers, type Msg, type MsgHdrs } from "./client.ts";
import { nameFault } from "../../hub/name.ts";
import type { Kind } from "../../hub/message.ts";
import type { LogEntry, LogRecord, Place } from "../log.ts";

/** `KIND SUBSCRIBERS ORIGIN [KEY]`. */
const HEADER = "K";
/** Who published, where that was said. */
const SENDER = "S";
const DUPLICATES = "Nats-Msg-Id";
const LETTERS: Record<Kind, string> = { json: "j", text: "t", binary: "b" };
const KINDS = new Map<string, Kind>([["j", "json"], ["t", "text"], ["b", "binary"]]);
/** What headers are at most, in bytes: a key is 128 of them, and a sender as many. */
export const MAX_HEADERS = 512;

/** A message, as it came out of the stream. */
export interface StoredEntry extends LogEntry {
  /** Names the publish that it came by, over all nodes; empty where it is by somebody else. */
  origin: string;
}

/** The subjects of a stream's channels begin with it. Its default name has the shortest. */
export function prefixOf(stream: string): string {
  return stream === "kodama" ? "k" : `k-${stream}`;
}

/** The subject of what is not kept, which is none of the stream's. */
export function busOf(stream: string): string {
  return stream === "kodama" ? "kb" : `kb-${stream}`;
}

/** The subject of a channel: one token. A `.` would be its end, and `%` is in no name of a channel. */
export function subjectOf(prefix: string, channel: string): string {
  return `${prefix}.${channel.replaceAll(".", "%")}`;
}

/** The channel of a subject; `undefined` where it is none: somebody else may publish to the stream, too. */
export function channelOf(prefix: string, subject: string): string | undefined {
  const token = subject.slice(prefix.length + 1);
  if (token.includes(".")) return undefined;
  const name = token.includes("%") ? token.replaceAll("%", ".") : token;
  return nameFault(name) === undefined ? name : undefined;
}

/**
 * Writes the headers of a message.
 * @param origin Names this publish, over all nodes.
 * @param once What it is published once under, where it has a key.
 */
export function encodeHeaders(
  { kind, subscribers, key, sender }: LogRecord,
  origin: string,
  once: string | undefined,
): MsgHdrs {
  const fields = headers();
  const rest = key === undefined ? "" : ` ${key}`;
  fields.set(HEADER, `${LETTERS[kind]} ${subscribers} ${origin}${rest}`);
  if (once !== undefined) fields.set(DUPLICATES, once);
  if (sender !== undefined) fields.set(SENDER, sender);
  return fields;
}

/** Reads a message; `undefined` where it is nothing that could have been published here. */
export function decodeEntry(
  prefix: string,
  message: Msg,
  { seq, time }: Place,
): StoredEntry | undefined {
  const channel = channelOf(prefix, message.subject);
  if (channel === undefined) return undefined;
  // A copy: it lies in a buffer with all that came at the same time.
  const body = new Uint8Array(message.data);
  const [letter, subscribers, origin, ...rest] = message.headers?.get(HEADER).split(" ") ?? [];
  const kind = KINDS.get(letter ?? "");
  if (kind === undefined || origin === undefined) {
    const theirs = { subscribers: 0, key: undefined, origin: "" };
    return { channel, kind: plainKind(body), body, ...theirs, seq, time };
  }
  const key = rest.length === 0 ? undefined : rest.join(" ");
  const sender = message.headers?.get(SENDER) || undefined;
  const known = { subscribers: Number(subscribers) || 0, key, sender, origin };
  return { channel, kind, body, ...known, seq, time };
}

const strict = new TextDecoder("utf-8", { fatal: true });

/** What somebody else's message is, who does not say. */
function plainKind(body: Uint8Array): Kind {
  try {
    strict.decode(body);
    return "text";
  } catch {
    return "binary";
  }
}

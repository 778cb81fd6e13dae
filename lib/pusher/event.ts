/**
 * An event of the Pusher protocol as a message of Kodama's, and any message as an event: `{"event":…,"data":…}` in JSON.
 *
 * The data of an event is a text. One that is a JSON object or array lies in the message as what it is, with all its
 * characters; any other as a text. So it comes out as it went in, and who reads the channel without Pusher finds JSON.
 * @module
 */
import { encodeBase64 } from "@std/encoding/base64";
import { membersOf, parseJSON } from "../hub/json.ts";
import type { Draft, Form, Message } from "../hub/message.ts";
import { plainName } from "./name.ts";

/** An event. */
export interface PusherEvent {
  /** What it is called. */
  event: string;
  /** What comes with it, if anything does. */
  data: string | undefined;
  /** Which user of a presence channel it is by, where a client sent it. */
  user?: string | undefined;
}

/** What a message is called that was published as something else. */
export const MESSAGE = "message";
/** The first characters of names that are the protocol's own. */
export const RESERVED = /^pusher(_internal)?:/;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const form = new Set(["event", "user_id", "data"]);

/**
 * What is published for an event.
 * @param data A text, or another value as its JSON.
 */
export function draftOf(
  channel: string,
  { event, data, user }: PusherEvent,
): Pick<Draft, "channel" | "kind" | "body"> {
  const by = user === undefined ? "" : `,"user_id":${JSON.stringify(user)}`;
  const rest = data === undefined
    ? ""
    : `,"data":${isStructured(data) ? data : JSON.stringify(data)}`;
  const body = encoder.encode(`{"event":${JSON.stringify(event)}${by}${rest}}`);
  return { channel, kind: "json", body };
}

/** The event that a message is. */
export function eventOf({ kind, body }: Pick<Message, "kind" | "body">): PusherEvent {
  if (kind === "binary") return { event: MESSAGE, data: encodeBase64(body) };
  const text = decoder.decode(body);
  return kind === "json" && readEvent(text) || { event: MESSAGE, data: text };
}

/** A message as whoever subscribes by the protocol is told it, in UTF-8. */
export const pusherEvent: Form = {
  slot: 30,
  encode: (message) => encoder.encode(eventText(plainName(message.channel), eventOf(message))),
};

/** An event as it is told. */
export function eventText(channel: string, { event, data, user }: PusherEvent): string {
  // What is left out of the object is left out of the JSON.
  return JSON.stringify({ event, channel, data, user_id: user });
}

/** Whether a text is a JSON object or array. */
function isStructured(text: string): boolean {
  return /^[ \t\r\n]*[{[]/.test(text) && valueOf(text) !== undefined;
}

/** The value of a JSON text; `undefined` where it is none. */
function valueOf(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

/** Reads JSON that may be an event. */
function readEvent(text: string): PusherEvent | undefined {
  const members = membersOf(valueOf(text)?.value);
  if (members === undefined) return undefined;
  const { event, user_id: user, data } = members;
  if (typeof event !== "string" || RESERVED.test(event)) return undefined;
  if (user !== undefined && typeof user !== "string") return undefined;
  // What has more in it is somebody's own.
  if (Object.keys(members).some((name) => !form.has(name))) return undefined;
  return { event, data: data === undefined ? undefined : dataText(text, event, user, data), user };
}

/** The data of an event as a text: what was written, where the rest is as {@linkcode draftOf} writes it. */
function dataText(text: string, event: string, user: string | undefined, data: unknown): string {
  if (typeof data === "string") return data;
  const by = user === undefined ? "" : `,"user_id":${JSON.stringify(user)}`;
  const before = `{"event":${JSON.stringify(event)}${by},"data":`;
  const written = text.slice(before.length, -1);
  if (text.startsWith(before) && text.endsWith("}") && valueOf(written) !== undefined) {
    return written;
  }
  return JSON.stringify(membersOf(parseJSON(text))!.data);
}

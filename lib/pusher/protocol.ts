/**
 * What Pusher's clients and the server say to each other over a WebSocket (Pusher Channels protocol, version 7): texts only,
 * nothing that is sent or waited for.
 * @module
 */
import { MAX_INFO } from "../auth/auth.ts";
import { type Members, membersOf, parseJSON } from "../hub/json.ts";

/** Error and close codes, as Pusher documents them. From 4000 to 4099 a client does not come back, from 4100 later, from 4200 at once. */
export const Code = {
  /** No app has this key. */
  NoApp: 4001,
  /** The path names no app. */
  NoPath: 4005,
  /** The version of the protocol is no number. */
  BadVersion: 4006,
  /** The version of the protocol is not spoken here. */
  OtherVersion: 4007,
  /** None is named. */
  NoVersion: 4008,
  /** Not who, or not what, may be. */
  Unauthorized: 4009,
  /** It ends, and is to begin anew. */
  Reconnect: 4200,
  /** What came is no message of the protocol. */
  Malformed: 4200,
  /** An event that a client may not send, or not so often. */
  Rejected: 4301,
} as const;

/** After so long without a message a client asks whether somebody is there, in seconds. */
export const ACTIVITY_TIMEOUT = 120;
/** Versions of the protocol that are spoken here. */
const VERSIONS = [5, 6, 7];

/** Longest name of an event, in characters. */
export const MAX_EVENT = 200;
/** Most data of an event, in bytes. */
export const MAX_DATA = 10_240;
/** Most that a user's data or a member's is, in bytes. */
export const MAX_USER = 4096;
/** Longest name of a user, in characters. */
export const MAX_USER_ID = 128;

/** Something that is refused: with what code, and why. */
export interface Refusal {
  code: number;
  message: string;
}

/** What a client asks for. */
export type Asked =
  | { ask: "ping" }
  | { ask: "pong" }
  | {
    ask: "subscribe";
    channel: string;
    auth: string | undefined;
    /** Who it is on a presence channel, as JSON. */
    data: string | undefined;
  }
  | { ask: "unsubscribe"; channel: string }
  | { ask: "signin"; auth: string; data: string }
  | {
    ask: "trigger";
    event: string;
    channel: string;
    /** As a text; what is not one, as JSON. */
    data: string | undefined;
  };

/** One kind of what a client asks for. */
export type AskedOf<T extends Asked["ask"]> = Extract<Asked, { ask: T }>;

/** Who somebody is, as the app's server has signed it. */
export interface User {
  id: string;
  /** What others are told of it: a JSON value. */
  info: unknown;
}

const encoder = new TextEncoder();

/** A size in UTF-8, in bytes. */
export function sizeOf(text: string): number {
  return text.length > MAX_DATA ? text.length : encoder.encode(text).length;
}

/** Says which version of the protocol a client speaks, if there is something wrong with it. */
export function versionFault(version: string | null): Refusal | undefined {
  if (version === null || version === "") {
    return { code: Code.NoVersion, message: "no version of the protocol is named" };
  }
  if (!/^\d{1,4}$/.test(version)) {
    return { code: Code.BadVersion, message: "the version of the protocol is no number" };
  }
  if (VERSIONS.includes(Number(version))) return undefined;
  const spoken = `${VERSIONS[0]} to ${VERSIONS.at(-1)}`;
  return { code: Code.OtherVersion, message: `versions ${spoken} of the protocol are spoken here` };
}

/** A name for a connection, that no other has, on any node. */
export function newSocketId(): string {
  return crypto.getRandomValues(new Uint32Array(2)).join(".");
}

/** Whether a text can be the name of a connection. */
export function isSocketId(text: unknown): text is string {
  return typeof text === "string" && /^\d{1,20}\.\d{1,20}$/.test(text);
}

/** Reads what a client says. */
export function readAsked(text: string): Asked | Refusal {
  const members = parse(text);
  if (members === undefined) return malformed("not a JSON object");
  const { event, channel } = members, data = membersOf(members.data) ?? {};
  switch (event) {
    case "pusher:ping":
      return { ask: "ping" };
    case "pusher:pong":
      return { ask: "pong" };
    case "pusher:subscribe": {
      const { channel, auth, channel_data } = data;
      if (typeof channel !== "string") return malformed("channel is not a text");
      if (!isOptional(auth)) return malformed("auth is not a text");
      if (!isOptional(channel_data)) return malformed("channel_data is not a text");
      return { ask: "subscribe", channel, auth, data: channel_data };
    }
    case "pusher:unsubscribe":
      if (typeof data.channel !== "string") return malformed("channel is not a text");
      return { ask: "unsubscribe", channel: data.channel };
    case "pusher:signin":
      if (typeof data.auth !== "string") return malformed("auth is not a text");
      if (typeof data.user_data !== "string") return malformed("user_data is not a text");
      return { ask: "signin", auth: data.auth, data: data.user_data };
  }
  if (typeof event !== "string") return malformed("event is not a text");
  if (!event.startsWith("client-")) return malformed("no such event");
  if (typeof channel !== "string") return malformed("channel is not a text");
  return { ask: "trigger", event, channel, data: textOf(members.data) };
}

function parse(text: string): Members | undefined {
  try {
    return membersOf(parseJSON(text));
  } catch {
    return undefined;
  }
}

function malformed(message: string): Refusal {
  return { code: Code.Malformed, message };
}

function isOptional(value: unknown): value is string | undefined {
  return value === undefined || typeof value === "string";
}

/** The data of an event: a text as it is, any other value as JSON. */
export function textOf(data: unknown): string | undefined {
  // What is not there is not there as JSON either.
  return typeof data === "string" ? data : JSON.stringify(data);
}

/**
 * Reads who a member of a presence channel is.
 * @returns A text says what is wrong.
 */
export function readMember(text: string): User | string {
  return readUser(text, "channel_data", "user_id", "user_info");
}

/** The same of a user who signs in. */
export function readUserData(text: string): User | string {
  return readUser(text, "user_data", "id", "user_info");
}

function readUser(text: string, what: string, name: string, about: string): User | string {
  if (sizeOf(text) > MAX_USER) return `${what} is over ${MAX_USER} bytes`;
  const members = parse(text);
  if (members === undefined) return `${what} is not a JSON object`;
  // Libraries send a number where the application has one.
  const id = typeof members[name] === "number" ? String(members[name]) : members[name];
  if (typeof id !== "string" || id === "" || id.length > MAX_USER_ID) {
    return `${name} is not a text of 1 to ${MAX_USER_ID} characters`;
  }
  const info = members[about];
  if (info !== undefined && sizeOf(JSON.stringify(info)) > MAX_INFO) {
    return `${about} is over ${MAX_INFO} bytes`;
  }
  return { id, info };
}

/** Something that the server says: its data goes as JSON in a text. */
export function said(event: string, data: unknown, channel?: string): string {
  return JSON.stringify({ event, channel, data: JSON.stringify(data) });
}

/** The first thing that the server says. */
export function established(socketId: string): string {
  const data = { socket_id: socketId, activity_timeout: ACTIVITY_TIMEOUT };
  return said("pusher:connection_established", data);
}

/** Something was not done, or the connection ends. Of all that the server says, this has data that is no text. */
export function refused({ code, message }: Refusal, channel?: string): string {
  return JSON.stringify({ event: "pusher:error", channel, data: { code, message } });
}

/** A subscription was refused. */
export function notSubscribed(channel: string, status: number, error: string): string {
  const type = status === 401 ? "AuthError" : "SubscriptionError";
  return said("pusher:subscription_error", { type, error, status }, channel);
}

/** A subscription has begun. */
export function subscribed(channel: string, members?: readonly User[]): string {
  if (members === undefined) return said("pusher_internal:subscription_succeeded", {}, channel);
  const hash = Object.fromEntries(members.map(({ id, info }) => [id, info ?? null]));
  const presence = { count: members.length, ids: members.map(({ id }) => id), hash };
  return said("pusher_internal:subscription_succeeded", { presence }, channel);
}

/** Somebody is there. */
export function memberAdded(channel: string, { id, info }: User): string {
  return said("pusher_internal:member_added", { user_id: id, user_info: info }, channel);
}

/** Somebody is not there any more. */
export function memberRemoved(channel: string, id: string): string {
  return said("pusher_internal:member_removed", { user_id: id }, channel);
}

/** How many subscribe. */
export function subscriptionCount(channel: string, count: number): string {
  return said("pusher_internal:subscription_count", { subscription_count: count }, channel);
}

/**
 * Channels of the Pusher protocol: what their names say of them, and where they are in Kodama.
 * @module
 */
import { nameFault } from "../hub/name.ts";

/** Longest name, in characters. */
export const MAX_NAME = 200;
/** The channel of one user, whichever connections are theirs, begins with it. */
export const USER = "#server-to-user-";

const good = /^[A-Za-z0-9_=@,.;-]+$/;
/** What Kodama's names cannot have, and `~`, which begins an escape. */
const escaped = /[^A-Za-z0-9_.@:=!-]/gu;
/** What no first segment of Kodama's is, though each of its characters may be there. */
const taken = new Set(["-", "app", "apps", ".", ".."]);

const encoder = new TextEncoder();

/** What a name says of its channel. */
export interface Kind {
  /** Whether who subscribes shows a signature. */
  guarded: boolean;
  /** Whether it tells who is there. */
  presence: boolean;
  /** Whether who subscribes is told the last event. */
  cache: boolean;
  /** Whether what crosses it is opaque to the server. */
  encrypted: boolean;
}

/** Reads a name's prefixes. */
export function kindOf(name: string): Kind {
  const presence = name.startsWith("presence-");
  return {
    guarded: presence || name.startsWith("private-"),
    presence,
    cache: /^(private-(encrypted-)?|presence-)?cache-/.test(name),
    encrypted: name.startsWith("private-encrypted-"),
  };
}

/**
 * The channel of Kodama's for one of an app's.
 * @param prefix The app's: empty, or ending in `/`.
 * @returns `undefined` where the name is none, or is too long once it is escaped.
 */
export function channelOf(prefix: string, name: string): string | undefined {
  const rest = name.startsWith(USER) ? name.slice(USER.length) : undefined;
  if (rest === undefined ? !good.test(name) : rest === "") return undefined;
  if (name.length > MAX_NAME) return undefined;
  const channel = prefix + escape(name);
  return nameFault(channel) === undefined ? channel : undefined;
}

/** An app's name for a channel of Kodama's; `undefined` where that is none of the app's. */
export function nameOf(prefix: string, channel: string): string | undefined {
  if (!channel.startsWith(prefix)) return undefined;
  const name = plainName(channel.slice(prefix.length));
  return channelOf(prefix, name) === channel ? name : undefined;
}

/** The same for a channel that is known to be an app's, whichever: what is before a slash is the app's prefix. */
export function plainName(channel: string): string {
  const last = channel.slice(channel.lastIndexOf("/") + 1);
  if (!last.includes("~")) return last;
  try {
    return decodeURIComponent(last.replaceAll("~", "%"));
  } catch {
    return last;
  }
}

function escape(name: string): string {
  const all = taken.has(name) ? /^./ : escaped;
  return name.replace(
    all,
    (character) => Array.from(encoder.encode(character), (byte) => "~" + hex(byte)).join(""),
  );
}

function hex(byte: number): string {
  return byte.toString(16).toUpperCase().padStart(2, "0");
}

/**
 * Cases: what a client does, what it gets, and what is logged, as tables; {@link ./cases_test.ts} plays them all.
 * @module
 */
import { clientClose, clientFrame } from "../tools/frames.ts";
import { bytesOf, join } from "../tools/raw.ts";

/** The client ends its side. */
export const END = "END";

/**
 * What the client does next: it sends bytes, or what it makes of all that it has got so far; it waits until it has got so
 * many lines; or it ends its side, which is {@linkcode END}.
 */
export type Step = string | Uint8Array | number | ((got: string) => string | Uint8Array);

/**
 * One case:
 * - what is sent or happens, in plain words;
 * - what the client does;
 * - what it gets, a line each: an answer is its status, `c` where it closes, and its text; then frames and events as they
 *   come, and `end` where the server ends the connection. Where that is not the last line, it stays open;
 * - what is logged of it, where that does not follow from what it gets.
 */
export type Case = [what: string, does: Step | Step[], gets: string[], logs?: string[]];

/** Cases of one subject. */
export interface Table {
  /** The subject. */
  about: string;
  /** With which settings; see {@linkcode SERVERS}. Default `open`. */
  on?: keyof typeof SERVERS;
  /** Whether the cases depend on each other: one at a time, then. */
  inOrder?: boolean;
  /** Whether they depend on the segments in which bytes come, or on time: never byte by byte, then. */
  whole?: boolean;
  cases: Case[];
}

/** Settings that tables are about; nothing here is slow or limited but for what a table is about. */
export const SERVERS = {
  /** Nobody is too fast. */
  open: "--message-rate 0 --ping-rate 0 --origin https://a.example",
  /** Limits that a table can meet at the edge. */
  small: "--max-message 1KiB --max-fragments 4 --max-channels 3 --history 3 --message-rate 0",
  /** A few at once, and then one or two a second. */
  rated: "--message-rate 2 --ping-rate 1",
  /** With a secret: tokens say who may. */
  tokens: "--message-rate 0",
  /** Nobody waits long. */
  hasty: "--handshake-timeout 1s --body-timeout 1s --message-timeout 1s",
  /** Each message is compressed with what was before it. */
  takeover: "--deflate takeover --deflate-threshold 16 --message-rate 0",
};

/** A request to a server that goes by `localhost`: first line and fields, each with its end, and a body. */
export function request(line: string, fields: string[] = [], body: string | Uint8Array = "") {
  const lines = [`${line} HTTP/1.1`, "Host: localhost", ...fields];
  return join(lines.map((each) => each + "\r\n").join(""), "\r\n", body);
}

/** A request with a body of the length that it says. */
export function publish(target: string, body: string | Uint8Array, fields: string[] = []) {
  return request(`POST ${target}`, [`Content-Length: ${bytesOf(body).length}`, ...fields], body);
}

/** What a handshake needs besides `Host`. */
export const UPGRADE = [
  "Upgrade: websocket",
  "Connection: Upgrade",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  "Sec-WebSocket-Version: 13",
];

/** A good handshake. */
export function handshake(target: string, fields: string[] = []): Uint8Array<ArrayBuffer> {
  return request(`GET ${target}`, [...UPGRADE, ...fields]);
}

/** A client's frame: FIN, reserved bits and opcode, and its payload. */
export function frame(first: number, payload: string | Uint8Array = ""): Uint8Array<ArrayBuffer> {
  return clientFrame(first, bytesOf(payload));
}

/** A text. */
export function text(payload: string): Uint8Array<ArrayBuffer> {
  return frame(0x81, payload);
}

/** What a client answers to a close that the server begins. */
export const ANSWER: Uint8Array = clientClose(1000);

/** A case for each of several inputs that break one rule. */
export function each(rule: string, gets: string[], inputs: (string | Uint8Array)[]): Case[] {
  return inputs.map((input, i) => {
    const shown = typeof input === "string" ? JSON.stringify(input).slice(0, 60) : `${i + 1}`;
    return [`${rule}: ${shown}`, input, gets];
  });
}

/**
 * Signatures of the Pusher protocol: HMAC-SHA256 with an app's secret, in hexadecimal digits.
 * @module
 */
import { createHash, createHmac } from "node:crypto";
import { timingSafeEqual } from "@std/crypto/timing-safe-equal";
import type { App } from "./app.ts";

/** Most that a request's clock and ours may differ, in seconds. */
export const CLOCKS = 600;

const encoder = new TextEncoder();

/** Signs a text, or bytes. */
export function sign({ secret }: Pick<App, "secret">, signed: string | Uint8Array): string {
  return createHmac("sha256", secret).update(signed).digest("hex");
}

/** Whether a text carries this signature; the time that it takes does not tell where that differs. */
function isSigned(app: Pick<App, "secret">, signed: string, signature: string): boolean {
  return timingSafeEqual(encoder.encode(sign(app, signed)), encoder.encode(signature));
}

/**
 * Whether a client may do what it shows a signature for: `KEY:SIGNATURE`, as the app's own server hands it out.
 * @param signed What must be signed: see {@linkcode channelText} and {@linkcode userText}.
 */
export function isAuthentic(
  app: Pick<App, "key" | "secret">,
  signed: string,
  auth: string,
): boolean {
  const { key } = app;
  return auth.startsWith(`${key}:`) && isSigned(app, signed, auth.slice(key.length + 1));
}

/** What is signed for a subscription. */
export function channelText(socketId: string, channel: string, data: string | undefined): string {
  return `${socketId}:${channel}${data === undefined ? "" : `:${data}`}`;
}

/** What is signed for a user who signs in. */
export function userText(socketId: string, data: string): string {
  return `${socketId}::user::${data}`;
}

/** A request to an app's HTTP API, as far as it is signed. */
export interface Signed {
  method: string;
  /** Without its query, as it was sent. */
  path: string;
  /** The query. */
  parameters: URLSearchParams;
}

/**
 * Says what is wrong with a request's signature.
 * @param now In ms since 1970.
 * @returns Why, in a line for whoever sent it; `undefined` if it is right.
 */
export function requestFault(app: App, { method, path, parameters }: Signed, now: number) {
  const given = new Map([...parameters].map(([name, value]) => [name.toLowerCase(), value]));
  const key = given.get("auth_key"), signature = given.get("auth_signature");
  const time = given.get("auth_timestamp"), version = given.get("auth_version") ?? "1.0";
  if (key === undefined || signature === undefined || time === undefined) {
    return "auth_key, auth_timestamp and auth_signature are needed";
  }
  if (key !== app.key) return "auth_key is not this app's";
  if (version !== "1.0") return "auth_version is not 1.0";
  if (!/^\d{1,15}$/.test(time)) return "auth_timestamp is not a number of seconds";
  given.delete("auth_signature");
  // By the names alone: no name is there twice.
  const sorted = [...given].sort(([a], [b]) => a < b ? -1 : 1).map((pair) => pair.join("="));
  const text = `${method}\n${path}\n${sorted.join("&")}`;
  if (!isSigned(app, text, signature)) {
    return `auth_signature is not the HMAC-SHA256, in hexadecimal digits, of ${
      JSON.stringify(text)
    }`;
  }
  if (Math.abs(now / 1000 - Number(time)) > CLOCKS) {
    return `auth_timestamp is not within ${CLOCKS} s of the server's time, ${
      Math.floor(now / 1000)
    }`;
  }
  return undefined;
}

/** Whether a body is the one whose MD5 was signed; without a body there need be none. */
export function isBody(parameters: URLSearchParams, body: Uint8Array): boolean {
  const given = parameters.get("body_md5") ?? "";
  if (given === "" && body.length === 0) return true;
  const own = createHash("md5").update(body).digest("hex");
  return timingSafeEqual(encoder.encode(own), encoder.encode(given));
}

/**
 * What a client of the envelope publishes.
 * @module
 */
import { decodeBase64 } from "@std/encoding/base64";
import type { Kind } from "../hub/message.ts";

const encoder = new TextEncoder();

/** What a `pub` publishes; a text says what is wrong with it. */
export function readDraft(fields: Map<string, unknown>): { kind: Kind; body: Uint8Array } | string {
  if (fields.has("data") === fields.has("base64")) return "one of data and base64 is needed";
  const data = fields.get("data"), base64 = fields.get("base64");
  if (typeof data === "string") return { kind: "text", body: encoder.encode(data) };
  if (fields.has("data")) return { kind: "json", body: encoder.encode(JSON.stringify(data)) };
  if (
    typeof base64 !== "string" || !/^[A-Za-z0-9+/]*={0,2}$/.test(base64) || base64.length % 4 !== 0
  ) {
    return "base64 is not base64";
  }
  return { kind: "binary", body: decodeBase64(base64) };
}

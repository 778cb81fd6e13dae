/**
 * What is published as JSON: a value as `data`, or bytes as `base64`.
 * @module
 */
import { decodeBase64 } from "@std/encoding/base64";
import type { Members } from "../hub/json.ts";
import type { Draft } from "../hub/message.ts";

const encoder = new TextEncoder();
const base64Form = /^[A-Za-z0-9+/]*={0,2}$/;

/**
 * What is published.
 * @returns A text says what is wrong with it.
 */
export function readDraft({ data, base64 }: Members): Omit<Draft, "channel"> | string {
  // What is JSON is never `undefined`.
  if ((data === undefined) === (base64 === undefined)) return "one of data and base64 is needed";
  if (typeof data === "string") return { kind: "text", body: encoder.encode(data) };
  if (data !== undefined) return { kind: "json", body: encoder.encode(JSON.stringify(data)) };
  if (typeof base64 !== "string" || !base64Form.test(base64) || base64.length % 4 !== 0) {
    return "base64 is not base64";
  }
  return { kind: "binary", body: decodeBase64(base64) };
}

/**
 * What is published as JSON: a value as `data`, or bytes as `base64`.
 * @module
 */
import { decodeBase64 } from "@std/encoding/base64";
import type { Draft } from "../hub/message.ts";

const encoder = new TextEncoder();
const base64Form = /^[A-Za-z0-9+/]*={0,2}$/;

/** What may be a number that a double does not hold: many digits, or an exponent. */
const unheld = /[\d.]{16}|\d[eE][+-]?\d/;
/** ECMAScript's `JSON.rawJSON`, which is not declared yet. */
const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };

/**
 * Reads JSON. A number that a double may not hold is kept as it was written, and is so written again.
 * @throws {Error} If it is none.
 */
export function parseJSON(text: string): unknown {
  const value = JSON.parse(text);
  // Where the data is a text, it has no numbers.
  if (typeof value?.data === "string" || !unheld.test(text)) return value;
  const keep = (_: string, value: unknown, { source }: { source: string }) =>
    typeof value === "number" ? rawJSON(source) : value;
  return JSON.parse(text, keep as Parameters<JSON["parse"]>[1]);
}

/** Members of an object that came as JSON. */
export type Members = Readonly<Partial<Record<string, unknown>>>;

/** The members of an object; `undefined` where it is none. */
export function membersOf(value: unknown): Members | undefined {
  const is = typeof value === "object" && value !== null && !Array.isArray(value);
  return is ? value as Members : undefined;
}

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

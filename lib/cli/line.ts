/**
 * A message as a line.
 * @module
 */
import { encodeBase64 } from "@std/encoding/base64";
import type { Message } from "../../static/kodama.js";
import { printable } from "../service/log.ts";

/** How messages are printed. */
export interface LineForm {
  /** Whether the whole envelope is. */
  json: boolean;
  /** Whether it is for a terminal, which control characters would lead astray. */
  terminal: boolean;
}

/**
 * The line of a message, without its end: its envelope, or its text, its JSON, its bytes in base64.
 * @param envelope The JSON it came in, on one line.
 */
export function lineOf(message: Message, envelope: string, { json, terminal }: LineForm): string {
  const line = json ? envelope : dataOf(message, envelope);
  return terminal ? line.replace(/[^\n\t]+/g, printable) : line;
}

function dataOf({ data }: Message, envelope: string): string {
  if (typeof data === "string") return data;
  if (data instanceof Uint8Array) return encodeBase64(data);
  // As it was published: parsing would round its numbers.
  const published = /^\{"id":"[^"]*","ch":"[^"]*","data":(.*)\}$/.exec(envelope)?.[1];
  return published?.trim() ?? JSON.stringify(data);
}

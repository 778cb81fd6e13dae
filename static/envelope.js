// What is said in envelopes (docs/protocol.md), both ways, as a reader wants it. Pure.

import { isJson } from "./target.js";

/** Behind it comes the message as it was published, and `}`. */
const before = /^\{"id":"[^"]*","ch":"[^"]*",(?:"skipped":\d+,)?"data":/;

const counter = (id) => Number(id.slice(id.lastIndexOf(".") + 1));

/**
 * What one envelope says.
 * @param {string} text As it arrived.
 * @param {string | undefined} open The id up to which messages had been published when this began.
 * @returns {{ data: string | ArrayBuffer, id: string, channel: string, past: boolean } | { open: string, lost: object | undefined } |
 *   { error: string } | { receipt: string } | undefined} A message; where the subscriber stands; a refusal; a receipt;
 *   `undefined` for anything else.
 */
export function meaningOf(text, open) {
  let said;
  try {
    said = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (said === null || typeof said !== "object") return undefined;
  if (typeof said.ch === "string" && typeof said.id === "string") {
    const past = open !== undefined && counter(said.id) <= counter(open);
    return { data: dataOf(said, text), id: said.id, channel: said.ch, past };
  }
  if (typeof said.open === "string" && !("sub" in said)) {
    return { open: said.open, lost: said.lost };
  }
  if (typeof said.error === "string") return { error: said.error };
  if (typeof said.id === "string") return { receipt: said.id };
  return undefined;
}

/** A text by itself, bytes as bytes, JSON as it was written. */
function dataOf({ data, base64 }, text) {
  if (base64 !== undefined) return Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)).buffer;
  if (typeof data === "string") return data;
  const head = before.exec(text);
  return head ? text.slice(head[0].length, -1) : JSON.stringify(data);
}

/** A text as an envelope's client publishes it; what is a request already goes as it is. */
export function spoken(text, channel) {
  if (/^\s*\{\s*"(sub|unsub|pub)"/.test(text)) return text;
  return `{"pub":${JSON.stringify(channel)},"data":${isJson(text) ? text : JSON.stringify(text)}}`;
}

/** Bytes as an envelope's client publishes them. */
export function spokenBytes(bytes, channel) {
  const text = Array.from(new Uint8Array(bytes), (byte) => String.fromCharCode(byte)).join("");
  return JSON.stringify({ pub: channel, base64: btoa(text) });
}

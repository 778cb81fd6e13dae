/**
 * Reads HTTP responses from bytes, as a client of these tests sees them.
 * @module
 */
import { textOf } from "./raw.ts";

/** One response. */
export interface Answer {
  /** The status. */
  status: number;
  /** The fields by lower-case name. */
  headers: Map<string, string>;
  /** The body, one character a byte. */
  body: string;
}

/**
 * Reads one response after another.
 * @param bytes What a server has sent.
 * @param head Whether they answer `HEAD`, and have no body whatever they say.
 * @returns The whole responses; the last may be cut short, then it is left out.
 */
export function answers(bytes: Uint8Array, head = false): Answer[] {
  const list: Answer[] = [];
  let text = textOf(bytes);
  for (;;) {
    const end = text.indexOf("\r\n\r\n");
    if (end < 0) return list;
    const [first = "", ...lines] = text.slice(0, end).split("\r\n");
    const match = /^HTTP\/1\.1 (\d{3}) [ -~]*$/.exec(first);
    if (match === null) throw new Error(`not a response: ${JSON.stringify(first)}`);
    const headers = new Map(lines.map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }));
    const length = head ? 0 : Number(headers.get("content-length") ?? 0);
    const body = text.slice(end + 4, end + 4 + length);
    if (body.length < length) return list;
    list.push({ status: Number(match[1]), headers, body });
    text = text.slice(end + 4 + length);
  }
}

/** Whether so many whole responses are there. */
export function hasAnswers(count: number, head = false): (bytes: Uint8Array) => boolean {
  return (bytes) => answers(bytes, head).length >= count;
}

/** Their statuses. */
export function statuses(bytes: Uint8Array): number[] {
  return answers(bytes).map((a) => a.status);
}

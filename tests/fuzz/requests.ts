/**
 * Requests one after another, heads and bodies (RFC 9112): the same however they are cut, and no other than what Node
 * takes them for.
 * @module
 */
import { bodyFraming, BodyReader } from "../../lib/http/body.ts";
import { HttpError } from "../../lib/http/error.ts";
import { HeadParser } from "../../lib/http/head.ts";
import { textOf } from "../tools/raw.ts";
import { hold, type Outcome, type Target } from "./target.ts";

/** Largest body, in bytes. */
const LIMIT = 4096;

/** A request that was understood. */
export interface Understood {
  method: string;
  target: string;
  minor: number;
  headers: [name: string, value: string][];
  /** One character a byte. */
  body: string;
}

/** What was understood, and how it ended. */
export interface Reading {
  requests: Understood[];
  /** `more` is wanted, `closed` after the last, or status and reason of a refusal. */
  end: string;
  /** Where the last request that was understood ends. */
  at: number;
}

/** Reads requests as a connection does, given the pieces in which they arrive. */
export function readRequests(input: Uint8Array, cuts: readonly number[]): Reading {
  const requests: Understood[] = [];
  const ends = [...cuts, input.length];
  let at = 0, end = ends.shift()!, behind = 0;
  /** Takes the next piece; `false` at the end. */
  const more = () => ends.length > 0 && (end = ends.shift()!, true);
  try {
    for (;;) {
      const parser = new HeadParser();
      let size = 0;
      while ((size = parser.parse(input, at, end)) === 0) {
        if (!more()) return { requests, end: "more", at: behind };
      }
      at += size;
      const { head } = parser;
      const framing = bodyFraming(head);
      const reader = new BodyReader(framing ?? 0, LIMIT);
      for (;;) {
        at = reader.read(input, at, end);
        if (reader.done) break;
        if (!more()) return { requests, end: "more", at: behind };
      }
      // What was announced is no reason to take memory for it.
      hold(reader.body.buffer.byteLength <= 2 * LIMIT, "a body's buffer is larger than its limit");
      const { method, target, minor, headers } = head;
      requests.push({ method, target, minor, headers: [...headers], body: textOf(reader.body) });
      behind = at;
      if (!head.keepAlive) return { requests, end: "closed", at: behind };
    }
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    hold(/^[ -~]{1,80}$/.test(error.message), `a reason is no short line: ${error.message}`);
    return { requests, end: `${error.status} ${error.message}`, at: behind };
  }
}

function run(input: Uint8Array, cuts: readonly number[]): Outcome {
  const reading = readRequests(input, cuts);
  const { requests, end } = reading;
  for (const { target, headers } of requests) {
    // What a response repeats must not split it.
    const texts = [target, ...headers.flat()];
    // deno-lint-ignore no-control-regex
    hold(!texts.some((text) => /[\0-\x08\x0a-\x1f\x7f]/.test(text)), "a control character is left");
  }
  const sorts = requests.map((r) => `${r.method}${r.body.length > 0 ? "+" : ""}`).join(" ");
  return { seen: JSON.stringify(reading), kind: `${sorts.slice(0, 40)} ${end}` };
}

/** Heads and bodies. */
export const requests: Target = { name: "requests", share: 40, run };

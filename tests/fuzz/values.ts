/**
 * Values within a request: cursors, channel names, globs, lists, extensions, subprotocols, origins, cookies.
 * @module
 */
import { findToken } from "../../lib/auth/auth.ts";
import { checkHost, checkOrigin } from "../../lib/auth/origin.ts";
import { HttpError } from "../../lib/http/error.ts";
import type { Head } from "../../lib/http/head.ts";
import { preferredType } from "../../lib/http/negotiate.ts";
import { formatCursor, parseCursor, parseSince } from "../../lib/hub/cursor.ts";
import { compileGlob, nameFault } from "../../lib/hub/name.ts";
import { channelNames } from "../../lib/service/channel.ts";
import { printable } from "../../lib/service/log.ts";
import { kindOf } from "../../lib/service/publish.ts";
import { acceptHandshake } from "../../lib/websocket/handshake.ts";
import { negotiateDeflate } from "../../lib/websocket/negotiate.ts";
import { textOf } from "../tools/raw.ts";
import { hold, type Outcome, type Target } from "./target.ts";

/** What a call gives, or the status and reason of its refusal. */
function attempt(call: () => unknown): string {
  try {
    return String(JSON.stringify(call()));
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    return `${error.status} ${error.message}`;
  }
}

/** Makes a target of a function of a text; bytes above ASCII are one character each, as in a head. */
function texts(name: string, share: number, look: (text: string) => string): Target {
  return {
    name,
    share,
    run(input): Outcome {
      const seen = look(textOf(input));
      return { seen, kind: seen.replace(/[0-9A-Za-z]{6,}/g, "…").slice(0, 60) };
    },
  };
}

/** Cursors and ages. */
export const cursors: Target = texts("cursors", 40, (text) => {
  const cursor = parseCursor(text);
  if (cursor !== undefined) {
    hold(formatCursor(cursor) === text, "a cursor is not written as it was read");
    hold(Number.isSafeInteger(cursor.seq) && cursor.seq >= 0, "a number that is not exact");
  }
  const since = parseSince(text);
  if (since?.from === "age") hold(since.age >= 0 && Number.isSafeInteger(since.age), "no age");
  return since === undefined ? "none" : since.from;
});

/** What may be in a channel's name. */
const NAME = /^(?!(?:-|apps?)(?:\/|$))(?!.*(?:^|\/)\.{0,2}(?:\/|$))[A-Za-z0-9_.~@:=!/-]{1,255}$/;

/** The path of channels; each name is percent-decoded once. */
export const names: Target = texts("names", 40, (text) => {
  const good = nameFault(text) === undefined;
  hold(good === NAME.test(text), `the name is ${good ? "good" : "bad"}`);
  return attempt(() => {
    const list = channelNames("/" + text, 8);
    for (const name of list) hold(NAME.test(name), `${name} is taken`);
    hold(list.length <= 8, "too many channels");
    return list.length;
  });
});

/** Whether a glob matches, read off its definition: exponential, so for short ones only. */
function byDefinition(glob: readonly string[], name: readonly string[]): boolean {
  const [first, ...rest] = glob;
  if (first === undefined) return name.length === 0;
  if (first === "**") {
    return byDefinition(rest, name) || name.length > 0 && byDefinition(glob, name.slice(1));
  }
  if (name.length === 0) return false;
  return (first === "*" || first === name[0]) && byDefinition(rest, name.slice(1));
}

/** A glob, a line break, and a name. */
export const globs: Target = texts("globs", 20, (text) => {
  const [glob = "", name = ""] = text.split("\n", 2);
  const matches = compileGlob(glob)(name);
  const parts = glob.split("/"), segments = name.split("/");
  if (parts.length <= 7 && segments.length <= 7) {
    hold(matches === byDefinition(parts, segments), `it ${matches ? "matches" : "does not"}`);
  }
  return `${matches}`;
});

const TYPES = ["application/json", "text/event-stream", "text/html"];

/** Fields of a handshake and of a request, one a line: what is agreed on, or why nothing is. */
export const fields: Target = texts("fields", 20, (text) => {
  const headers = new Map<string, string>();
  for (const line of text.split("\n")) {
    const colon = line.indexOf(":");
    if (colon > 0) headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  const head: Head = { method: "GET", target: "/", minor: 1, headers, keepAlive: true };
  const said: string[] = [];
  for (const mode of ["shared", "takeover"] as const) {
    const answer = acceptHandshake(head, ["kodama.v1"], mode);
    if (!answer.accepted) {
      hold([400, 405, 426].includes(answer.status), `answered ${answer.status}`);
      said.push(`${answer.status} ${answer.reason}`);
      continue;
    }
    for (const [, value] of answer.headers) hold(/^[ -~]*$/.test(value), "not one line");
    const { deflate } = answer;
    if (deflate !== undefined) {
      const { serverMaxWindowBits: own, clientMaxWindowBits: theirs } = deflate;
      hold(own >= 9 && own <= 15 && theirs >= 8 && theirs <= 15, "no window of zlib's");
    }
    said.push(`101 ${answer.protocol} ${JSON.stringify(deflate)}`);
  }
  const extensions = headers.get("sec-websocket-extensions");
  const agreement = negotiateDeflate(extensions, "shared");
  for (const part of agreement?.answer.split("; ") ?? []) {
    // RFC 6455, 9.1: "a server MUST NOT" answer what was not offered.
    const [name] = part.split("=");
    hold(extensions!.toLowerCase().includes(name!), `${name} was not offered`);
  }
  said.push(preferredType(headers.get("accept"), TYPES), kindOf(headers.get("content-type")));
  said.push(attempt(() => checkOrigin(head, ["https://a.example"])));
  said.push(attempt(() => checkHost(head, [], true)));
  said.push(`${findToken(head)?.length}`);
  const shown = printable(text);
  // deno-lint-ignore no-control-regex
  hold(!/[\x00-\x1f\x7f-\x9f]/.test(shown), "a control character reaches the log");
  return said.join(", ");
});

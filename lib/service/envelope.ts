/**
 * What a client asks for in an envelope: `sub`, `unsub`, `pub` and `token`.
 * @module
 */
import { nameFault } from "../hub/name.ts";
import { type Members, membersOf, parseJSON } from "../hub/json.ts";

/** What comes back with the answer, where it was given. */
export type Ref = { ref?: unknown };

/** A request. */
export type EnvelopeRequest =
  & { ref: Ref }
  & (
    | { verb: "sub" | "unsub" | "pub"; channel: string; members: Members }
    | { verb: "token"; token: unknown }
    | { error: string }
  );

const VERBS = ["sub", "unsub", "pub", "token"] as const;

/** Reads a request, or says what is wrong with it. */
export function readRequest(text: string): EnvelopeRequest {
  let request: unknown;
  try {
    request = parseJSON(text);
  } catch {
    return { error: "not JSON", ref: {} };
  }
  const members = membersOf(request);
  if (members === undefined) return { error: "not an object", ref: {} };
  const ref = members.ref === undefined ? {} : { ref: members.ref };
  const [verb, more] = VERBS.filter((verb) => members[verb] !== undefined);
  if (verb === undefined || more !== undefined) {
    return { error: "one of sub, unsub, pub and token is needed", ref };
  }
  if (verb === "token") return { verb, token: members.token, ref };
  const channel = members[verb];
  if (typeof channel !== "string") return { error: "the channel is not a text", ref };
  const error = nameFault(channel);
  return error === undefined ? { verb, channel, members, ref } : { error, ref };
}

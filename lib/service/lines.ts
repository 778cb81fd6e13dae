/**
 * Every line that the log can have: how severe it is, its fields, and what it means. There are no others, and their names
 * stay as they are.
 * @module
 */

/** A kind of line. */
export interface LineKind {
  /** How severe it is. */
  level: "debug" | "info" | "warning" | "error";
  /** Its fields and what they hold; one of several is written with `|`, one that may be left out with `?`. */
  fields: Readonly<Record<string, string>>;
  /** What has happened, and what is to be done about it, where something is. */
  meaning: string;
}

const peer =
  "address and port of the other side; behind a proxy that `--trust-proxy` believes, the address of its client";

/** All of them, by their messages. */
export const lines = {
  "started": {
    level: "info",
    fields: {
      version: "of Kodama",
      url: "where its page is",
      access: "`protected mode`, `secret` or `jwks`",
      tap: "`on` or `off`",
      engine: "as `--engine` names it",
      workers: "how many threads serve",
    },
    meaning: "It listens.",
  },
  "shutting down": {
    level: "info",
    fields: { signal: "which one asked for it" },
    meaning: "No new connections; those that there are are closed within `--drain`.",
  },
  "ended": { level: "info", fields: {}, meaning: "All are gone; the process ends with 0." },
  "unknown variable": {
    level: "warning",
    fields: { name: "as it is set", "nearest?": "one that there is" },
    meaning: "A `KODAMA_…` variable is none of the settings: a slip, perhaps.",
  },
  "refused": {
    level: "info",
    fields: { peer, status: "of the answer", reason: "the answer's own words" },
    meaning: "A handshake or another request was refused. Paths that are not there (404) and " +
      "methods (405) leave no line.",
  },
  "ended abnormally": {
    level: "info",
    fields: { peer, code: "of the close", reason: "its words" },
    meaning: "A WebSocket ended otherwise than by 1000, 1001, 1005 or 1006; 1011, a fault of " +
      "Kodama's, is an `error`.",
  },
  "more refused or ended abnormally": {
    level: "info",
    fields: { count: "how many" },
    meaning: "Of these two kinds ten lines a second are written; so many more there were.",
  },
  "received": {
    level: "info",
    fields: { peer, "text|hex": "the first KiB of it", bytes: "how long it is" },
    meaning: "Somebody sent a message to the ticker at `/`.",
  },
  "out of files": {
    level: "error",
    fields: {
      connections: "open now",
      limit: "how many may be open, until files come back",
      raise: "what to raise",
    },
    meaning: "The process has no file for another connection: give it more (`LimitNOFILE=`).",
  },
  "fault": {
    level: "error",
    fields: { error: "with its stack" },
    meaning:
      "A fault of Kodama's own or of the system's; it ended one connection at most. Please report it.",
  },
  "publishes are refused": {
    level: "error",
    fields: { why: "in the engine's words" },
    meaning: "The engine cannot be reached: publishes get 503, subscribers stay. " +
      "[What to do](operations.md#when-something-is-wrong-with-the-file).",
  },
  "publishes are taken again": {
    level: "info",
    fields: {},
    meaning: "It can be reached again.",
  },
  "the engine has ended and begins anew": {
    level: "error",
    fields: { error: "what it ended with" },
    meaning:
      "A fault of Kodama's, in the engine's thread: please report it. Nobody is cut off; what " +
      "is not on a disk is forgotten.",
  },
  "the engine did not end well": {
    level: "error",
    fields: { error: "what went wrong" },
    meaning: "At the end; with a file, what was acknowledged is in it.",
  },
  "a thread has ended and is started again": {
    level: "error",
    fields: { error: "what it ended with" },
    meaning:
      "A fault of Kodama's, in one of `--workers`, or a port that could not be listened on: its " +
      "connections are cut off and come back, and it is tried again, at last every 5 s.",
  },
} satisfies Record<string, LineKind>;

/** The message of a line, by which it is known. */
export type LineName = keyof typeof lines;

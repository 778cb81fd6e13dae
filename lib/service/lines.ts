/**
 * Every line that the log can have: how severe it is, its fields, and what it means. There are no others, and their names
 * stay as they are.
 * @module
 */

/** How severe a line is. */
export type Level = "debug" | "info" | "warning" | "error";

/** A kind of line. */
export interface LineKind {
  /** How severe it is. */
  level: Level;
  /** How severe it can be as well; the meaning says when. */
  worse?: Level;
  /** Its fields and what they hold; one of several is written with `|`, one that may be left out with `?`. */
  fields: Readonly<Record<string, string>>;
  /** What has happened, and what is to be done about it, where something is. */
  meaning: string;
}

const peer =
  "address and port of the other side; behind a proxy that `--trust-proxy` believes, the address of its client";

const names = "that it is for", expires = "when it is good no more";
const renewal = "when the next one is asked for";
const why = "what went wrong", again = "when it is tried again";
const failures = "how many attempts there were since the last that went well";

/** All of them, by their messages. */
export const lines = {
  "started": {
    level: "info",
    fields: {
      version: "of Kodama",
      url: "where its page is",
      access: "`protected mode`, or `secret`, `jwks`, `authorize`",
      tap: "`on` or `off`",
      tls: "`off`, `on` or `acme`",
      "unix?": "the socket that it listens on, too",
      engine: "as `--engine` names it, without passwords",
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
    fields: {
      peer,
      "status?":
        "of the answer, or the code of Pusher's protocol; a connection that does not become an encrypted one gets none",
      reason: "the answer's own words",
    },
    meaning: "A handshake or another request was refused. Paths that are not there (404) and " +
      "methods (405) leave no line. `TLS: …`: [what is said there](tls.md#what-the-log-says).",
  },
  "ended abnormally": {
    level: "info",
    worse: "error",
    fields: { peer, code: "of the close", reason: "its words" },
    meaning: "A WebSocket ended otherwise than by 1000, 1001, 1005 or 1006; 1011, a fault of " +
      "Kodama's, is an `error`.",
  },
  "more refused or ended abnormally": {
    level: "info",
    fields: { count: "how many" },
    meaning: "Of these two kinds ten lines a second are written; so many more there were.",
  },
  "connections closed": {
    level: "info",
    fields: { sub: "whose", closed: "how many, on all threads and nodes" },
    meaning: "`DELETE /-/connections` asked for it.",
  },
  "received": {
    level: "info",
    fields: { peer, "text|hex": "the first KiB of it", bytes: "how long it is" },
    meaning: "Somebody sent a message to the ticker at `/`.",
  },
  "not served in turns": {
    level: "warning",
    fields: { why: "why not" },
    meaning:
      "It cannot connect to itself over loopback; until it can, some wait long under overload.",
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
  "plain HTTP": {
    level: "info",
    fields: { address: "where it listens", port: "its port" },
    meaning: "`--http-port` is open: it answers a directory's challenges, and sends everybody " +
      "else to https.",
  },
  "certificate": {
    level: "info",
    fields: { names, expires },
    meaning: "The one of `--cert` that who connects from now on is shown.",
  },
  "the certificate has expired": {
    level: "warning",
    fields: { names, expires: "when that was" },
    meaning:
      "That of `--cert` is used all the same; browsers refuse it. Put a new one in its place.",
  },
  "the certificate stays as it was": {
    level: "error",
    fields: { error: "what is wrong with the new one" },
    meaning:
      "The files of `--cert` and `--key` have changed, and cannot be used: put a pair there " +
      "that fits.",
  },
  "certificate read": {
    level: "info",
    worse: "warning",
    fields: { names, expires, renewal },
    meaning: "The one that is kept in `--data` is used from now on; a `warning` where it has " +
      "expired: the next one is asked for.",
  },
  "asking for a certificate": {
    level: "info",
    fields: { names: "that it is to be for", directory: "which is asked" },
    meaning: "An attempt begins. What follows says how it ended.",
  },
  "certificate received": {
    level: "info",
    fields: { names, expires, renewal },
    meaning: "Who connects from now on is shown it, and it is kept in `--data`.",
  },
  "no certificate yet": {
    level: "error",
    fields: { why, again, failures },
    meaning: "An attempt failed, and nobody can connect: put right what `why` says " +
      "([what must be so](acme.md#what-must-be-so-before)), and start it again or wait.",
  },
  "certificate not renewed": {
    level: "warning",
    worse: "error",
    fields: { why, again, failures, expires: "when the one that is used is good no more" },
    meaning:
      "An attempt failed; the old one is used, and it is an `error` once that has expired. " +
      "Where it comes again for days, put right what `why` says; SIGHUP tries at once.",
  },
  "the directory wants to be left alone": {
    level: "warning",
    fields: { again },
    meaning: "It said so before this start (`Retry-After`), and is not asked sooner.",
  },
  "the certificate that is kept cannot be used": {
    level: "warning",
    fields: { why },
    meaning: "Its file in `--data` is damaged: a new one is asked for.",
  },
  "the certificate cannot be kept": {
    level: "error",
    fields: { why },
    meaning: "It is used, and gone with the next start: see to it that `--data` can be written. " +
      "Let's Encrypt gives five a week.",
  },
  "it cannot be read when the directory may be asked": {
    level: "warning",
    fields: { why },
    meaning: "Of what is in `--data`; it is asked at once.",
  },
  "it cannot be kept when the directory may be asked": {
    level: "warning",
    fields: { why },
    meaning: "See to it that `--data` can be written: a start before `again` asks too soon.",
  },
  "the backend cannot be asked": {
    level: "error",
    fields: { backend: "its scheme, host and port", why: "what went wrong" },
    meaning:
      "That of `--authorize`: who comes without a token gets 503, who is connected stays. It " +
      "is not said again until it has answered for 5 s: see `kodama_authorize_total`.",
  },
  "the backend answers again": {
    level: "info",
    fields: { backend: "as before" },
    meaning: "Who comes is let in or refused as it says.",
  },
  "the hook does not take events": {
    level: "error",
    fields: { backend: "its scheme, host and port", why: "what went wrong" },
    meaning: "One of `--hook`: they wait, and are sent again for 5 minutes.",
  },
  "the hook takes events again": {
    level: "info",
    fields: { backend: "as before" },
    meaning: "It is told what has waited, in order.",
  },
  "events for the hook are lost": {
    level: "warning",
    fields: {
      backend: "its scheme, host and port",
      count: "how many, since this was said last",
      why: "`too many wait`, `not taken for 5 minutes` or `shut down`; the last of them",
    },
    meaning: "At most every 10 s. The backend is told how many, too (`dropped`), and may ask for " +
      "who is there: see [hooks](hooks.md#what-is-lost).",
  },
  "the hook is not signed": {
    level: "warning",
    fields: {},
    meaning: "There is no `--secret`: whoever knows its URL can tell it anything.",
  },
  "publishes are refused": {
    level: "error",
    fields: { why: "in the engine's words" },
    meaning:
      "The engine cannot be reached: publishes get 503, subscribers stay. What to do: with " +
      "[a file](operations.md#when-something-is-wrong-with-the-file), with " +
      "[NATS](operations.md#when-nats-is-gone).",
  },
  "publishes are taken again": {
    level: "info",
    fields: {},
    meaning: "It can be reached again.",
  },
  "from the engine": {
    level: "warning",
    fields: { what: "in its words" },
    meaning: "With NATS: its `max_payload` is smaller than `--max-message`; what is larger is 413.",
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

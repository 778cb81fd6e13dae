/**
 * The settings of the commands besides `serve`.
 * @module
 */
import { parseSince } from "../hub/cursor.ts";
import { settings } from "./config.ts";
import { ConfigError, globs, one, quote, text, time, toggle } from "./setting.ts";

const YEAR = 365 * 24 * 3_600_000;

const token = text(
  "a JSON Web Token",
  "",
  "says who you are; better KODAMA_TOKEN, as others see flags",
  /^[A-Za-z0-9_.-]*$/,
);

/** Settings of `token`. */
export const tokenSettings = {
  /** Globs of channels that may be read. */
  read: globs("channels that may be read: * is one segment, ** any number (repeatable)"),
  /** Globs of channels that may be written. */
  write: globs("channels that may be written (repeatable)"),
  /** For how long, in ms. Default an hour. */
  ttl: time("1h", "for how long the token is good", 1000, YEAR),
  /** Whom it names. Default nobody. */
  sub: text("1 to 255 characters", "", "whom it names", /^[^\p{C}]{0,255}$/u),
  /** That of the server. */
  secret: { ...settings.secret, help: "the server's; better KODAMA_SECRET, as others see flags" },
};

/** Settings of `publish`. */
export const publishSettings = {
  /** The body's media type. */
  type: text(
    "a media type",
    "text/plain; charset=utf-8",
    "application/json, application/octet-stream for bytes, or any other for text",
    /^[\w.+-]+\/[\w.+-]+[ -~]{0,200}$/,
  ),
  /** Idempotency key. Default none. */
  key: text(
    "1 to 128 visible ASCII characters",
    "",
    "the same key on the same channel within 10 minutes publishes once: failures are tried again",
    /^[!-~]{0,128}$/,
  ),
  /** Each line is a message. */
  lines: toggle("each line of standard input is a message, for as long as there are any"),
  /** Says who publishes. Default nobody. */
  token,
};

/** Settings of `subscribe`. */
export const subscribeSettings = {
  /** From where on. Default now. */
  since: one(
    "an id, all, or an age such as 30s",
    "",
    "from an id, an age ago (30s), or all",
    (t) => {
      if (t !== "" && parseSince(t) === undefined) {
        throw new ConfigError(`must be an id, all, or an age such as 30s, and is ${quote(t)}`);
      }
      return t;
    },
  ),
  /** Says who subscribes. Default nobody. */
  token,
  /** Whether whole envelopes are printed. */
  json: toggle("prints each message as JSON, with its id and channel"),
};

/** Settings of `check`. */
export const checkSettings = {
  /** Whether one line of JSON is printed. */
  json: toggle("prints it as JSON, on one line"),
};

/** Settings of `health`: those of the server that say where it is, and for how long to wait. */
export const healthSettings = {
  hostname: settings.hostname,
  port: { ...settings.port, help: "its port; none: see --unix" },
  cert: settings.cert,
  acme: settings.acme,
  unix: settings.unix,
  host: settings.host,
  /** For an answer, in ms. Default 5 s. */
  timeout: time("5s", "for an answer"),
};

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

/** Whether a text is JSON that a token may carry as `info`. */
function isInfo(text: string): boolean {
  try {
    return new TextEncoder().encode(JSON.stringify(JSON.parse(text))).length <= 1024;
  } catch {
    return false;
  }
}

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
  /** What others are told of who that is, as JSON. Default nothing. */
  info: one("JSON of at most 1 KiB", "", "what others are told of who that is, as JSON", (t) => {
    if (t !== "" && !isInfo(t)) throw new ConfigError(`must be JSON of at most 1 KiB`);
    return t;
  }),
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
  /** Which connections are not told. Default none. */
  sender: text(
    "1 to 128 visible ASCII characters",
    "",
    "is told to all but the connections that were opened with ?sender= and the same",
    /^[!-~]{0,128}$/,
  ),
  /** Says who publishes. Default nobody. */
  token,
};

/** Settings of `subscribe`. */
export const subscribeSettings = {
  /** From where on. Default now. */
  since: one(
    "an id, an age such as 30s, all, last, or a number such as -10",
    "",
    "from an id, an age ago (30s), all, or of each channel the last, or the newest ten (-10)",
    (t) => {
      if (t !== "" && parseSince(t) === undefined) {
        throw new ConfigError(
          `must be an id, an age such as 30s, all, last, or a number such as -10, and is ${
            quote(t)
          }`,
        );
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

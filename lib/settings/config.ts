/**
 * Every setting, in one table: its flag `--name`, its environment variable `KODAMA_NAME`, its unit, default
 * and bounds, and its line in `--help`.
 * @module
 */
import { apps, hooks } from "./apps.ts";
import {
  choice,
  ConfigError,
  count,
  globs,
  list,
  networks,
  numberOf,
  one,
  orNone,
  path,
  quote,
  type Setting,
  size,
  time,
  url,
  type Values,
} from "./setting.ts";

/** Most threads: more than any machine that this is for has cores. */
const MAX_WORKERS = 256;

/** Where NATS is: one or more servers, and perhaps who comes. */
const SERVER = String.raw`(\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z._-]+)(:\d{1,5})?`;
const NATS = new RegExp(`^(nats|tls)://([^@\\s]+@)?${SERVER}(,${SERVER})*$`);

/** All settings, in the groups in which `--help` shows them. Times are in ms and sizes in bytes, once parsed. */
export const groups = {
  "Listening": {
    /** The address to listen on. Default 127.0.0.1. */
    hostname: one("an address", "127.0.0.1", "where it listens; with --acme everywhere", (text) => {
      if (!/^[0-9A-Za-z.:_-]{1,255}$/.test(text)) {
        throw new ConfigError(`must be an address or a name, and is ${quote(text)}`);
      }
      return text;
    }),
    /** The TCP port; 0 for any free one. Default 9999. */
    port: {
      ...orNone(
        count("9999", "its port; 0 takes any free one and prints it; none: see --unix", 0, 65535),
      ),
      short: "p",
    },
    /** A Unix socket to listen on as well, or instead with the port `none`. Default none. */
    unix: path("a Unix socket beside the port, or with --port none instead; mode 0660"),
    /** Names this server goes by; any other `Host` is 421. Default: loopback names, on a loopback address. */
    host: list(
      "a host name",
      "a name this server goes by: any other Host is 421 (repeatable)",
      /^[0-9A-Za-z._:[\]-]+$/,
    ),
    /** Whose `X-Forwarded-For` is believed: nobody's, that of whoever connects, or that of proxies there. Default off. */
    trustProxy: networks(
      "proxies whose X-Forwarded-For is believed: addresses, networks, off, or on for anybody",
    ),
  },
  "TLS": {
    /** The certificate's file, with those that lead to a known one (PEM). Default none: no TLS. */
    cert: path("file of a certificate and its chain (PEM): the port speaks https and wss"),
    /** The file of its private key (PEM). */
    key: path("file of its private key (PEM); both are read again on SIGHUP and when they change"),
    /** Whom a directory of certificates writes to: one is had there, by ACME. Default none. */
    acme: one(
      "a mail address",
      "",
      "gets a certificate for each --host and renews it; Let's Encrypt may write to this address",
      (text) => {
        if (text !== "" && !/^[^\s@,<>?]+@[^\s@,<>?]+$/.test(text)) {
          throw new ConfigError(`must be a mail address, and is ${quote(text)}`);
        }
        return text;
      },
    ),
    /** The directory. Default Let's Encrypt's. */
    acmeDirectory: one(
      "an https URL",
      "https://acme-v02.api.letsencrypt.org/directory",
      "asks this directory instead (RFC 8555)",
      (text) => {
        if (!/^https:\/\/./.test(text) || !URL.canParse(text)) {
          throw new ConfigError(`must be an https URL, and is ${quote(text)}`);
        }
        return text;
      },
    ),
    /** A port beside TLS for plain HTTP. Default none; with ACME 80, where it asks. */
    httpPort: orNone(
      count("none", "a port for plain HTTP: sends everybody to https; with --acme 80", 0, 65535),
    ),
    /** A folder for what is kept. Default none. */
    data: path("folder where --acme keeps its account and certificates"),
  },
  "Access": {
    /** Verifies tokens (HS256); 32 bytes or more. Default none: protected mode. */
    secret: one(
      "32 bytes or more",
      "",
      "verifies tokens signed with it (HS256); 32 bytes or more",
      (text) => {
        // Not shown: it is a secret, however short.
        if (text !== "" && new TextEncoder().encode(text).length < 32) {
          throw new ConfigError("must be 32 bytes or more");
        }
        return text;
      },
    ),
    /** URL of a JSON Web Key Set that verifies tokens. Default none. */
    jwks: one("a URL", "", "URL of the JSON Web Key Set that verifies tokens", (text) => {
      if (text !== "" && !/^https?:\/\/./.test(text) || text !== "" && !URL.canParse(text)) {
        throw new ConfigError(`must be an http or https URL, and is ${quote(text)}`);
      }
      return text;
    }),
    /** The backend that is asked about who comes without a token. Default none. */
    authorize: url("URL of a backend that says what somebody may do who comes without a token"),
    /** Globs of channels that may be read without a token, where tokens are verified. Default `public/**`. */
    public: globs(
      "channels to read without a token or a backend, where there is one (repeatable) [public/**]",
    ),
    /** Origins that may connect besides the server's own; `*` for all. Default none. */
    origin: list(
      "an origin such as https://example.com, or *",
      "a foreign web page that may connect (repeatable)",
      /^(\*|https?:\/\/[^/\s,]+)$/,
    ),
  },
  "Connections": {
    /** For a whole request head, from accept, and an idle keep-alive connection. Default 10 s. */
    handshakeTimeout: time("10s", "for a whole handshake, from accept; also an idle keep-alive"),
    /** For an HTTP body. Default 10 s. */
    bodyTimeout: time("10s", "for an HTTP body"),
    /** For one message, from its first byte to its last. Default 60 s. */
    messageTimeout: time("60s", "for one message, from its first byte to its last"),
    /** Between pings. Default 25 s. */
    pingInterval: time("25s", "between pings"),
    /** For a sign of life after a ping. Default 10 s. */
    pingTimeout: time("10s", "for an answer to a ping, or any sign of life"),
    /** For the closing handshake. Default 5 s. */
    closeTimeout: time("5s", "for the closing handshake"),
    /** For any progress of a write: then 1013. Default 10 s. */
    writeTimeout: time("10s", "for any progress of what waits: then 1013"),
  },
  "Limits": {
    /** Most connections at once: more get 503. Default: open files − 64. */
    maxConnections: count(
      "0",
      "most connections at once; 0: open files − 64, learnt when they run out",
      0,
    ),
    /** Most of them from one address, of IPv6 from one /64; loopback and Unix sockets are not counted. Default 100. */
    maxPerAddress: count(
      "100",
      "most of them from one address (IPv6: one /64), loopback excepted; more get 429; 0: any",
      0,
    ),
    /** Largest message, after reassembly; largest body. Default 1 MiB. */
    maxMessage: size("1MiB", "largest message, reassembled; largest HTTP body"),
    /** Most fragments of one message. Default 1024. */
    maxFragments: count("1024", "most fragments of one message"),
    /** What may wait to be written to one connection: more is 1013. Default 1 MiB. */
    maxBuffered: size("1MiB", "most that may wait to be written to one connection: then 1013"),
    /** What may wait to be written to all connections: those of which most waits end with 1013. Default 256 MiB. */
    maxBufferedTotal: size(
      "256MiB",
      "most that may wait for all connections together; the largest queue goes first, with 1013",
      1,
      2 ** 40,
    ),
    /** Channels of one connection: more are refused. Default 128. */
    maxChannels: count("128", "most channels of one connection", 1, 128),
    /** Messages a second from one connection; twice that in a burst; 0: no limit. Default 100. */
    messageRate: count(
      "100",
      "messages a second from one connection; twice that at once; 0: any",
      0,
    ),
    /** Pings a second from one connection; twice that in a burst; 0: no limit. Default 5. */
    pingRate: count("5", "pings a second from one connection; twice that at once; 0: any", 0),
  },
  "Memory": {
    /** Who keeps order and memory: this process, a file on this machine, or a stream of NATS. Default memory. */
    engine: one(
      "memory | sqlite:FILE | nats://HOST[,HOST…]",
      "memory",
      "where messages are kept; a file outlives a restart, NATS is shared: memory, sqlite:FILE, nats://HOST[,HOST…]",
      (text) => {
        if (text !== "memory" && !/^sqlite:./s.test(text) && !NATS.test(text)) {
          // Not shown: there may be a password in it.
          throw new ConfigError("must be memory, sqlite:FILE or nats://HOST[:PORT][,HOST…]");
        }
        return text;
      },
    ),
    /** A file with credentials for NATS. Default none. */
    natsCreds: one("a file", "", "a file with credentials for NATS", (text) => text),
    /** The name of the stream in NATS. Default kodama. */
    natsStream: one("a name", "kodama", "the name of the stream in NATS", (text) => {
      if (!/^[A-Za-z0-9_-]{1,32}$/.test(text)) {
        throw new ConfigError(`must be 1 to 32 of A-Z a-z 0-9 _ -, and is ${quote(text)}`);
      }
      return text;
    }),
    /** On how many servers each message is; 0: as the stream has it, one where it is made. Default 0. */
    natsReplicas: count(
      "0",
      "servers of NATS that keep each message; 0: as the stream has it, 1 where it is made",
      0,
      5,
    ),
    /** Messages that a channel remembers. Default 100. */
    history: count("100", "messages that a channel remembers", 0),
    /** For how long. Default 10 minutes. */
    historyAge: time("10m", "for how long a channel remembers them"),
    /** Of all channels together; the oldest go first. Default 64 MiB. */
    historyBytes: size("64MiB", "what all channels remember together; the oldest go first", 0),
  },
  "Compression": {
    /** Compression: each message by itself, with the context of those before it, or none. Default shared. */
    deflate: choice(
      ["shared", "takeover", "off"],
      "shared",
      "compression of each message by itself (shared), with context (takeover) or not",
    ),
    /** Smallest message that is compressed. Default 256 bytes. */
    deflateThreshold: size("256", "smallest message that is compressed", 0),
  },
  "Pusher": {
    /** Apps whose clients and servers speak the Pusher protocol. Default none. */
    pusher: apps(
      "APP_ID:KEY:SECRET of an app whose clients and servers speak Pusher's protocol (repeatable)",
    ),
    /** Whether clients of the Pusher protocol are told how many subscribe to a channel. Default off. */
    pusherCounts: choice(
      ["off", "on"],
      "off",
      "whether Pusher's clients are told how many subscribe to a channel",
    ),
  },
  "Operation": {
    /** Threads that serve; 0: one for each core. Default 1. */
    workers: {
      ...one("a number or auto", "1", "threads that serve; auto: one for each core", (text) => {
        if (text === "auto") return 0;
        const workers = /^[1-9]\d{0,2}$/.test(text) ? Number(text) : NaN;
        if (!(workers <= MAX_WORKERS)) {
          throw new ConfigError(`must be 1 to ${MAX_WORKERS}, or auto, and is ${quote(text)}`);
        }
        return workers;
      }),
      check: (value: unknown) => value === "auto" ? 0 : numberOf(value, 0, MAX_WORKERS),
    },
    /** When a shutdown ends at the latest. Default 10 s. */
    drain: time("10s", "when a shutdown ends at the latest; it closes 200 a second, or faster", 0),
    /** Between the ticker's messages. Default 1 s. */
    tickerInterval: time("1s", "between the messages of the ticker"),
    /** Whether a page may watch the bytes of its own connections. Default: on a loopback address only. */
    tap: choice(
      ["auto", "on", "off"],
      "auto",
      "whether a page may watch its connection's bytes; auto does on a loopback address",
    ),
    /** Least severe lines that are logged. Default info. */
    logLevel: choice(
      ["debug", "info", "warning", "error"],
      "info",
      "least severe lines that are logged",
    ),
    /** Form of a log line. Default text. */
    logFormat: choice(["text", "json"], "text", "form of a log line"),
    /** Who is told of channels with and without subscribers, and of who is there. Default nobody. */
    hook: hooks(
      "a URL or APP_ID=URL",
      "URL of a backend that is told who comes and goes; APP_ID=URL: as Pusher tells it (repeatable)",
    ),
  },
};

/** All settings. */
export const settings = {
  ...groups.Listening,
  ...groups.TLS,
  ...groups.Access,
  ...groups.Connections,
  ...groups.Limits,
  ...groups.Memory,
  ...groups.Compression,
  ...groups.Pusher,
  ...groups.Operation,
};

/** Every setting's value. */
export type Config = Values<typeof settings>;

/**
 * The names of a server that can be in a certificate from the internet: addresses are not, and what is this machine's own.
 * @param hosts As {@linkcode Config} has them.
 */
export function publicNames(hosts: readonly string[]): string[] {
  const names = hosts.map((host) => host.toLowerCase().replace(/:\d*$/, "").replace(/\.$/, ""));
  return [...new Set(names)].filter((name) =>
    !/^[\d.]+$|[[\]:]/.test(name) && !/(^|\.)localhost$/.test(name)
  );
}

/** Every setting's default. */
export const defaults: Config = Object.fromEntries(
  Object.entries<Setting<unknown>>(settings).map(([key, s]) => [
    key,
    s.parse(s.default === undefined ? [] : [s.default]),
  ]),
) as Config;

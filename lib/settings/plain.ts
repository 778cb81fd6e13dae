/**
 * Settings as a program gives them: plain values by the names of the table, within the bounds that flags have, too.
 * @module
 */
import type { Network } from "../http/address.ts";
import { type Config, defaults, settings } from "./config.ts";
import { ConfigError, KindError } from "./setting.ts";
import { together } from "./together.ts";

/** Every setting that the command has as a flag: `maxMessage` is `--max-message`. Times are in ms, sizes in bytes. */
export interface ServiceSettings {
  /** The address to listen on. Default 127.0.0.1; with `acme` everywhere. */
  hostname?: string;
  /** The TCP port; 0 for any free one; `none`: see `unix`. Default 9999. */
  port?: number | "none";
  /** A Unix socket to listen on as well, or instead with the port `none`. Default none. */
  unix?: string;
  /** Names this server goes by; any other `Host` is 421. Default: loopback names, on a loopback address. */
  host?: readonly string[];
  /** Whose `X-Forwarded-For` is believed: nobody's, anybody's, or that of who is in these networks. Default off. */
  trustProxy?: "off" | "on" | readonly (string | Network)[];
  /** The certificate's file, with those that lead to a known one (PEM). Default none: no TLS. */
  cert?: string;
  /** The file of its private key (PEM). */
  key?: string;
  /** Whom a directory of certificates writes to: one is had there, by ACME. Default none. */
  acme?: string;
  /** The directory. Default Let's Encrypt's. */
  acmeDirectory?: string;
  /** A port beside TLS for plain HTTP. Default none; with `acme` 80, where it asks. */
  httpPort?: number | "none";
  /** A folder for what is kept. Default none. */
  data?: string;
  /** Verifies tokens (HS256); 32 bytes or more. Default none: protected mode. */
  secret?: string;
  /** URL of a JSON Web Key Set that verifies tokens. Default none. */
  jwks?: string;
  /** URL of the backend that is asked about who comes without a token. Default none. */
  authorize?: string;
  /** Globs of channels that may be read without a token, where tokens are verified. Default `public/**`. */
  public?: readonly string[];
  /** Origins that may connect besides the server's own; `*` for all. Default none. */
  origin?: readonly string[];
  /** For a whole request head, from accept, and an idle keep-alive connection. Default 10,000. */
  handshakeTimeout?: number;
  /** For an HTTP body. Default 10,000. */
  bodyTimeout?: number;
  /** For one message, from its first byte to its last. Default 60,000. */
  messageTimeout?: number;
  /** Between pings. Default 25,000. */
  pingInterval?: number;
  /** For a sign of life after a ping. Default 10,000. */
  pingTimeout?: number;
  /** For the closing handshake. Default 5000. */
  closeTimeout?: number;
  /** For any progress of a write: then 1013. Default 10,000. */
  writeTimeout?: number;
  /** Most connections at once: more get 503. Default 0: open files − 64. */
  maxConnections?: number;
  /** Most of them from one address, of IPv6 from one /64; loopback and Unix sockets are not counted. Default 100. */
  maxPerAddress?: number;
  /** Largest message, after reassembly; largest body. Default 1 MiB. */
  maxMessage?: number;
  /** Most fragments of one message. Default 1024. */
  maxFragments?: number;
  /** What may wait to be written to one connection: more is 1013. Default 1 MiB. */
  maxBuffered?: number;
  /** What may wait to be written to all connections: those of which most waits end with 1013. Default 256 MiB. */
  maxBufferedTotal?: number;
  /** Channels of one connection: more are refused. Default 128. */
  maxChannels?: number;
  /** Messages a second from one connection; twice that in a burst; 0: no limit. Default 100. */
  messageRate?: number;
  /** Pings a second from one connection; twice that in a burst; 0: no limit. Default 5. */
  pingRate?: number;
  /** Who keeps order and memory: `memory`, `sqlite:FILE` or `nats://HOST[,HOST…]`. Default memory. */
  engine?: string;
  /** A file with credentials for NATS. Default none. */
  natsCreds?: string;
  /** The name of the stream in NATS. Default kodama. */
  natsStream?: string;
  /** On how many servers each message is; 0: as the stream has it, one where it is made. Default 0. */
  natsReplicas?: number;
  /** Messages that a channel remembers. Default 100. */
  history?: number;
  /** For how long. Default 600,000. */
  historyAge?: number;
  /** Of all channels together; the oldest go first. Default 64 MiB. */
  historyBytes?: number;
  /** Compression: each message by itself, with the context of those before it, or none. Default shared. */
  deflate?: "shared" | "takeover" | "off";
  /** Smallest message that is compressed. Default 256. */
  deflateThreshold?: number;
  /** Threads that serve; `auto`: one for each core. Default 1. */
  workers?: number | "auto";
  /** When a shutdown ends at the latest. Default 10,000. */
  drain?: number;
  /** Between the ticker's messages. Default 1000. */
  tickerInterval?: number;
  /** Whether a page may watch the bytes of its own connections. Default auto: on a loopback address only. */
  tap?: "auto" | "on" | "off";
  /** Least severe lines that are logged. Default info. */
  logLevel?: "debug" | "info" | "warning" | "error";
  /** Form of a line on standard error. Default text. */
  logFormat?: "text" | "json";
  /** URLs of the backends that are told who comes and goes; signed with `secret`. Default none. */
  hook?: readonly string[];
  /** Apps whose clients and servers speak the Pusher protocol. Default none. */
  pusher?: readonly (string | { id: string; key: string; secret: string })[];
  /** Whether clients of the Pusher protocol are told how many subscribe to a channel. Default off. */
  pusherCounts?: "off" | "on";
}

/** Whether an option is one of the settings. */
export function isSetting(name: string): name is keyof Config {
  return Object.hasOwn(settings, name);
}

/**
 * Checks settings that a program gives.
 * @param given By their names; what is `undefined` is its default.
 * @throws {TypeError} If one is of another kind than it must be, or two do not go together.
 * @throws {RangeError} If one is out of its bounds, or not in its form.
 */
export function checkedSettings(given: Readonly<ServiceSettings>): Config {
  const values = Object.entries(settings).map(([name, { check }]) => {
    const value: unknown = given[name as keyof Config];
    if (value === undefined) return [name, defaults[name as keyof Config]];
    try {
      return [name, check(value)];
    } catch (error) {
      if (error instanceof KindError) throw new TypeError(`${name} ${error.message}`);
      if (error instanceof ConfigError) throw new RangeError(`${name} ${error.message}`);
      throw error;
    }
  });
  try {
    const config = Object.fromEntries(values) as Config;
    return together(config, (name) => given[name] !== undefined, (name) => name);
  } catch (error) {
    if (error instanceof ConfigError) throw new TypeError(error.message);
    throw error;
  }
}

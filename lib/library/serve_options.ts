/**
 * What `serve()` is told.
 * @module
 */
import type { OwnLog } from "../engine/own.ts";
import type { Engine } from "../hub/engine.ts";
import type { Head } from "../http/head.ts";
import type { Reply } from "../http/response.ts";
import type { KeyPair } from "../net/certificate.ts";
import type { ListenerSettings } from "../net/listener.ts";
import type { Peer } from "../net/transport.ts";
import type { Fetch, FetchInfo } from "../net/web.ts";
import type { DeflateMode } from "../websocket/negotiate.ts";
import type { ChannelGap } from "./channels.ts";
import type { ServerSocket } from "./server_socket.ts";

/** Says that a WebSocket is accepted, and with what. */
export interface Upgrade {
  /** What its handlers find as `socket.data`. */
  data?: unknown;
  /** The subprotocol, which must be among those that the client offers. Default: as `protocols` says. */
  protocol?: string | undefined;
  /** Fields of the answer besides those of the handshake, such as `Set-Cookie`. */
  headers?: HeadersInit | undefined;
}

/** What `upgrade` may return: what accepts the WebSocket, `undefined`, which does, too, or an answer that refuses it. */
export type UpgradeResult = Upgrade | Response | undefined | void;

/** The type of `socket.data`, by what `upgrade` returns. */
export type DataOf<Result> = Result extends Response ? never
  : Result extends { data: infer Data } ? Data
  : "data" extends keyof Result ? Result["data"]
  : undefined;

/** Limits and times: of each connection, of each address and of all of them; in bytes and ms. */
export interface ServeLimits extends ListenerSettings {
  /** Most connections from one address, of IPv6 from one /64; loopback and Unix sockets are not counted. More: 429. 0: any. Default 100. */
  maxPerAddress: number;
  /** What may wait to be written to all connections: those of which most waits end with 1013. Default 256 MiB. */
  maxBufferedTotal: number;
  /** Messages a second from one connection, twice that in a burst: then 1008. 0: any. Default 0. */
  messageRate: number;
  /** Pings a second from one connection, twice that in a burst: then 1008. 0: any. Default 5. */
  pingRate: number;
}

/** What channels remember, and where. */
export interface ChannelOptions {
  /**
   * Who keeps order and memory: `memory`, `sqlite:FILE`, `nats://HOST[,HOST…]`; an engine of your own; or a log of your own with
   * its clock, of which is remembered what `history`, `historyAge` and `historyBytes` say. It is opened when a channel is first
   * used, and ended with the server. Default `memory`.
   */
  engine?: string | Engine | OwnLog | undefined;
  /** Messages that a channel remembers. Default 100. */
  history?: number | undefined;
  /** For how long, in ms. Default 10 minutes. */
  historyAge?: number | undefined;
  /** Of all channels together, in bytes; the oldest go first. Default 64 MiB. */
  historyBytes?: number | undefined;
  /** A file with credentials for NATS. Default none. */
  natsCreds?: string | undefined;
  /** The name of the stream in NATS. Default `kodama`. */
  natsStream?: string | undefined;
  /** On how many servers of NATS each message is; 0: as the stream has it. Default 0. */
  natsReplicas?: number | undefined;
}

/**
 * What {@linkcode serve} is told. Every limit and time of {@linkcode ServeLimits} can be set, too.
 *
 * The type of `socket.data` is that of what `upgrade` returns: it stands before the handlers, so that they know it.
 */
export interface ServeOptions<Result extends UpgradeResult = UpgradeResult>
  extends Partial<ServeLimits>, ChannelOptions {
  /** The address to listen on. Default `127.0.0.1`. */
  hostname?: string | undefined;
  /** The TCP port; 0 for any free one. Default 9999, or none where there is `unix`. */
  port?: number | undefined;
  /** A certificate, with those that lead to a known one, and its key (PEM): the port speaks https and wss. */
  tls?: KeyPair | undefined;
  /** A Unix socket to listen on, mode 0660; with `port` beside it. One that nobody answers on is taken over. */
  unix?: string | undefined;
  /** Shuts the server down. */
  signal?: AbortSignal | undefined;
  /** Proxies whose `X-Forwarded-For` is believed: addresses and networks, or `true` for whoever connects. Default none. */
  trustProxy?: boolean | readonly string[] | undefined;
  /** The subprotocols spoken here; the first of a client's that is among them is chosen. */
  protocols?: readonly string[] | undefined;
  /** What compression is agreed on where a client offers it (RFC 7692). Default `shared`. */
  deflate?: DeflateMode | undefined;
  /** Origins that may connect besides the server's own; `*` for all. Default none. */
  origins?: readonly string[] | undefined;
  /** Told of each place where it listens, once it does. */
  onListen?: ((addr: Deno.Addr) => unknown) | undefined;
  /**
   * Asked first, before a WebSocket is accepted, and for every request that is none.
   * @returns What to answer; `undefined` leaves it to `upgrade` and `fetch`.
   * @deprecated `upgrade` and `fetch` do it with requests and responses as the web has them.
   */
  request?:
    | ((request: Head & { peer: Peer }) => Reply | undefined | Promise<Reply | undefined>)
    | undefined;
  /**
   * Answers what is no WebSocket, as a `fetch` of Hono's or `Deno.serve`'s handler does. Default: 426.
   * What it throws is a 500, and told to `error`.
   */
  fetch?: Fetch | undefined;
  /** Accepts a WebSocket, with data of its own, or refuses it by a `Response`. Default: accepts all. */
  upgrade?: ((request: Request, info: FetchInfo) => Result | Promise<Result>) | undefined;
  /** A WebSocket is open. Like the others it may be asynchronous. */
  open?: ((socket: ServerSocket<DataOf<Result>>, request: Head) => unknown) | undefined;
  /** A message: text as a string, binary as bytes that are yours to keep. */
  message?:
    | ((socket: ServerSocket<DataOf<Result>>, data: string | Uint8Array<ArrayBuffer>) => unknown)
    | undefined;
  /** No more than 64 KiB are left of what waited, after a `send` that returned -1 or 0. */
  drain?: ((socket: ServerSocket<DataOf<Result>>) => unknown) | undefined;
  /**
   * Messages of a channel may be missing, of one that is sent without envelopes. Default: the socket is closed with 1012, so that
   * its client begins anew.
   */
  gap?: ((socket: ServerSocket<DataOf<Result>>, gap: ChannelGap) => unknown) | undefined;
  /** The end, exactly once; 1006 where it came without a close frame. */
  close?:
    | ((socket: ServerSocket<DataOf<Result>>, code: number, reason: string) => unknown)
    | undefined;
  /**
   * Told of what a handler threw, or rejected with; it has ended that connection (1011, or 500 where it was a request)
   * and no other. Told of the system's faults, too, such as no more open files, and of publishes that nobody waits for.
   * Default: `console.error`.
   */
  error?: ((error: unknown) => unknown) | undefined;
}

/** Options whose data may be of any type, as whoever calls the handlers sees them. */
// deno-lint-ignore no-explicit-any
export type AnyOptions = ServeOptions<{ data: any }>;

/**
 * The server's side of one WebSocket, as a handler has it.
 * @module
 */
import type { Peer } from "../net/transport.ts";
import type { ChannelGap } from "./channels.ts";

/** How a message is sent. */
export interface SendOptions {
  /** Whether it is compressed, where the client agreed to that. Default: from `deflateThreshold` on. */
  compress?: boolean | undefined;
}

/** How a socket subscribes. */
export interface SocketSubscribeOptions {
  /** An id, `all`, or an age such as `30s`: what is remembered from there on is sent first. Default: from now on. */
  since?: string | null | undefined;
  /**
   * Whether the client is sent envelopes, JSON with the id and the channel of each message, and first where it stands.
   * Default: the message's body as it is.
   */
  envelope?: boolean | undefined;
}

/** Where somebody who has subscribed begins. */
export interface Subscribed {
  /** The id from which live messages follow, once what was missed has been sent. */
  id: string;
  /** The channels on which something may be missing, with why. Empty: nothing is. */
  lost: ChannelGap["lost"];
}

/** The server's side of one WebSocket. */
export interface ServerSocket<Data = unknown> {
  /** What `upgrade` gave; yours to change. */
  data: Data;
  /** Who is at the other end; behind a proxy that is believed, who is behind it. */
  readonly peer: Peer;
  /** The address of it. Empty for a Unix socket. */
  readonly remoteAddress: string;
  /** The subprotocol that was chosen; empty where none was. */
  readonly protocol: string;
  /** As a browser's `WebSocket` has it: 1 open, 2 closing, 3 closed. */
  readonly readyState: 1 | 2 | 3;
  /** Whether messages can be sent. */
  readonly open: boolean;
  /** What was sent and has not left yet, in bytes. */
  readonly bufferedAmount: number;
  /** The channels that it subscribes to. */
  readonly subscriptions: string[];
  /**
   * Sends a message; it leaves with all else that is sent in this turn of the event loop. What was taken is delivered,
   * unless the connection ends.
   * @param data Text, or bytes, which are copied.
   * @returns What became of it, as Bun says it. Above 0, it was taken: the bytes that its frame has. -1: it was taken, too,
   * and waits with more than 64 KiB; `drain` is called when that much is left at most. 0: it was dropped, as more than
   * `maxBuffered` waits or the socket is not open.
   */
  send(data: string | Uint8Array, options?: SendOptions): number;
  /**
   * Sends a ping (RFC 6455, 5.5.2); the server does so by itself at each `pingInterval`.
   * @param data At most 125 bytes.
   * @returns As {@linkcode ServerSocket.send}.
   * @throws {RangeError} If the data is longer.
   */
  ping(data?: string | Uint8Array): number;
  /**
   * Begins the closing handshake, behind what was sent before (RFC 6455, 7.1.2).
   * @param code 1000 (default), 1001, 1003, 1007 to 1014, or 3000 to 4999.
   * @param reason At most 123 bytes of UTF-8; what is longer is cut.
   * @throws {RangeError} If the code must not appear in a close frame.
   */
  close(code?: number, reason?: string): void;
  /** Ends the connection at once, without a word: what waits is lost, and `close` is told 1006. */
  terminate(): void;
  /**
   * Subscribes to one channel or several: what is published from this call on is sent to the client. To subscribe to one
   * again begins anew there. A client that reads slowly is caught up from what the channels remember; what they do not
   * remember any more is told, to the client in envelopes, and to `gap` otherwise.
   * @returns Where it begins; nobody need wait for it. Rejects if that cannot be said, and then the socket is closed (1013).
   * @throws {TypeError} If a channel has no such name, or `since` is none.
   */
  subscribe(
    channels: string | readonly string[],
    options?: SocketSubscribeOptions,
  ): Promise<Subscribed>;
  /** Unsubscribes from a channel. Returns whether it was subscribed. */
  unsubscribe(channel: string): boolean;
}

/**
 * What an operator wants to know of connections that did not go well.
 * @module
 */
import type { HttpError } from "../http/error.ts";
import type { CloseReason } from "../websocket/close.ts";
import type { Peer } from "./transport.ts";

/** Told of what did not go well; a connection that nobody refuses pays nothing for it. */
export interface Watch {
  /** A request was answered with an error, or a connection with one to no request. */
  refused?(peer: Peer, error: HttpError): void;
  /** A connection did not become an encrypted one; why. */
  unencrypted?(peer: Peer, reason: string): void;
  /** A WebSocket ended with a code other than 1000, 1001 and 1006. */
  ended?(peer: Peer, reason: CloseReason): void;
}

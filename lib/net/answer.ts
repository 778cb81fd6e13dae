/**
 * What is asked on a connection, and what can be answered.
 * @module
 */
import type { Head } from "../http/head.ts";
import type { Reply } from "../http/response.ts";
import type { Accepted } from "../websocket/handshake.ts";
import type { WireTap } from "./outbox.ts";
import type { Source } from "./response_body.ts";
import type { SocketHandler } from "./socket_handler.ts";
import type { StreamHandler } from "./stream.ts";
import type { Peer } from "./transport.ts";

/** A request, as the service sees it. */
export interface Request extends Head {
  /** Who asks. */
  peer: Peer;
  /** Whether it came encrypted. */
  secure: boolean;
  /** Whether it has a body: chunked, or of a length that is not 0. */
  hasBody: boolean;
  /**
   * Reads the body; asks for it first where the client waits to be asked.
   * @param limit Largest body, in bytes; by default `maxMessage`.
   * @throws {HttpError} 400, 408 or 413.
   */
  body(limit?: number): Promise<Uint8Array<ArrayBuffer>>;
}

/** Says that a request becomes a WebSocket. */
export interface Upgrade {
  /** What the handshake answers. */
  upgrade: Accepted;
  /** Who is told of what comes. */
  handler: SocketHandler;
  /** Who watches its bytes, from the request's first on. */
  tap?: WireTap | undefined;
  /** Where it is counted while it is open, over TLS one place further; by default with those that ask for something else. */
  place?: number | undefined;
}

/** Says that a request is answered without an end. */
export interface Endless {
  /** The status: 200. */
  status: number;
  /** The fields. */
  headers: readonly [name: string, value: string][];
  /** Who writes the body. */
  stream: StreamHandler;
  /** Where it is counted while it is open, as an {@linkcode Upgrade} is. */
  place?: number | undefined;
}

/** Says that a request is answered with a body that is made while it is sent. */
export interface Streamed {
  /** The status. */
  status: number;
  /** What the status means, where it is not what the RFC calls it. */
  phrase?: string | undefined;
  /** The fields; those that frame the body are added. */
  headers: readonly [name: string, value: string][];
  /** The body's length, in bytes, where it is known. */
  length: number | undefined;
  /** Where the body comes from. */
  source: Source;
}

/** An answer: whole, in parts, endless, or the beginning of a WebSocket. */
export type Answer = Reply | Streamed | Endless | Upgrade;

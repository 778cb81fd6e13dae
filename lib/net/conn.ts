/**
 * Where a connection's bytes come from and go to, whatever they cross: TCP, TLS over it, or a Unix socket.
 * @module
 */
import type { Sink } from "./outbox.ts";

/** Both ways of one connection. A `Deno.Conn` is one; what its methods do and throw is what is asked of others. */
export interface Conn extends Sink {
  /** Who is at the other end. */
  readonly remoteAddr: Deno.Addr;
  /** Whether it is encrypted. */
  readonly secure?: boolean;
  /** Puts what arrives next into `into` and says how much; `null` at the end. One call at a time. */
  read(into: Uint8Array<ArrayBuffer>): Promise<number | null>;
  /** Ends this side, behind what was written. */
  closeWrite(): Promise<void>;
  /** Ends it at once; a read or write under way rejects. */
  close(): void;
}

/** Gives connections. A `Deno.Listener` is one. */
export interface Listener {
  /** Where it listens. */
  readonly addr: Deno.Addr;
  /** The next connection; its peer need not have said anything. */
  accept(): Promise<Conn>;
  /** Accepts no more. */
  close(): void;
}

/** Why it cannot be listened; the message is one line for whoever asked for it. */
export class ListenError extends Error {
  /** Its kind. */
  override name = "ListenError";
}

/** Why a peer does not get a connection that is encrypted; the message is for the log. */
export class HandshakeError extends Error {
  override name = "HandshakeError";
}

/**
 * The limits of one connection.
 * @module
 */
import type { MessageLimits } from "../websocket/message.ts";

/** What one connection may do and how long it may take; all times in ms, all sizes in bytes. */
export interface ConnectionSettings extends MessageLimits {
  /** For a whole request head, from accept or from the answer before: 408, or a quiet close where none had begun. */
  handshakeTimeout: number;
  /** For a request's body: 408. */
  bodyTimeout: number;
  /** For a message, from its first byte to its last: 1008. */
  messageTimeout: number;
  /** Between pings. */
  pingInterval: number;
  /** For any sign of life after a ping: the connection is dropped. */
  pingTimeout: number;
  /** For the closing handshake, and for the peer to end TCP. */
  closeTimeout: number;
  /** What may wait to be written: with more than this waiting, the next message is 1013. */
  maxBuffered: number;
  /** For any progress of a write: 1013. */
  writeTimeout: number;
  /** Smallest message that is compressed, where compression was agreed on. */
  deflateThreshold: number;
}

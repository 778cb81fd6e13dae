/**
 * What goes into a connection's state machine and what comes out of it.
 * @module
 */
import type { CloseReason } from "./close.ts";

/** Where the bytes are: consumed from `start` on, which is moved. {@linkcode Input} is one. */
export interface Received {
  /** The buffer. */
  bytes: Uint8Array;
  /** The same buffer, from its first byte on, as 32-bit words. */
  words: Int32Array;
  /** Index of the first byte that was not consumed. */
  start: number;
  /** Index after the last byte that has arrived. */
  end: number;
  /** How many bytes from `start` on make one frame, as far as is known; 0: not known. */
  wanted: number;
}

/** Where frames go: they are to be written in the order of the calls. */
export interface FrameWriter {
  /**
   * Takes one frame.
   * @param first The first byte: FIN, reserved bits and opcode.
   * @param payload Valid until the call returns.
   */
  frame(first: number, payload: Uint8Array): void;
}

/** What a connection tells its owner. */
export interface ProtocolEvents {
  /**
   * A whole message.
   * @param payload Valid until the call returns; text is valid UTF-8.
   * @param opcode {@linkcode Opcode} `Text` or `Binary`.
   */
  message(payload: Uint8Array, opcode: number): void;
  /** A ping; it is answered already. */
  ping?(payload: Uint8Array): void;
  /** A pong, asked for or not. */
  pong?(payload: Uint8Array): void;
  /** Asked before each frame: whether it has to wait, since too much waits to be sent. Then call `receive` again later. */
  full?(): boolean;
}

/** How a connection ended. */
export interface Ending extends CloseReason {
  /** Whether the closing handshake was completed (RFC 6455, 7.1.4). */
  clean: boolean;
}

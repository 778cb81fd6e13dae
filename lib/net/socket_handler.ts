/**
 * What whoever serves a WebSocket is told.
 * @module
 */
import type { Ending } from "../websocket/events.ts";
import type { Socket } from "./socket.ts";

/** What a WebSocket's owner wants to know. A throw in any of these ends that connection (1011), never the process. */
export interface SocketHandler {
  /** The handshake is done. */
  open?(socket: Socket): void;
  /**
   * A whole message.
   * @param payload Valid until this returns; text is valid UTF-8.
   * @param opcode {@linkcode Opcode} `Text` or `Binary`.
   */
  message?(socket: Socket, payload: Uint8Array, opcode: number): void;
  /** A ping; it is answered already. */
  ping?(socket: Socket): void;
  /** The server shuts down, and this will be closed: what it is still owed is sent now. */
  flush?(socket: Socket): void;
  /** The end, exactly once. */
  close?(socket: Socket, ending: Ending): void;
  /** Called at each tick of the clock while open; now in ms. */
  tick?(socket: Socket, now: number): void;
}

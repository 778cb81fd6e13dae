/**
 * A WebSocket's owner that writes down what it is told.
 * @module
 */
import type { Socket } from "../../lib/net/socket.ts";
import type { SocketHandler } from "../../lib/net/socket_handler.ts";
import { textOf, within } from "./raw.ts";

/** What was told, one line for each call, and the socket that told it. */
export class Recorder implements SocketHandler {
  /** `open`, `message 1 hello`, `close 1000 clean bye`. */
  readonly log: string[] = [];
  /** The latest connection. */
  socket!: Socket;
  readonly #more: SocketHandler;
  #waiting: (() => void)[] = [];

  /** @param more Called after each is written down. */
  constructor(more: SocketHandler = {}) {
    this.#more = more;
  }

  /** @inheritDoc */
  open(socket: Socket): void {
    this.socket = socket;
    this.#note("open");
    this.#more.open?.(socket);
  }

  /** @inheritDoc */
  message(socket: Socket, payload: Uint8Array, opcode: number): void {
    const text = payload.length > 100 ? `${payload.length} bytes` : textOf(payload);
    this.#note(`message ${opcode} ${text}`);
    this.#more.message?.(socket, payload, opcode);
  }

  /** @inheritDoc */
  close(socket: Socket, ending: { code: number; reason: string; clean: boolean }): void {
    const { code, reason, clean } = ending;
    this.#note(`close ${code} ${clean ? "clean" : "unclean"} ${reason}`.trimEnd());
    this.#more.close?.(socket, ending);
  }

  /** @inheritDoc */
  tick(socket: Socket, now: number): void {
    this.#more.tick?.(socket, now);
  }

  /** Waits until so many lines of that beginning are there, and gives the last of them. */
  async until(beginning: string, count = 1): Promise<string> {
    for (;;) {
      const lines = this.log.filter((line) => line.startsWith(beginning));
      if (lines.length >= count) return lines.at(-1)!;
      const next = new Promise<void>((resolve) => this.#waiting.push(resolve));
      await within(
        5000,
        `${count} × "${beginning}" in ${JSON.stringify(this.log.slice(-9))}`,
        next,
      );
    }
  }

  #note(line: string): void {
    this.log.push(line);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}

/** Sends every message back as it came. */
export const echo: SocketHandler = {
  message: (socket, payload, opcode) => void socket.send(payload, opcode),
};

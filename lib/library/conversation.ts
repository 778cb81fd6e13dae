/**
 * From the events of a WebSocket to the handlers of a program.
 * @module
 */
import type { Head } from "../http/head.ts";
import type { Socket } from "../net/socket.ts";
import type { SocketHandler } from "../net/socket_handler.ts";
import { RateLimit } from "../net/rate.ts";
import { CloseCode } from "../websocket/close.ts";
import type { Ending } from "../websocket/events.ts";
import { Opcode } from "../websocket/frame.ts";
import type { Calls } from "./calls.ts";
import { end, Face, look, type SocketContext } from "./face.ts";
import { ownBytes } from "./own_bytes.ts";
import type { AnyOptions } from "./serve_options.ts";

/** What all conversations of a server have in common. */
export interface ConversationContext extends SocketContext {
  /** The program's handlers. */
  handlers: Pick<AnyOptions, "open" | "message" | "close">;
  /** Messages and pings a second; 0: any. */
  messageRate: number;
  pingRate: number;
  /** Calls them. */
  calls: Calls;
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Handles one WebSocket. */
export class Conversation implements SocketHandler {
  readonly #context: ConversationContext;
  readonly #messages: RateLimit | undefined;
  readonly #pings: RateLimit | undefined;
  /** What it begins with, until it does. */
  #beginning: { data: unknown; request: Head } | undefined;
  #face: Face | undefined;

  /**
   * @param data For its handlers.
   * @param request What was asked.
   */
  constructor(context: ConversationContext, data: unknown, request: Head) {
    const { messageRate, pingRate } = context;
    this.#context = context;
    this.#beginning = { data, request };
    this.#messages = messageRate === 0 ? undefined : new RateLimit(messageRate);
    this.#pings = pingRate === 0 ? undefined : new RateLimit(pingRate);
  }

  open(socket: Socket): void {
    const { data, request } = this.#beginning!;
    this.#beginning = undefined;
    const face = this.#face = new Face(socket, data, this.#context);
    const { handlers, calls } = this.#context;
    calls.settle(face, handlers.open?.(face, request));
  }

  message(socket: Socket, payload: Uint8Array, opcode: number): void {
    if (this.#messages?.take() === false) {
      return socket.close(CloseCode.Policy, "too many messages");
    }
    const { handlers, calls } = this.#context, face = this.#face!;
    if (handlers.message === undefined) return;
    if (opcode !== Opcode.Text) {
      return calls.settle(face, handlers.message(face, ownBytes(payload)));
    }
    const text = decoder.decode(payload);
    look(face, text, payload);
    try {
      calls.settle(face, handlers.message(face, text));
    } finally {
      look(face, undefined, undefined);
    }
  }

  ping(socket: Socket): void {
    if (this.#pings?.take() === false) socket.close(CloseCode.Policy, "too many pings");
  }

  close(_: Socket, { code, reason }: Ending): void {
    const { handlers, calls } = this.#context, face = this.#face;
    // It has ended before it began: nobody was told of it.
    if (face === undefined) return;
    end(face);
    calls.settle(face, handlers.close?.(face, code, reason));
  }
}

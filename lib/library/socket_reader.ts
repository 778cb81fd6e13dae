/**
 * A WebSocket as a reader of channels: each message in a frame that all who subscribe share.
 * @module
 */
import { EngineError } from "../hub/engine.ts";
import type { Gap, Opening } from "../hub/hub.ts";
import { type Form, type Message, weight } from "../hub/message.ts";
import type { Socket } from "../net/socket.ts";
import { type FrameForms, gaps, type Mode } from "../service/forms.ts";
import { formFor, sendMessage } from "../service/send.ts";
import { CloseCode } from "../websocket/close.ts";
import { Overrun, type Reader } from "./follower.ts";

/** With more than this in its queue nobody should send more, in bytes. */
export const HIGH_WATER: number = 64 * 1024;

/** What readers need of their server. */
export interface ReaderContext {
  /** What may wait when another message comes, in bytes. */
  maxBuffered: number;
  /** How messages become frames. */
  forms: FrameForms;
  /** Told what went wrong. */
  fault: (error: unknown) => void;
}

/** Sends what comes on channels. */
export class SocketReader implements Reader {
  readonly #socket: Socket;
  readonly #channels: readonly string[];
  readonly #mode: Mode;
  readonly #told: ((gap: Gap) => void) | undefined;
  readonly #context: ReaderContext;
  readonly #form: Form | undefined;
  readonly #most: number;

  /**
   * @param channels What it is told that it subscribes to, in envelopes.
   * @param told Told of gaps where the peer cannot be; `undefined`: nobody is, and the socket is closed.
   */
  constructor(
    socket: Socket,
    channels: readonly string[],
    mode: Mode,
    told: ((gap: Gap) => void) | undefined,
    context: ReaderContext,
  ) {
    this.#socket = socket;
    this.#channels = channels;
    this.#mode = mode;
    this.#told = told;
    this.#context = context;
    this.#most = context.maxBuffered;
    this.#form = formFor(socket, context.forms, mode);
  }

  opened(opening: Opening): void {
    if (this.#mode === "raw") return;
    this.#say({ open: opening.open, channels: this.#channels, ...gaps(opening) });
  }

  take(message: Message): void {
    sendMessage(this.#socket, message, this.#mode, this.#form);
  }

  isFull(): boolean {
    return this.#socket.bufferedAmount > this.#most;
  }

  ready(): Promise<void> | undefined {
    const most = Math.min(HIGH_WATER, this.#most);
    return this.#socket.bufferedAmount > most ? this.#socket.drained(most) : undefined;
  }

  gap(gap: Gap): void {
    if (this.#mode === "envelope") this.#say({ ...gaps(gap), open: gap.open });
    else if (this.#told !== undefined) this.#told(gap);
    // A raw message is a body and nothing else: that something is missing can only be told by closing.
    else this.#socket.close(CloseCode.ServiceRestart, "messages may have been missed");
  }

  fail(error: unknown): void {
    if (error instanceof EngineError) {
      this.#socket.close(CloseCode.TryAgainLater, "what was missed is not known");
    } else if (error instanceof Overrun) {
      this.#socket.close(CloseCode.TryAgainLater, "reading too slowly");
    } else {
      this.#context.fault(error);
      this.#socket.close(CloseCode.InternalError, "internal error");
    }
  }

  keep(message: Message): void {
    this.#socket.kept.add(message, weight(message));
  }

  letGo(message: Message): void {
    this.#socket.kept.delete(message);
  }

  #say(value: unknown): void {
    this.#socket.send(JSON.stringify(value));
  }
}

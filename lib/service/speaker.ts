/**
 * How messages leave to one subscriber by WebSocket: encoded once for all, wherever that can be.
 * @module
 */
import type { Form, Message } from "../hub/message.ts";
import { caughtUp } from "../net/catch_up.ts";
import type { Socket } from "../net/socket.ts";
import { Opcode } from "../websocket/frame.ts";
import type { FrameForms, Mode } from "./forms.ts";
import { Latest } from "./latest.ts";
import { formFor, sendMessage } from "./send.ts";

/** Speaks to one subscriber. */
export class Speaker {
  readonly #socket: Socket;
  readonly #mode: Mode;
  readonly #form: Form | undefined;
  readonly #whole: Form | undefined;
  readonly #latest: Latest | undefined;

  /** @param latest Whether only the newest is wanted, where more waits. */
  constructor(
    socket: Socket,
    { forms, mode, latest }: { forms: FrameForms; mode: Mode; latest: boolean },
  ) {
    this.#socket = socket;
    this.#mode = mode;
    this.#form = formFor(socket, forms, mode);
    this.#whole = formFor(socket, forms, "raw");
    if (!latest) return;
    this.#latest = new Latest(socket, (message, skipped) => this.#send(message, skipped));
  }

  /** Says something as JSON. */
  say(value: unknown): void {
    const say = () => void this.#socket.send(JSON.stringify(value));
    if (this.#latest !== undefined) this.#latest.say(say);
    else say();
  }

  /**
   * Says who is there on a channel.
   * @param change What has changed: the JSON is the body of a message that is none of the channel.
   * @param all All of it, as it is when that is asked.
   */
  sayMembers(channel: string, change: Message, all: () => Message): void {
    const send = (message: Message) => {
      if (this.#whole !== undefined) this.#socket.sendFrame(message.as(this.#whole));
      else this.#socket.send(message.body, Opcode.Text);
    };
    if (this.#latest === undefined) send(change);
    else this.#latest.sayState(`presence ${channel}`, () => send(change), () => send(all()));
  }

  /** Sends a message of a channel. */
  deliver(message: Message): void {
    if (this.#latest !== undefined) this.#latest.deliver(message);
    else this.#send(message, 0);
  }

  /** Resolves when more of what was missed can be sent; `undefined` if it can at once. */
  ready(): Promise<void> | undefined {
    if (this.#latest !== undefined) return this.#latest.ready();
    return caughtUp(this.#socket);
  }

  /** Sends all that waits. */
  flush(): void {
    this.#latest?.flush();
  }

  #send(message: Message, skipped: number): void {
    sendMessage(this.#socket, message, this.#mode, this.#form, skipped);
  }
}

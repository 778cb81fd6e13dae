/**
 * One client of the Pusher protocol: what it asks for is done, or refused.
 * @module
 */
import type { Rights } from "../auth/auth.ts";
import { EngineError } from "../hub/engine.ts";
import { HttpError } from "../http/error.ts";
import { EACH } from "../hub/message.ts";
import { Asked } from "../net/asked.ts";
import { RateLimit } from "../net/rate.ts";
import type { Socket } from "../net/socket.ts";
import type { SocketHandler } from "../net/socket_handler.ts";
import { CloseCode } from "../websocket/close.ts";
import { Opcode } from "../websocket/frame.ts";
import type { App } from "./app.ts";
import type { Publish, PusherContext } from "./context.ts";
import { draftOf } from "./event.ts";
import {
  type Asked as Asking,
  type AskedOf,
  Code,
  established,
  MAX_DATA,
  MAX_EVENT,
  newSocketId,
  readAsked,
  readUserData,
  type Refusal,
  refused,
  said,
  sizeOf,
  type User,
} from "./protocol.ts";
import { isAuthentic, userText } from "./signature.ts";
import { Subscriptions } from "./subscriptions.ts";

/** Events a second that a client may send, and at once. */
export const EVENTS = 10;

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** One client. */
export class Client implements SocketHandler {
  readonly #app: App;
  readonly #context: PusherContext;
  readonly #rights: Rights;
  readonly #publish: Publish;
  readonly #id = newSocketId();
  readonly #messages: RateLimit;
  readonly #pings: RateLimit;
  /** Of those who send events. */
  #events: RateLimit | undefined;
  #socket!: Socket;
  #asked!: Asked;
  #subscriptions!: Subscriptions;
  /** Who has signed in, and what notes that the connection is not theirs any more. */
  #user: { is: User; gone: () => void } | undefined;

  /**
   * @param rights What may be done without a signature.
   * @param publish Publishes in its name.
   */
  constructor(app: App, context: PusherContext, rights: Rights, publish: Publish) {
    this.#publish = publish;
    this.#app = app;
    this.#context = context;
    this.#rights = rights;
    this.#messages = new RateLimit(context.config.messageRate);
    this.#pings = new RateLimit(context.config.pingRate);
  }

  /** @inheritDoc */
  open(socket: Socket): void {
    this.#socket = socket;
    this.#asked = new Asked(socket, (error) => this.#fail(error));
    const context = this.#context;
    this.#subscriptions = new Subscriptions(this.#app, context, this.#rights, socket, this.#id);
    socket.send(established(this.#id));
  }

  /** @inheritDoc */
  message(socket: Socket, payload: Uint8Array, opcode: number): void {
    if (opcode === Opcode.Binary) return socket.close(CloseCode.Unsupported, "JSON is spoken here");
    if (!this.#messages.take()) {
      return this.#end({ code: Code.Rejected, message: "too many messages" });
    }
    const asked = readAsked(decoder.decode(payload));
    if ("code" in asked) return this.#refuse(asked);
    if (asked.ask === "pong") return;
    if (asked.ask === "ping") return void socket.send(said("pusher:pong", {}));
    if (asked.ask === "trigger") {
      const fault = this.#eventFault(asked);
      if (fault !== undefined) return this.#reject(asked, fault);
    }
    // What is asked for is done in the order in which it was asked.
    this.#asked.wait(payload.length + EACH);
    // Who sends an event and leaves at once has sent it.
    this.#asked.do(() => this.#do(asked), asked.ask === "trigger");
  }

  /** @inheritDoc */
  ping(): void {
    if (!this.#pings.take()) this.#end({ code: Code.Rejected, message: "too many pings" });
  }

  /** @inheritDoc */
  tick(_: Socket, now: number): void {
    this.#context.counts?.tick(now);
    if (Date.now() < this.#rights.expires) return;
    this.#end({ code: Code.Unauthorized, message: "token expired" });
  }

  /** @inheritDoc */
  close(): void {
    this.#asked.leave();
    this.#subscriptions.leave();
    this.#user?.gone();
  }

  #refuse(refusal: Refusal, channel?: string): void {
    this.#socket.send(refused(refusal, channel));
  }

  /** Refuses an event. */
  #reject({ channel }: AskedOf<"trigger">, message: string): void {
    this.#context.publishes.refused("websocket");
    this.#refuse({ code: Code.Rejected, message }, channel);
  }

  /** Says why, and ends the connection. */
  #end(refusal: Refusal): void {
    this.#refuse(refusal);
    this.#socket.close(refusal.code, refusal.message);
  }

  #fail(error: unknown): void {
    // What a cache channel remembers cannot be said now.
    if (error instanceof EngineError) {
      return this.#socket.close(CloseCode.TryAgainLater, "what was missed is not known");
    }
    this.#context.fault(error);
    this.#socket.close(CloseCode.InternalError, "internal error");
  }

  #do(asked: Exclude<Asking, AskedOf<"ping"> | AskedOf<"pong">>): Promise<void> | void {
    switch (asked.ask) {
      case "subscribe":
        return this.#subscriptions.subscribe(asked, this.#user?.is);
      case "unsubscribe":
        return this.#subscriptions.unsubscribe(asked.channel);
      case "signin":
        return this.#signIn(asked);
      case "trigger":
        return this.#trigger(asked);
    }
  }

  #signIn({ auth, data }: AskedOf<"signin">): void {
    const end = (message: string) => this.#end({ code: Code.Unauthorized, message });
    if (!isAuthentic(this.#app, userText(this.#id, data), auth)) {
      return end("auth is not a signature of socket_id and user_data");
    }
    const user = readUserData(data);
    if (typeof user === "string") return end(user);
    if (this.#user !== undefined && this.#user.is.id !== user.id) {
      return end("somebody else has signed in here");
    }
    this.#user?.gone();
    const gone = this.#context.connections.add(
      this.#app.prefix + user.id,
      () => end("ended by the application"),
    );
    this.#user = { is: user, gone };
    this.#socket.send(said("pusher:signin_success", { user_data: data }));
  }

  /** Why an event is refused at once, if it is. */
  #eventFault({ event, data }: AskedOf<"trigger">): string | undefined {
    this.#events ??= new RateLimit(EVENTS, EVENTS);
    if (!this.#events.take()) return `over ${EVENTS} events a second`;
    if (event.length > MAX_EVENT) return `the event's name is over ${MAX_EVENT} characters`;
    return sizeOf(data ?? "") > MAX_DATA ? `the data is over ${MAX_DATA} bytes` : undefined;
  }

  async #trigger(asked: AskedOf<"trigger">): Promise<void> {
    const { publishes, told } = this.#context, came = performance.now();
    const { event, channel: name, data } = asked, place = this.#subscriptions.place(name);
    if (place === undefined || !place.kind.guarded || place.kind.encrypted) {
      return this.#reject(
        asked,
        "events are sent to private and presence channels that are subscribed to",
      );
    }
    const user = place.member?.id, sender = this.#id;
    try {
      const draft = { ...draftOf(place.channel, { event, data, user }), sender };
      publishes.done("websocket", came, await this.#publish(draft));
      told?.clientEvent(this.#app, { channel: name, event, data, socketId: sender, user });
    } catch (error) {
      publishes.failed("websocket", error);
      if (!(error instanceof EngineError || error instanceof HttpError)) throw error;
      this.#refuse({ code: Code.Rejected, message: error.message }, name);
    }
  }
}

/** Says why a connection cannot be, and ends it: before that, no client hears. */
export function refusing(
  refusal: Refusal,
  { refused: told }: Pick<PusherContext, "refused">,
): SocketHandler {
  return {
    open(socket) {
      told?.(socket.peer, new HttpError(refusal.code, refusal.message));
      socket.send(refused(refusal));
      socket.close(refusal.code, refusal.message);
    },
  };
}

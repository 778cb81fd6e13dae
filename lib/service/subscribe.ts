/**
 * Subscribing by WebSocket, raw or enveloped.
 * @module
 */
import { parseSince } from "../hub/cursor.ts";
import { EngineError, type Published } from "../hub/engine.ts";
import type { Gap, Hub, Opening, Subscriber } from "../hub/hub.ts";
import { type Draft, EACH, type Form, type Kind, type Message, weight } from "../hub/message.ts";
import { nameFault } from "../hub/name.ts";
import { HttpError } from "../http/error.ts";
import type { Socket } from "../net/socket.ts";
import type { SocketHandler } from "../net/socket_handler.ts";
import { CloseCode } from "../websocket/close.ts";
import { Opcode } from "../websocket/frame.ts";
import { type Members, membersOf, parseJSON, readDraft } from "./draft.ts";
import { gaps } from "./forms.ts";
import { Latest } from "./latest.ts";
import { RateLimit } from "./rate.ts";
import { formFor, sendMessage } from "./send.ts";
import type { Subscription } from "./subscription.ts";

/** What may wait to be sent before more of what was missed follows, in bytes. */
export const CATCH_UP = 64 * 1024;
/** What a client has asked for and waits for, in bytes; at more, no more is read from it before all of it is done. */
export const MAX_ASKED = 64 * 1024;
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** The handler of one subscriber's WebSocket. */
export function subscriberHandler(subscription: Subscription): SocketHandler {
  const { rights, config } = subscription;
  const messages = new RateLimit(config.messageRate), pings = new RateLimit(config.pingRate);
  let client: Client | undefined;
  return {
    open(socket) {
      client = new Client(socket, subscription);
      client.open();
      subscription.release();
    },
    message(socket, payload, opcode) {
      if (messages.take()) client!.message(payload, opcode);
      else socket.close(CloseCode.Policy, "too many messages");
    },
    ping(socket) {
      if (!pings.take()) socket.close(CloseCode.Policy, "too many pings");
    },
    tick(socket) {
      if (Date.now() >= rights.expires) socket.close(CloseCode.Policy, "token expired");
    },
    flush() {
      client?.flush();
    },
    close() {
      client?.leave();
    },
  };
}

/** One subscriber. */
class Client implements Subscriber {
  readonly #socket: Socket;
  readonly #hub: Hub;
  readonly #subscription: Subscription;
  readonly #channels = new Set<string>();
  readonly #form: Form | undefined;
  readonly #latest: Latest | undefined;
  /** What the client asked for is done in the order in which it asked. */
  #last: Promise<unknown> = Promise.resolve();
  /** How much that is, and how many things, until all of them are done. */
  #asked = 0;
  #doing = 0;
  #left = false;

  constructor(socket: Socket, subscription: Subscription) {
    this.#socket = socket;
    this.#hub = subscription.hub;
    this.#subscription = subscription;
    this.#form = formFor(socket, subscription.forms, subscription.mode);
    if (!subscription.latest) return;
    this.#latest = new Latest(socket, (message, skipped) => this.#send(message, skipped));
  }

  open(): void {
    const { channels, since, mode } = this.#subscription;
    for (const channel of channels) this.#channels.add(channel);
    if (mode === "raw") return this.#hub.join(this, channels);
    this.#do(() =>
      this.#hub.subscribe(this, channels, since, (opening) => {
        this.#say({ open: opening.open, channels, ...gaps(opening) });
      })
    );
  }

  message(payload: Uint8Array, opcode: number): void {
    this.#wait(payload.length + EACH);
    if (this.#subscription.mode === "raw") this.#publishRaw(payload, opcode);
    else if (opcode === Opcode.Binary) {
      this.#socket.close(CloseCode.Unsupported, "JSON is spoken here");
    } else this.#request(decoder.decode(payload));
  }

  flush(): void {
    this.#latest?.flush();
  }

  leave(): void {
    this.#left = true;
    for (const channel of this.#channels) this.#hub.unsubscribe(this, channel);
    this.#channels.clear();
  }

  deliver(message: Message): void {
    if (this.#latest !== undefined) this.#latest.deliver(message);
    else this.#send(message, 0);
  }

  keep(message: Message): void {
    this.#socket.kept.add(message, weight(message));
  }

  letGo(message: Message): void {
    this.#socket.kept.delete(message);
  }

  ready(): Promise<void> | undefined {
    if (this.#latest !== undefined) return this.#latest.ready();
    return this.#socket.bufferedAmount > CATCH_UP ? this.#socket.drained(CATCH_UP) : undefined;
  }

  overrun(): void {
    this.#subscription.overrun();
    this.#socket.close(CloseCode.TryAgainLater, "reading too slowly");
  }

  lost(gap: Gap): void {
    // A raw message is a body and nothing else: that something is missing can only be told by closing.
    if (this.#subscription.mode === "raw") {
      this.#socket.close(CloseCode.ServiceRestart, "messages may have been missed");
    } else this.#say({ ...gaps(gap), open: gap.open });
  }

  /** Counts what was asked for, until all of that is done. */
  #wait(bytes: number): void {
    this.#asked += bytes;
    if (this.#asked > MAX_ASKED) this.#socket.hold();
  }

  /** Does one thing after what was asked before; where `always`, also if who asked has left meanwhile. */
  #do(what: () => Promise<unknown>, always = false): void {
    this.#doing++;
    this.#last = this.#last.then(async () => {
      try {
        if (always || !this.#left) await what();
      } catch (error) {
        this.#fail(error);
      }
      if (--this.#doing > 0) return;
      this.#asked = 0;
      this.#socket.goOn();
    });
  }

  #fail(error: unknown): void {
    // What was missed cannot be said now: it is for a later connection, or another node.
    if (error instanceof EngineError) {
      return this.#socket.close(CloseCode.TryAgainLater, "what was missed is not known");
    }
    this.#subscription.fault(error);
    this.#socket.close(CloseCode.InternalError, "internal error");
  }

  #say(value: unknown): void {
    const say = () => void this.#socket.send(JSON.stringify(value));
    if (this.#latest !== undefined) this.#latest.say(say);
    else say();
  }

  /** Sends a message; `skipped`: how many were left out before it on its channel. */
  #send(message: Message, skipped: number): void {
    sendMessage(this.#socket, message, this.#subscription.mode, this.#form, skipped);
  }

  #publishRaw(payload: Uint8Array, opcode: number): void {
    const [channel] = this.#subscription.channels;
    if (!this.#subscription.rights.write(channel!)) {
      this.#subscription.publishes.refused("websocket");
      const hint = this.#subscription.rights.hint === undefined ? "" : ": only this machine may";
      return this.#socket.close(CloseCode.Policy, `not allowed to write${hint}`);
    }
    const kind: Kind = opcode === Opcode.Binary ? "binary" : "text";
    const body = payload.slice(), came = performance.now();
    this.#do(async () => {
      try {
        await this.#publish({ channel: channel!, kind, body }, came);
      } catch (error) {
        if (error instanceof HttpError) {
          return this.#socket.close(CloseCode.Policy, error.message);
        }
        if (!(error instanceof EngineError)) throw error;
        // There is no answer in which it could be said.
        const code = error.tooLarge ? CloseCode.TooBig : CloseCode.InternalError;
        this.#socket.close(code, "not published");
      }
      // Who publishes and closes at once has published.
    }, true);
  }

  /** Publishes what had come whole at some time. */
  async #publish(draft: Draft, came: number): Promise<Published> {
    const { publishes } = this.#subscription;
    try {
      const published = await this.#subscription.publish(draft);
      publishes.done("websocket", came, published);
      return published;
    } catch (error) {
      publishes.failed("websocket", error);
      throw error;
    }
  }

  /** Takes a request of the envelope. */
  #request(text: string): void {
    let request: unknown;
    try {
      request = parseJSON(text);
    } catch {
      return this.#refuse("not JSON");
    }
    const members = membersOf(request);
    if (members === undefined) return this.#refuse("not an object");
    const ref = members.ref === undefined ? {} : { ref: members.ref };
    const verbs = ["sub", "unsub", "pub"].filter((verb) => members[verb] !== undefined);
    const channel = members[verbs[0] ?? ""];
    let error: string | undefined;
    if (verbs.length !== 1) error = "one of sub, unsub and pub is needed";
    else if (typeof channel !== "string") error = "the channel is not a text";
    else error = nameFault(channel) ?? this.#carryOut(verbs[0]!, channel, members, ref);
    if (error !== undefined) this.#refuse(error, ref);
  }

  /** Answers a request that is refused, in its turn: who asks may count on the order of the answers. */
  #refuse(error: string, ref: { ref?: unknown } = {}): void {
    this.#do(() => {
      this.#say({ error, ...ref });
      return Promise.resolve();
    });
  }

  /** Carries out a request. Returns what is wrong with it. */
  #carryOut(
    verb: string,
    channel: string,
    members: Members,
    ref: { ref?: unknown },
  ): string | undefined {
    if (verb === "sub") return this.#sub(channel, members.since, ref);
    if (verb === "pub") return this.#pub(channel, members, ref);
    // What was asked before, a `sub` perhaps, is answered before.
    this.#do(() => {
      this.#channels.delete(channel);
      this.#hub.unsubscribe(this, channel);
      this.#say({ unsub: channel, ...ref });
      return Promise.resolve();
    });
    return undefined;
  }

  #sub(channel: string, from: unknown, ref: { ref?: unknown }): string | undefined {
    const { rights, config } = this.#subscription;
    if (!rights.read(channel)) return "forbidden";
    const since = typeof from === "string" ? parseSince(from) : undefined;
    if (from !== undefined && since === undefined) return "since is no id, no age and not all";
    const { unreachable } = this.#hub;
    if (since !== undefined && unreachable !== undefined) return unreachable;
    this.#do(async () => {
      if (this.#channels.has(channel)) return this.#say({ error: "already subscribed", ...ref });
      if (this.#channels.size >= config.maxChannels) {
        return this.#say({ error: "too many channels", ...ref });
      }
      const others = [...this.#channels];
      this.#channels.add(channel);
      const opened = (opening: Opening) => {
        this.#say({ sub: channel, open: opening.open, ...gaps(opening), ...ref });
      };
      await this.#hub.subscribe(this, [channel], since, opened, others);
    });
    return undefined;
  }

  #pub(
    channel: string,
    members: Members,
    ref: { ref?: unknown },
  ): string | undefined {
    const came = performance.now();
    const draft = this.#subscription.rights.write(channel) ? readDraft(members) : "forbidden";
    if (typeof draft === "string") {
      this.#subscription.publishes.refused("websocket");
      return draft;
    }
    this.#do(async () => {
      try {
        const { id } = await this.#publish({ channel, ...draft }, came);
        this.#say({ ...ref, id });
      } catch (error) {
        if (!(error instanceof EngineError || error instanceof HttpError)) throw error;
        this.#say({ error: error.message, ...ref });
      }
    }, true);
    return undefined;
  }
}

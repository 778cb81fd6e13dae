/**
 * Subscribing by WebSocket, raw or enveloped.
 * @module
 */
import { parseSince, type Since } from "../hub/cursor.ts";
import { EngineError, type Published } from "../hub/engine.ts";
import type { Rights } from "../auth/auth.ts";
import { HttpError } from "../http/error.ts";
import type { Gap, Hub, Member, Opening, Subscriber } from "../hub/hub.ts";
import { type Draft, EACH, type Kind, type Message, weight } from "../hub/message.ts";
import type { Socket } from "../net/socket.ts";
import type { SocketHandler } from "../net/socket_handler.ts";
import { CloseCode } from "../websocket/close.ts";
import { Opcode } from "../websocket/frame.ts";
import { Asked } from "../net/asked.ts";
import type { Members as Fields } from "../hub/json.ts";
import { readDraft } from "./draft.ts";
import { readRequest, type Ref } from "./envelope.ts";
import { gaps } from "./forms.ts";
import { Members } from "./members.ts";
import { RateLimit } from "../net/rate.ts";
import { renew } from "./renew.ts";
import { Speaker } from "./speaker.ts";
import type { Subscription } from "./subscription.ts";

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** The handler of one subscriber's WebSocket. */
export function subscriberHandler(subscription: Subscription): SocketHandler {
  const { config } = subscription;
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
    tick() {
      client?.tick();
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
  readonly #speaker: Speaker;
  /** Who is there, of the channels on which it is told that. */
  #members: Members | undefined;
  readonly #member: Member | undefined;
  readonly sender: string | undefined;
  /** What its owner may do, by the token that was given last. */
  #rights: Rights;
  #gone: () => void = () => {};
  readonly #asked: Asked;

  constructor(socket: Socket, subscription: Subscription) {
    this.#socket = socket;
    this.#hub = subscription.hub;
    this.#subscription = subscription;
    this.sender = subscription.sender;
    this.#rights = subscription.rights;
    const { sub, info } = this.#rights;
    if (sub !== undefined) this.#member = { sub, ...info !== undefined && { info } };
    this.#speaker = new Speaker(socket, subscription);
    this.#asked = new Asked(socket, (error) => this.#fail(error));
  }

  open(): void {
    const { channels, since, mode, members, connections } = this.#subscription;
    for (const channel of channels) this.#channels.add(channel);
    if (this.#member !== undefined) {
      const close = () => this.#socket.close(CloseCode.Policy, "closed by an operator");
      this.#gone = connections.add(this.#member.sub, close);
    }
    if (mode === "raw") return this.#hub.join(this, channels);
    this.#asked.do(() =>
      this.#join(channels, since, members, (opening) => {
        this.#say({ open: opening.open, channels, ...gaps(opening) });
      })
    );
  }

  tick(): void {
    if (Date.now() < this.#rights.expires) return;
    this.#socket.close(CloseCode.Policy, "token expired");
  }

  /** Who is there by this. */
  member(): Member | undefined {
    return this.#member;
  }

  /** Subscribes to more channels; where it is asked for, with who is there. */
  async #join(
    channels: readonly string[],
    since: Since | undefined,
    members: boolean,
    opened: (opening: Opening) => void,
    others: readonly string[] = [],
  ): Promise<void> {
    if (members) {
      this.#members ??= new Members(this.#subscription.presence, (channel, change, all) => {
        this.#speaker.sayMembers(channel, change, all);
      });
      await this.#members.watch(channels);
      if (this.#asked.left) return this.#members.stopAll();
    }
    await this.#hub.subscribe(this, channels, since, (opening) => {
      opened(opening);
      return members ? this.#members!.begin(channels) : undefined;
    }, others);
  }

  message(payload: Uint8Array, opcode: number): void {
    this.#asked.wait(payload.length + EACH);
    if (this.#subscription.mode === "raw") this.#publishRaw(payload, opcode);
    else if (opcode === Opcode.Binary) {
      this.#socket.close(CloseCode.Unsupported, "JSON is spoken here");
    } else this.#request(decoder.decode(payload));
  }

  flush(): void {
    this.#speaker.flush();
  }

  leave(): void {
    this.#asked.leave();
    this.#gone();
    this.#members?.stopAll();
    for (const channel of this.#channels) this.#hub.unsubscribe(this, channel);
    this.#channels.clear();
  }

  deliver(message: Message): void {
    this.#speaker.deliver(message);
  }

  keep(message: Message): void {
    this.#socket.kept.add(message, weight(message));
  }

  letGo(message: Message): void {
    this.#socket.kept.delete(message);
  }

  ready(): Promise<void> | undefined {
    return this.#speaker.ready();
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

  #fail(error: unknown): void {
    // What was missed cannot be said now: it is for a later connection, or another node.
    if (error instanceof EngineError) {
      return this.#socket.close(CloseCode.TryAgainLater, "what was missed is not known");
    }
    this.#subscription.fault(error);
    this.#socket.close(CloseCode.InternalError, "internal error");
  }

  #say(value: unknown): void {
    this.#speaker.say(value);
  }

  #publishRaw(payload: Uint8Array, opcode: number): void {
    const [channel] = this.#subscription.channels;
    if (!this.#rights.write(channel!)) {
      this.#subscription.publishes.refused("websocket");
      const hint = this.#rights.hint === undefined ? "" : ": only this machine may";
      return this.#socket.close(CloseCode.Policy, `not allowed to write${hint}`);
    }
    const kind: Kind = opcode === Opcode.Binary ? "binary" : "text";
    const body = payload.slice(), came = performance.now();
    this.#asked.do(async () => {
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

  /** Takes a request of the envelope. All is answered in its turn: who asks may count on the order of the answers. */
  #request(text: string): void {
    const request = readRequest(text), { ref } = request;
    const refuse = (error: string) => this.#asked.do(() => this.#say({ error, ...ref }));
    if ("error" in request) return refuse(request.error);
    if (request.verb === "token") {
      const { token } = request;
      return this.#asked.do(() => this.#renew(token, ref));
    }
    const { verb, channel, members } = request;
    if (verb === "pub") {
      const came = performance.now(), draft = readDraft(members);
      this.#asked.do(() => this.#pub(channel, draft, came, ref), true);
    } else if (verb === "sub") this.#asked.do(() => this.#sub(channel, members, ref));
    else {
      this.#asked.do(() => {
        this.#unsubscribe(channel);
        this.#say({ unsub: channel, ...ref });
      });
    }
  }

  #unsubscribe(channel: string): void {
    this.#channels.delete(channel);
    this.#members?.stop(channel);
    this.#hub.unsubscribe(this, channel);
  }

  /** Goes on with another token. */
  async #renew(token: unknown, ref: Ref): Promise<void> {
    const renewed = await renew(token, this.#member?.sub, this.#subscription.ofToken);
    if (typeof renewed === "string") return this.#say({ error: renewed, ...ref });
    if (renewed === undefined) {
      return this.#socket.close(CloseCode.Policy, "the token is somebody else's");
    }
    this.#rights = renewed;
    for (const channel of this.#channels) {
      if (renewed.read(channel)) continue;
      this.#unsubscribe(channel);
      this.#say({ unsub: channel, error: "forbidden" });
    }
    const { expires } = renewed;
    this.#say({ token: "ok", ...expires < Infinity && { expires: expires / 1000 }, ...ref });
  }

  async #sub(channel: string, { since: from, presence = false }: Fields, ref: Ref): Promise<void> {
    const since = typeof from === "string" ? parseSince(from) : undefined;
    const error = this.#subFault(channel, since, from, presence);
    if (error !== undefined) return this.#say({ error, ...ref });
    const others = [...this.#channels];
    this.#channels.add(channel);
    const opened = (opening: Opening) => {
      this.#say({ sub: channel, open: opening.open, ...gaps(opening), ...ref });
    };
    await this.#join([channel], since, presence === true, opened, others);
  }

  /** What is wrong with subscribing to one more channel. */
  #subFault(
    channel: string,
    since: Since | undefined,
    from: unknown,
    presence: unknown,
  ): string | undefined {
    const { unreachable } = this.#hub, { maxChannels } = this.#subscription.config;
    if (!this.#rights.read(channel)) return "forbidden";
    if (from !== undefined && since === undefined) {
      return "since is no id, no age, no number, and neither all nor last";
    }
    if (typeof presence !== "boolean") return "presence is neither true nor false";
    if (since !== undefined && unreachable !== undefined) return unreachable;
    if (this.#channels.has(channel)) return "already subscribed";
    return this.#channels.size >= maxChannels ? "too many channels" : undefined;
  }

  async #pub(
    channel: string,
    draft: ReturnType<typeof readDraft>,
    came: number,
    ref: Ref,
  ): Promise<void> {
    const fault = !this.#rights.write(channel) ? "forbidden" : draft;
    if (typeof fault === "string") {
      this.#subscription.publishes.refused("websocket");
      return this.#say({ error: fault, ...ref });
    }
    try {
      const { id } = await this.#publish({ channel, ...fault }, came);
      this.#say({ ...ref, id });
    } catch (error) {
      if (!(error instanceof EngineError || error instanceof HttpError)) throw error;
      this.#say({ error: error.message, ...ref });
    }
  }
}

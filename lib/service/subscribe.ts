/**
 * Subscribing by WebSocket, raw or enveloped.
 * @module
 */
import { decodeBase64 } from "@std/encoding/base64";
import { parseSince, type Since } from "../hub/cursor.ts";
import { EngineError, type Published } from "../hub/engine.ts";
import type { Gap, Hub, Opening, Subscriber } from "../hub/hub.ts";
import { type Draft, EACH, type Form, type Kind, type Message } from "../hub/message.ts";
import { nameFault } from "../hub/name.ts";
import type { Socket, SocketHandler } from "../net/socket.ts";
import { CloseCode } from "../websocket/close.ts";
import { Opcode } from "../websocket/frame.ts";
import type { Rights } from "../auth/auth.ts";
import type { Config } from "../settings/config.ts";
import { type FrameForms, gaps, type Mode } from "./forms.ts";
import type { Publishes } from "./publishes.ts";
import { RateLimit } from "./rate.ts";

/** What a subscriber's connection needs. */
export interface Subscription {
  /** Where the messages are. */
  hub: Hub;
  /** The settings. */
  config: Config;
  /** What its owner may do. */
  rights: Rights;
  /** The channels to begin with. */
  channels: readonly string[];
  /** From where on; `undefined`: from now on. */
  since: Since | undefined;
  /** What frames hold. */
  mode: Mode;
  /** How messages become frames. */
  forms: FrameForms;
  /** Told what becomes of publishes. */
  publishes: Publishes;
  /** Told that the connection is ended since it took too long to catch up. */
  overrun: () => void;
  /** Gives up the place that is held until it is open. */
  release: () => void;
  /** Told of faults of ours. */
  fault: (error: unknown) => void;
}

/** What may wait to be sent before more of what was missed follows, in bytes. */
export const CATCH_UP = 64 * 1024;
/** What a client has asked for and waits for, in bytes; at more, no more is read from it before all of it is done. */
export const MAX_ASKED = 64 * 1024;
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const encoder = new TextEncoder();

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
    const { forms, mode } = subscription;
    // With context takeover every connection compresses for itself.
    this.#form = socket.takeover ? undefined : forms(mode, socket.sharedWindowBits);
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

  leave(): void {
    this.#left = true;
    for (const channel of this.#channels) this.#hub.unsubscribe(this, channel);
    this.#channels.clear();
  }

  deliver(message: Message): void {
    if (this.#form !== undefined) this.#socket.sendFrame(message.as(this.#form));
    else if (this.#subscription.mode === "envelope") this.#socket.send(message.toJSONText());
    else {
      const opcode = message.kind === "binary" ? Opcode.Binary : Opcode.Text;
      this.#socket.send(message.body, opcode);
    }
  }

  ready(): Promise<void> | undefined {
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
    this.#socket.send(JSON.stringify(value));
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
      const published = await this.#hub.publish(draft);
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
      request = JSON.parse(text);
    } catch {
      return this.#refuse("not JSON");
    }
    if (typeof request !== "object" || request === null || Array.isArray(request)) {
      return this.#refuse("not an object");
    }
    const fields = new Map(Object.entries(request));
    const ref = fields.has("ref") ? { ref: fields.get("ref") } : {};
    const verbs = ["sub", "unsub", "pub"].filter((verb) => fields.has(verb));
    const channel = fields.get(verbs[0] ?? "");
    let error: string | undefined;
    if (verbs.length !== 1) error = "one of sub, unsub and pub is needed";
    else if (typeof channel !== "string") error = "the channel is not a text";
    else error = nameFault(channel) ?? this.#carryOut(verbs[0]!, channel, fields, ref);
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
    fields: Map<string, unknown>,
    ref: { ref?: unknown },
  ): string | undefined {
    if (verb === "sub") return this.#sub(channel, fields.get("since"), ref);
    if (verb === "pub") return this.#pub(channel, fields, ref);
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
    fields: Map<string, unknown>,
    ref: { ref?: unknown },
  ): string | undefined {
    const came = performance.now();
    const draft = this.#subscription.rights.write(channel) ? readDraft(fields) : "forbidden";
    if (typeof draft === "string") {
      this.#subscription.publishes.refused("websocket");
      return draft;
    }
    this.#do(async () => {
      try {
        const { id } = await this.#publish({ channel, ...draft }, came);
        this.#say({ ...ref, id });
      } catch (error) {
        if (!(error instanceof EngineError)) throw error;
        this.#say({ error: error.message, ...ref });
      }
    }, true);
    return undefined;
  }
}

/** What a `pub` publishes; a text says what is wrong with it. */
function readDraft(fields: Map<string, unknown>): { kind: Kind; body: Uint8Array } | string {
  if (fields.has("data") === fields.has("base64")) return "one of data and base64 is needed";
  const data = fields.get("data"), base64 = fields.get("base64");
  if (typeof data === "string") return { kind: "text", body: encoder.encode(data) };
  if (fields.has("data")) return { kind: "json", body: encoder.encode(JSON.stringify(data)) };
  if (
    typeof base64 !== "string" || !/^[A-Za-z0-9+/]*={0,2}$/.test(base64) || base64.length % 4 !== 0
  ) {
    return "base64 is not base64";
  }
  return { kind: "binary", body: decodeBase64(base64) };
}

/**
 * The engine in another thread, as a thread that serves sees it.
 * @module
 */
import { setImmediate } from "node:timers";
import type { Carrier } from "../hub/bus.ts";
import { formatCursor, type Since } from "../hub/cursor.ts";
import {
  type ChannelInfo,
  type Engine,
  EngineError,
  type EngineListener,
  type EngineStats,
  type History,
  type Published,
} from "../hub/engine.ts";
import { type Draft, type Message, weight } from "../hub/message.ts";
import { Pending, SILENT } from "./pending.ts";
import { SharedMessages } from "./shared.ts";
import {
  type Answers,
  type FromEngine,
  MAX_AHEAD,
  type PackedHistory,
  type Port,
  type Request,
  type ToEngine,
  unpack,
  weightOf,
} from "./wire.ts";

/** Where somebody stands who is asked what was missed, and what has come meanwhile. */
interface Held {
  epoch: string;
  seq: number;
  messages: Message[];
}

/** How {@linkcode RemoteEngine} waits. */
export interface RemoteOptions {
  /** For an answer, after which it is given up; whether a publish was taken, nobody knows then. In ms. */
  patience?: number;
  /** Most that publishes which wait for their answers may hold, in bytes: more are refused. */
  waiting?: number;
}

const PATIENCE = 5000;
/** Most that the publishes of all threads of a process may hold while they wait, in bytes. */
export const MAX_WAITING = 64 << 20;
/** Most histories that are asked for at once: each is a copy of its own on its way, and may be all that is remembered. */
export const MAX_HISTORIES = 8;
/** Of what may be on its way, the share that is taken before the engine is told so. */
const NEWS = MAX_AHEAD / 8;
const GONE = "the engine begins anew";
const FULL = "too many publishes wait for the engine";
const CLOSED = "shutting down";

const nobody: EngineListener = { message() {}, lost() {}, reachable() {} };

/** The engine behind a port. */
export class RemoteEngine implements Engine {
  /** @inheritDoc */
  unreachable: string | undefined;
  /** @inheritDoc */
  readonly carrier: Carrier = {
    send: (text) => {
      // While nothing is heard of it, what waits would be old.
      if (this.#mute || this.#port === undefined) return;
      this.#texts.push(text);
      this.#flushLater();
    },
    listen: (take) => void (this.#hear = take),
  };
  readonly #pending: Pending;
  #port: Port | undefined;
  #listener = nobody;
  readonly #interest = new Map<string, number>();
  /** What may have changed since it was last told, with what was told: who joins changes it to and fro. */
  readonly #told = new Map<string, number>();
  #requests: ToEngine["requests"] = [];
  #texts: string[] = [];
  #hear: (text: string) => void = () => {};
  #flushing = false;
  /** Up to where everything has been told, as far as it was heard of. */
  #epoch: string | undefined;
  #seq = 0;
  /** What comes while it is asked what was missed. */
  #held: Held | undefined;
  /** What was taken of messages from this port, and of that, what the engine knows of. */
  #taken = 0;
  #acknowledged = 0;
  /** Whether nothing is heard of it, so that nothing is asked. */
  #mute = false;
  readonly #shared = new SharedMessages();
  /** How many histories are asked for, and who waits to ask for one. */
  #histories = 0;
  readonly #line: (() => void)[] = [];

  /** @param port To an {@linkcode EngineHost}. */
  constructor(port: Port, { patience = PATIENCE, waiting = MAX_WAITING }: RemoteOptions = {}) {
    this.#pending = new Pending({
      patience,
      room: waiting,
      silent: () => this.#fallsSilent(SILENT),
      // Who is given it would be told these messages twice.
      isAhead: ({ epoch, seq }) => epoch !== this.#epoch || seq > this.#seq,
    });
    this.attach(port);
  }

  /**
   * Talks to another, since the one before is gone. What is asked is asked again, but for publishes, of which nobody
   * knows whether they were taken.
   */
  attach(port: Port): void {
    this.#port?.close();
    this.#port = port;
    port.onmessage = ({ data }) => this.#take(data);
    this.#taken = this.#acknowledged = 0;
    this.#mute = false;
    this.#told.clear();
    for (const channel of this.#interest.keys()) this.#told.set(channel, 0);
    this.#pending.givePublishesUp(GONE);
    const again = this.#pending.again();
    [this.#requests, this.#texts] = [[], []];
    // What was missed is asked first: what is answered after that goes on from there.
    if (this.#epoch !== undefined) this.#catchUp();
    this.#requests.push(...again);
    this.#flushLater();
  }

  /** The engine's thread has ended; until another is there, nothing can be asked. */
  detach(): void {
    this.#port?.close();
    this.#port = undefined;
    this.#pending.givePublishesUp(GONE);
    this.#fallsSilent(GONE);
  }

  /** @inheritDoc */
  listen(listener: EngineListener): void {
    this.#listener = listener;
  }

  /** @inheritDoc */
  publish(draft: Draft, _: number, key?: string): Promise<Published> {
    const { channel, kind, body, sender } = draft;
    if (this.unreachable !== undefined) return Promise.reject(new EngineError(this.unreachable));
    if (!this.#pending.hasRoom(draft)) return Promise.reject(new EngineError(FULL));
    // Of a part of a buffer, all of it would be copied.
    const own = body.length < body.buffer.byteLength ? body.slice() : body;
    return this.#ask({ ask: "publish", channel, kind, body: own, sender, key });
  }

  /** @inheritDoc */
  async history(
    channels: readonly string[],
    since: Since | undefined,
    limit?: number,
  ): Promise<History> {
    const request = { ask: "history" as const, channels, since, limit };
    // There is nothing in it but where it stands.
    if (since === undefined) return this.#unpack(await this.#ask(request));
    if (this.#histories >= MAX_HISTORIES) await new Promise<void>((go) => this.#line.push(go));
    else this.#histories++;
    try {
      return this.#unpack(await this.#ask(request));
    } finally {
      const next = this.#line.shift();
      if (next === undefined) this.#histories--;
      else next();
    }
  }

  /** @inheritDoc */
  last(channel: string): Promise<string | undefined> {
    return this.#ask({ ask: "last", channel });
  }

  /** @inheritDoc */
  channels(): Promise<ChannelInfo[]> {
    return this.#ask({ ask: "channels" });
  }

  /** @inheritDoc */
  stats(): Promise<EngineStats> {
    return this.#ask({ ask: "stats" });
  }

  /** @inheritDoc */
  interest(channel: string, subscribers: number): void {
    if (!this.#told.has(channel)) this.#told.set(channel, this.#interest.get(channel) ?? 0);
    if (subscribers === 0) this.#interest.delete(channel);
    else this.#interest.set(channel, subscribers);
    this.#flushLater();
  }

  /** @inheritDoc */
  close(): Promise<void> {
    this.#listener = nobody;
    this.#hear = () => {};
    // Last words.
    if (this.#texts.length > 0) this.#flush();
    this.#port?.close();
    this.#port = this.#held = undefined;
    [this.#mute, this.unreachable] = [true, CLOSED];
    this.#pending.close(CLOSED);
    return Promise.resolve();
  }

  #ask<R extends Request>(request: R): Promise<Answers[R["ask"]]> {
    if (this.#mute) return Promise.reject(new EngineError(this.unreachable!));
    return this.#post(request);
  }

  #post<R extends Request>(request: R, eager = false): Promise<Answers[R["ask"]]> {
    const { ref, answer } = this.#pending.add(request, eager);
    this.#requests.push([ref, request]);
    this.#flushLater();
    return answer;
  }

  #flushLater(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    this.#flushing = false;
    // What is asked while nobody is there is asked of the next one.
    if (this.#port === undefined) return;
    const interest: ToEngine["interest"] = [];
    for (const [channel, told] of this.#told) {
      const count = this.#interest.get(channel) ?? 0;
      if (count !== told) interest.push([channel, count]);
    }
    this.#told.clear();
    const requests = this.#requests, texts = this.#texts, taken = this.#taken;
    [this.#requests, this.#texts] = [[], []];
    const owed = taken - this.#acknowledged > NEWS;
    if (interest.length + requests.length + texts.length === 0 && !owed) return;
    this.#acknowledged = taken;
    this.#port.postMessage({ interest, requests, texts, taken } satisfies ToEngine);
  }

  #take(told: FromEngine): void {
    const { epoch, seq, messages, answers, texts, lost } = told;
    if (this.#epoch === undefined) [this.#epoch, this.#seq] = [epoch, seq];
    this.#mute = false;
    if (told.behind) this.#catchUp();
    else if (lost !== undefined || epoch !== this.#epoch && this.#held === undefined) {
      this.#held = undefined;
      const { reason, open } = lost ?? { reason: "epoch", open: formatCursor({ epoch, seq }) };
      this.#listener.lost(reason, open);
    }
    for (const message of unpack(messages, epoch)) {
      this.#taken += weight(message);
      if (this.#held !== undefined) this.#held.messages.push(message);
      else this.#listener.message(message);
    }
    if (this.#held !== undefined) [this.#held.epoch, this.#held.seq] = [epoch, seq];
    else [this.#epoch, this.#seq] = [epoch, seq];
    for (const answer of answers) this.#pending.settle(answer);
    this.#pending.told();
    this.#setReachable(told.unreachable);
    for (const text of texts) {
      this.#taken += weightOf(text);
      this.#hear(text);
    }
    if (this.#taken - this.#acknowledged > NEWS) this.#flushLater();
  }

  /** Asks what came since what was told last, and tells it; what comes meanwhile waits. */
  async #catchUp(): Promise<void> {
    this.#held = undefined;
    // Where nobody is, nobody missed anything.
    if (this.#interest.size === 0) return;
    const [epoch, from] = [this.#epoch!, this.#seq];
    const held: Held = this.#held = { epoch, seq: from, messages: [] };
    const since: Since = { from: "cursor", cursor: { epoch, seq: from } };
    const channels = [...this.#interest.keys()];
    while (this.#held === held) {
      try {
        const asked = { ask: "history" as const, channels, since, limit: undefined };
        const packed = await this.#post(asked, true);
        if (this.#held === held) this.#caughtUp(held, this.#unpack(packed));
      } catch (error) {
        // It is silent, and is asked again; or it has gone, and the next one is asked.
        if (!(error instanceof EngineError)) throw error;
      }
    }
  }

  #caughtUp(held: Held, { open, seq, lost, messages }: History): void {
    this.#held = undefined;
    const follow = [...messages, ...held.messages.filter((message) => message.seq > seq)];
    const [reason] = lost.values(), [first] = follow;
    if (reason !== undefined) {
      const before = first && formatCursor({ epoch: first.epoch, seq: first.seq - 1 });
      this.#listener.lost(reason, before ?? open);
    }
    for (const message of follow) this.#listener.message(message);
    [this.#epoch, this.#seq] = [held.epoch, Math.max(held.seq, seq)];
    this.#pending.told();
  }

  /** Nothing is heard of it until further notice. */
  #fallsSilent(why: string): void {
    this.#mute = true;
    this.#setReachable(why);
  }

  #setReachable(why: string | undefined): void {
    if (why === this.unreachable) return;
    this.unreachable = why;
    this.#listener.reachable(why);
  }

  #unpack({ epoch, seq, lost, messages }: PackedHistory): History {
    const shared = Array.from(unpack(messages, epoch), (message) => this.#shared.one(message));
    return { open: formatCursor({ epoch, seq }), seq, lost, messages: shared };
  }
}

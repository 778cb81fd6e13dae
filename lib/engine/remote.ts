/**
 * The engine in another thread, as a thread that serves sees it.
 * @module
 */
import { setImmediate } from "node:timers";
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
import type { Draft, Message } from "../hub/message.ts";
import {
  type Answer,
  type Answers,
  type FromEngine,
  type Port,
  type Request,
  type ToEngine,
  unpack,
} from "./wire.ts";

/** A request that waits for its answer. */
interface Asked {
  request: Request;
  at: number;
  resolve: (value: never) => void;
  reject: (error: Error) => void;
}

const PATIENCE = 5000;
/** Looks at how long publishes have waited in this time, while some do. */
const LOOKS = 20;
const SILENT = "the engine does not answer";
const GONE = "the engine begins anew";

const nobody: EngineListener = { message() {}, lost() {}, reachable() {} };

/** The engine behind a port. */
export class RemoteEngine implements Engine {
  /** @inheritDoc */
  unreachable: string | undefined;
  readonly #patience: number;
  #port: Port | undefined;
  #listener = nobody;
  readonly #asked = new Map<number, Asked>();
  #ref = 0;
  readonly #interest = new Map<string, number>();
  /** What has changed since it was last told. */
  readonly #changed = new Set<string>();
  #requests: ToEngine["requests"] = [];
  #flushing = false;
  #watch: ReturnType<typeof setInterval> | undefined;
  /** Where it stands, as far as it was heard of. */
  #epoch: string | undefined;
  #seq = 0;
  /** Whether another engine has taken the place of the one before, and has not said who it is. */
  #anew = false;
  /** What comes while it is asked what was missed in between. */
  #held: Message[] | undefined;

  /**
   * @param port To an {@linkcode EngineHost}.
   * @param patience For an answer to a publish: after that nobody knows whether it was taken; in ms.
   */
  constructor(port: Port, patience = PATIENCE) {
    this.#patience = patience;
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
    this.#anew = this.#epoch !== undefined;
    for (const channel of this.#interest.keys()) this.#changed.add(channel);
    this.#requests = [];
    for (const [ref, { request, reject }] of [...this.#asked]) {
      if (request.ask === "publish") {
        this.#asked.delete(ref);
        reject(new EngineError(GONE, true));
      } else this.#requests.push([ref, request]);
    }
    this.#flushLater();
  }

  /** The engine's thread has ended; until another is there, nothing can be asked. */
  detach(): void {
    this.#port?.close();
    this.#port = undefined;
    this.#setReachable(GONE);
  }

  /** @inheritDoc */
  listen(listener: EngineListener): void {
    this.#listener = listener;
  }

  /** @inheritDoc */
  publish({ channel, kind, body }: Draft, _: number, key?: string): Promise<Published> {
    if (this.unreachable !== undefined) return Promise.reject(new EngineError(this.unreachable));
    // Of a part of a buffer, all of it would be copied.
    const own = body.length < body.buffer.byteLength ? body.slice() : body;
    return this.#ask({ ask: "publish", channel, kind, body: own, key });
  }

  /** @inheritDoc */
  async history(
    channels: readonly string[],
    since: Since | undefined,
    limit?: number,
  ): Promise<History> {
    const { epoch, seq, lost, messages } = await this.#ask({
      ask: "history",
      channels,
      since,
      limit,
    });
    return {
      open: formatCursor({ epoch, seq }),
      seq,
      lost,
      messages: [...unpack(messages, epoch)],
    };
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
    if (subscribers === 0) this.#interest.delete(channel);
    else this.#interest.set(channel, subscribers);
    this.#changed.add(channel);
    this.#flushLater();
  }

  /** @inheritDoc */
  close(): Promise<void> {
    this.#listener = nobody;
    clearInterval(this.#watch);
    this.#port?.close();
    this.#port = undefined;
    for (const { reject } of this.#asked.values()) reject(new EngineError("shutting down", true));
    this.#asked.clear();
    return Promise.resolve();
  }

  #ask<R extends Request>(request: R): Promise<Answers[R["ask"]]> {
    return new Promise((resolve, reject) => {
      const ref = ++this.#ref;
      this.#asked.set(ref, { request, at: performance.now(), resolve, reject });
      this.#requests.push([ref, request]);
      this.#flushLater();
      this.#watch ??= setInterval(() => this.#look(), this.#patience / LOOKS);
    });
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
    for (const channel of this.#changed) interest.push([channel, this.#interest.get(channel) ?? 0]);
    this.#changed.clear();
    const requests = this.#requests;
    this.#requests = [];
    if (interest.length + requests.length > 0) this.#port.postMessage({ interest, requests });
  }

  #take(told: FromEngine): void {
    const { epoch, seq, messages, answers, lost } = told;
    if (this.#epoch === undefined) [this.#epoch, this.#seq] = [epoch, seq];
    const reason = lost ?? (epoch !== this.#epoch ? "epoch" : undefined);
    if (reason !== undefined) this.#listener.lost(reason, formatCursor({ epoch, seq }));
    else if (this.#anew) this.#catchUp(epoch);
    this.#anew = false;
    for (const message of unpack(messages, epoch)) {
      if (this.#held !== undefined) this.#held.push(message);
      else this.#listener.message(message);
    }
    [this.#epoch, this.#seq] = [epoch, seq];
    for (const answer of answers) this.#settle(answer);
    this.#setReachable(told.unreachable);
  }

  /** What the engine took before it ended may not have been told: it is asked for it, and what comes meanwhile waits. */
  async #catchUp(epoch: string): Promise<void> {
    if (this.#held !== undefined || this.#interest.size === 0) return;
    this.#held = [];
    const since: Since = { from: "cursor", cursor: { epoch, seq: this.#seq } };
    try {
      const { open, seq, lost, messages } = await this.history([...this.#interest.keys()], since);
      const [reason] = lost.values();
      if (reason !== undefined) this.#listener.lost(reason, open);
      const live = this.#held.filter((message) => message.seq > seq);
      for (const message of [...messages, ...live]) this.#listener.message(message);
    } catch (error) {
      // Only an engine that is closed answers so: nobody listens any more.
      if (!(error instanceof EngineError)) throw error;
    } finally {
      this.#held = undefined;
    }
  }

  #settle(answer: Answer): void {
    const asked = this.#asked.get(answer.ref);
    // It was too late, and has been told so.
    if (asked === undefined) return;
    this.#asked.delete(answer.ref);
    if (this.#asked.size === 0) {
      clearInterval(this.#watch);
      this.#watch = undefined;
    }
    if ("value" in answer) asked.resolve(answer.value as never);
    else if (answer.engine) asked.reject(new EngineError(answer.error, answer.uncertain));
    else asked.reject(new Error(answer.error));
  }

  /** Gives up publishes that have waited too long. */
  #look(): void {
    const oldest = performance.now() - this.#patience;
    for (const [ref, { request, at, reject }] of this.#asked) {
      if (at > oldest) break;
      if (request.ask !== "publish") continue;
      this.#asked.delete(ref);
      reject(new EngineError(SILENT, true));
      this.#setReachable(SILENT);
    }
  }

  #setReachable(why: string | undefined): void {
    if (why === this.unreachable) return;
    this.unreachable = why;
    this.#listener.reachable(why);
  }
}

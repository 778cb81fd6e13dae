/**
 * The engine's side of threads: answers each of them, and tells each what it has subscribers for.
 * @module
 */
import { setImmediate } from "node:timers";
import { lastWord, senderOf } from "../hub/bus.ts";
import type { Loss } from "../hub/cursor.ts";
import { parseCursor } from "../hub/cursor.ts";
import { type ChannelInfo, type Engine, EngineError, type EngineListener } from "../hub/engine.ts";
import { type Message, weight } from "../hub/message.ts";
import {
  type Answer,
  type FromEngine,
  MAX_AHEAD,
  pack,
  type PackedHistory,
  type Port,
  type Request,
  type ToEngine,
  weightOf,
} from "./wire.ts";

/** A thread that serves. */
interface Client {
  port: Port;
  /** Its name for others, once it has told them something. */
  origin: string | undefined;
  /** How many subscribe there, of each channel. */
  interest: Map<string, number>;
  /** What it is told at the end of this turn. */
  next: FromEngine | undefined;
  /** What it was told, and what of that it has taken, in bytes. */
  told: number;
  taken: number;
  /** The last message that it was told of, while so much is on its way that it is told of no more. */
  behind: number | undefined;
}

/** Serves an engine to threads. */
export class EngineHost implements EngineListener {
  readonly #engine: Engine;
  readonly #reachable: (why: string | undefined) => void;
  readonly #clients = new Map<number, Client>();
  /** Who has subscribers of a channel, and how many. */
  readonly #interest = new Map<string, Map<Client, number>>();
  #epoch: string;
  #seq: number;
  #flushing = false;
  /** What the threads here are called by others, and were. */
  readonly #origins = new Set<string>();

  /**
   * @param engine Nobody else's.
   * @param open The id of its last message.
   * @param reachable Told when publishes are refused, with why, and when they are taken again.
   */
  constructor(engine: Engine, open: string, reachable: (why: string | undefined) => void) {
    this.#engine = engine;
    this.#reachable = reachable;
    ({ epoch: this.#epoch, seq: this.#seq } = parseCursor(open)!);
    engine.listen(this);
    engine.carrier?.listen((text) => {
      // What has gone out comes back, too.
      if (!this.#origins.has(senderOf(text)!)) this.#pass(text);
    });
  }

  /** Serves a thread, under a number of its own. */
  attach(id: number, port: Port): void {
    const client: Client = {
      port,
      origin: undefined,
      interest: new Map(),
      next: undefined,
      told: 0,
      taken: 0,
      behind: undefined,
    };
    this.#clients.set(id, client);
    port.onmessage = ({ data }) => this.#take(client, data);
    // So that it knows whom it talks to.
    this.#next(client);
  }

  /** Serves a thread no longer: nobody subscribes there any more. */
  detach(id: number): void {
    const client = this.#clients.get(id);
    if (client === undefined) return;
    this.#clients.delete(id);
    for (const channel of client.interest.keys()) this.#setInterest(client, channel, 0);
    client.port.close();
    if (client.origin !== undefined) this.#send(lastWord(client.origin), client);
  }

  /** @inheritDoc */
  message(message: Message): void {
    const before = this.#seq;
    this.#seq = message.seq;
    for (const client of this.#interest.get(message.channel)?.keys() ?? []) {
      if (client.behind !== undefined) continue;
      if (client.told - client.taken > MAX_AHEAD) {
        client.behind = before;
        continue;
      }
      client.told += weight(message);
      pack(this.#next(client).messages, message);
    }
  }

  /** @inheritDoc */
  lost(reason: Loss, open: string): void {
    // What came before is told before.
    this.#flush();
    ({ epoch: this.#epoch, seq: this.#seq } = parseCursor(open)!);
    for (const client of this.#clients.values()) {
      // What was held back from it is among what is lost.
      if (client.behind !== undefined) client.behind = this.#seq;
      this.#next(client).lost = { reason, open };
    }
  }

  /** @inheritDoc */
  reachable(why: string | undefined): void {
    for (const client of this.#clients.values()) this.#next(client);
    this.#reachable(why);
  }

  /** What a client is told next, at the end of this turn. */
  #next(client: Client): FromEngine {
    if (!this.#flushing) {
      this.#flushing = true;
      setImmediate(() => this.#flush());
    }
    return client.next ??= {
      epoch: this.#epoch,
      seq: this.#seq,
      messages: [],
      answers: [],
      texts: [],
      unreachable: undefined,
    };
  }

  #flush(): void {
    this.#flushing = false;
    for (const client of this.#clients.values()) {
      const { next } = client;
      if (next === undefined) continue;
      client.next = undefined;
      next.seq = client.behind ?? this.#seq;
      next.unreachable = this.#engine.unreachable;
      client.port.postMessage(next);
    }
  }

  #take(client: Client, { interest, requests, texts, taken }: ToEngine): void {
    client.taken = taken;
    if (client.behind !== undefined && client.told - taken <= MAX_AHEAD / 2) {
      client.behind = undefined;
      this.#next(client).behind = true;
    }
    for (const [channel, count] of interest) this.#setInterest(client, channel, count);
    for (const text of texts) {
      if (client.origin === undefined) {
        client.origin = senderOf(text);
        this.#origins.add(client.origin!);
      }
      this.#send(text, client);
    }
    for (const [ref, request] of requests) {
      this.#answer(request).then(
        (value) => this.#reply(client, { ref, value }),
        (error) => this.#reply(client, { ref, ...refusal(error) }),
      );
    }
  }

  /** What one of the threads here tells all others. */
  #send(text: string, from: Client): void {
    this.#pass(text, from);
    this.#engine.carrier?.send(text);
  }

  /** Tells the threads here; one that has too much on its way misses it, and finds out. */
  #pass(text: string, from?: Client): void {
    for (const client of this.#clients.values()) {
      if (client === from || client.told - client.taken > MAX_AHEAD) continue;
      client.told += weightOf(text);
      this.#next(client).texts.push(text);
    }
  }

  #reply(client: Client, answer: Answer): void {
    this.#next(client).answers.push(answer);
  }

  #setInterest(client: Client, channel: string, count: number): void {
    let clients = this.#interest.get(channel);
    if (count > 0) {
      if (clients === undefined) this.#interest.set(channel, clients = new Map());
      clients.set(client, count);
      client.interest.set(channel, count);
      return;
    }
    client.interest.delete(channel);
    clients?.delete(client);
    if (clients?.size === 0) this.#interest.delete(channel);
  }

  async #answer(request: Request): Promise<unknown> {
    const engine = this.#engine;
    switch (request.ask) {
      case "publish":
        return await engine.publish(request, this.#count(request.channel), request.key);
      case "history": {
        const { channels, since, limit } = request;
        const { open, seq, lost, messages } = await engine.history(channels, since, limit);
        const { epoch } = parseCursor(open)!;
        const packed: PackedHistory = { epoch, seq, lost, messages: [] };
        for (const message of messages) pack(packed.messages, message);
        return packed;
      }
      case "last":
        return await engine.last(request.channel);
      case "channels":
        return await Promise.all([...this.#interest.keys()].map((name) => this.#channel(name)));
      case "stats":
        return { ...await engine.stats(), channels: this.#interest.size };
    }
  }

  async #channel(name: string): Promise<ChannelInfo> {
    return { name, subscribers: this.#count(name), last: await this.#engine.last(name) };
  }

  /** How many subscribe to a channel, over all threads. */
  #count(channel: string): number {
    let count = 0;
    for (const subscribers of this.#interest.get(channel)?.values() ?? []) count += subscribers;
    return count;
  }
}

function refusal(error: unknown): Omit<Extract<Answer, { error: string }>, "ref"> {
  if (error instanceof EngineError) {
    const { reason, uncertain, tooLarge } = error;
    return { error: reason, uncertain, tooLarge, engine: true };
  }
  const text = error instanceof Error ? error.stack ?? error.message : String(error);
  return { error: text, uncertain: false, tooLarge: false, engine: false };
}

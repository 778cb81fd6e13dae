/**
 * A subscriber that moves between nodes with its cursor, and writes down what it is told.
 * @module
 */
import { utf8 } from "../tools/bytes.ts";
import { ask } from "../tools/channels.ts";
import type { Random } from "./random.ts";
import { Reader, upgrade, Wire } from "./wire.ts";

/** What it is told, in order. */
export type Event =
  | { what: "open"; since: string | undefined; open: string; lost: Record<string, string> }
  | { what: "gap"; open: string; lost: Record<string, string> }
  | { what: "message"; id: string; channel: string; n: number };

/** How it goes about it. */
export interface Habits {
  /** How it is told: by WebSocket, Server-Sent Events, or by asking again and again. */
  kind: "ws" | "sse" | "poll";
  /** How long a connection lasts at most, until all is calm; in ms. */
  stay: number;
  /** How long it is away at most, until all is calm; in ms. */
  away: number;
}

const HABITS: Habits = { kind: "ws", stay: 8000, away: 100 };

/** One. */
export class Wanderer {
  readonly events: Event[] = [];
  /** How often it has connected and was let in. */
  sessions = 0;
  #cursor: string | undefined;
  readonly #missing: Set<string>;
  readonly #random: Random;
  readonly #habits: Habits;
  /** Whether nobody is cut any more. */
  calm = false;

  constructor(readonly channels: string[], random: Random, habits: Habits = HABITS) {
    this.#random = random;
    this.#habits = habits;
    this.#missing = new Set(channels);
  }

  /** Connects again and again, until it has the last message of each of its channels. */
  async run(ports: number[]): Promise<void> {
    while (this.#missing.size > 0) {
      const port = this.#random.pick(ports);
      if (this.#habits.kind === "poll") await this.#poll(port);
      else await this.#connect(port);
      const away = this.calm ? HABITS.away : this.#habits.away;
      await new Promise((resolve) => setTimeout(resolve, this.#random.between(5, away)));
    }
  }

  /** Reads all that a node remembers, up to the last message of each channel. */
  async readAll(port: number): Promise<void> {
    this.#cursor = "all";
    await this.#connect(port);
  }

  /** Asks for what it has missed; at first for all that there is. */
  async #poll(port: number): Promise<void> {
    const since = this.#cursor ?? "all";
    const answer = await ask({ port }, `GET ${this.#path(since)}&limit=1000`);
    if (answer.status !== 200) throw new Error(`answered ${answer.status} ${answer.body}`);
    const { open, lost = {}, messages } = JSON.parse(answer.body);
    this.sessions++;
    this.events.push({ what: "open", since, open, lost });
    for (const message of messages) this.#take(message);
    this.#cursor = open;
  }

  #take({ id, ch, data }: { id: string; ch: string; data: { n: number; last?: boolean } }): void {
    this.events.push({ what: "message", id, channel: ch, n: data.n });
    this.#cursor = id;
    if (data.last === true) this.#missing.delete(ch);
  }

  #path(since: string | undefined): string {
    const path = `/${this.channels.join(",")}`;
    return since === undefined ? path : `${path}?since=${since}`;
  }

  #request(since: string | undefined): Uint8Array {
    const path = this.#path(since);
    if (this.#habits.kind === "ws") return upgrade(path);
    return utf8(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n`);
  }

  async #connect(port: number): Promise<void> {
    const since = this.#cursor;
    let opened = false, failure: unknown;
    const reader = new Reader(this.#habits.kind === "sse" ? "sse" : "ws", (text) => {
      const told = JSON.parse(text);
      if (!opened) {
        opened = true;
        this.sessions++;
        this.events.push({ what: "open", since, open: told.open, lost: told.lost ?? {} });
        if (since === undefined) this.#cursor = told.open;
      } else if (told.gap === true) {
        this.events.push({ what: "gap", open: told.open, lost: told.lost });
        this.#cursor = told.open;
      } else {
        this.#take(told);
        if (this.#missing.size === 0) wire.cut("FIN");
      }
    });
    const wire = new Wire(port, (bytes) => {
      try {
        if (failure === undefined) reader.push(bytes);
      } catch (error) {
        failure = error;
        wire.cut("FIN");
      }
    });
    wire.send(this.#request(since));
    // It leaves before long, whatever it has been told by then; the last connection it keeps.
    const timer = setTimeout(() => {
      if (!this.calm) wire.cut(this.#random.pick(["RST", "FIN"]));
    }, 20 * this.#random.magnitude(this.#habits.stay / 20));
    await wire.closed;
    clearTimeout(timer);
    // A node that has no engine at present refuses who has a cursor: it tries another.
    if (failure !== undefined && !/answered HTTP\/1.1 503/.test(String(failure))) throw failure;
  }
}

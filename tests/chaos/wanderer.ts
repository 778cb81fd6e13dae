/**
 * A subscriber that moves between nodes with its cursor, and writes down what it is told.
 * @module
 */
import type { Random } from "./random.ts";
import { Reader, upgrade, Wire } from "./wire.ts";

/** What it is told, in order. */
export type Event =
  | { what: "open"; since: string | undefined; open: string; lost: Record<string, string> }
  | { what: "gap"; open: string; lost: Record<string, string> }
  | { what: "message"; id: string; channel: string; n: number };

/** One. */
export class Wanderer {
  readonly events: Event[] = [];
  /** How often it has connected and was let in. */
  sessions = 0;
  #cursor: string | undefined;
  readonly #missing: Set<string>;
  readonly #random: Random;
  /** Whether nobody is cut any more. */
  calm = false;

  constructor(readonly channels: string[], random: Random) {
    this.#random = random;
    this.#missing = new Set(channels);
  }

  /** Connects again and again, until it has the last message of each of its channels. */
  async run(ports: number[]): Promise<void> {
    while (this.#missing.size > 0) {
      await this.#connect(this.#random.pick(ports));
      await new Promise((resolve) => setTimeout(resolve, this.#random.between(5, 100)));
    }
  }

  /** Reads all that a node remembers, up to the last message of each channel. */
  async readAll(port: number): Promise<void> {
    this.#cursor = "all";
    await this.#connect(port);
  }

  async #connect(port: number): Promise<void> {
    const since = this.#cursor;
    let opened = false, failure: unknown;
    const reader = new Reader("ws", (text) => {
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
        this.events.push({ what: "message", id: told.id, channel: told.ch, n: told.data.n });
        this.#cursor = told.id;
        if (told.data.last === true) this.#missing.delete(told.ch);
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
    const path = `/${this.channels.join(",")}`;
    wire.send(upgrade(since === undefined ? path : `${path}?since=${since}`));
    // It leaves before long, whatever it has been told by then; the last connection it keeps.
    const timer = setTimeout(() => {
      if (!this.calm) wire.cut(this.#random.pick(["RST", "FIN"]));
    }, 20 * this.#random.magnitude(400));
    await wire.closed;
    clearTimeout(timer);
    // A node that has no engine at present refuses who has a cursor: it tries another.
    if (failure !== undefined && !/answered HTTP\/1.1 503/.test(String(failure))) throw failure;
  }
}

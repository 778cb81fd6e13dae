/**
 * The witness sees every message, and tells how far things are. It is never cut; where the server is killed, it is the
 * first to come back.
 * @module
 */
import { clientFrame } from "../tools/frames.ts";
import { CHANNELS } from "./load.ts";
import type { Progress } from "./progress.ts";
import { epochOf, seqOf } from "./subscriber.ts";
import { Reader, upgrade, Wire } from "./wire.ts";

/** A message as the witness saw it. */
export interface Witnessed {
  seq: number;
  channel: string;
  n: number;
  text: string;
}

/** One life of the engine's memory, with what was published in it: in order, without a hole. */
export interface Life {
  epoch: string;
  seen: Witnessed[];
}

/** Sees everything. */
export class Witness {
  /** What it saw, life by life. */
  readonly lives: Life[] = [];
  readonly #port: number;
  readonly #progress: Progress;
  #wire: Wire | undefined;
  #cursor: string | undefined;
  #count = 0;
  #wanted: { n: number; resolve: () => void } | undefined;

  /**
   * @param port Where.
   * @param progress Told of each message.
   */
  constructor(port: number, progress: Progress) {
    this.#port = port;
    this.#progress = progress;
  }

  /** Resolves when it has seen a message. */
  async until(n: number): Promise<void> {
    if (this.lives.at(-1)?.seen.at(-1)?.n === n) return;
    await new Promise<void>((resolve) => this.#wanted = { n, resolve });
  }

  /**
   * Connects, at first and each time that the server is there again. Resolves when it is told where it stands.
   * @throws {Error} If it is told of a gap, but for one between two lives.
   */
  async connect(): Promise<void> {
    const opened = Promise.withResolvers<void>();
    const since = this.#cursor === undefined ? "" : `?since=${this.#cursor}`;
    const reader = new Reader("ws", (text) => {
      const told = JSON.parse(text);
      if (told.open === undefined) this.#see(told);
      else {
        this.#open(told);
        opened.resolve();
      }
    }, () => void wire.send(clientFrame(0x8a, new Uint8Array(0))));
    const wire = this.#wire = new Wire(this.#port, (bytes) => {
      try {
        reader.push(bytes);
      } catch (error) {
        opened.reject(error);
        this.#progress.fail(error);
      }
      if (reader.closeCode === 0) return;
      wire.cut("FIN");
      // Nobody is told more than the one who has to see everything.
      if (reader.closeCode !== 1001) {
        this.#progress.fail(new Error(`the witness was closed with ${reader.closeCode}`));
      }
    });
    wire.closed.then(() => opened.reject(new Error("the witness was not let in")));
    await wire.send(upgrade(`/${CHANNELS.join(",")}${since}`));
    await opened.promise;
  }

  /** Leaves. */
  async leave(): Promise<void> {
    this.#wire?.cut("FIN");
    await this.#wire?.closed;
  }

  #open(told: { open: string; gap: boolean; lost?: Record<string, string> }): void {
    const epoch = epochOf(told.open), before = this.lives.at(-1);
    this.#cursor ??= told.open;
    if (before?.epoch === epoch) {
      if (told.gap) throw new Error(`the witness missed ${JSON.stringify(told.lost)}`);
      return;
    }
    const wanted = before && Object.fromEntries(CHANNELS.map((channel) => [channel, "epoch"]));
    if (JSON.stringify(told.lost) !== JSON.stringify(wanted)) {
      throw new Error(`after another life the witness was told ${JSON.stringify(told)}`);
    }
    this.lives.push({ epoch, seen: [] });
  }

  #see({ id, ch, data }: { id: string; ch: string; data: { n: number } }): void {
    const { epoch, seen } = this.lives.at(-1)!, seq = seqOf(id);
    if (epochOf(id) !== epoch || seq !== seen.length + 1) {
      throw new Error(`the witness saw ${id} after ${seen.length} of ${epoch}`);
    }
    this.#cursor = id;
    seen.push({ seq, channel: ch, n: data.n, text: JSON.stringify(data) });
    this.#progress.reach(++this.#count);
    if (data.n === this.#wanted?.n) this.#wanted.resolve();
  }
}

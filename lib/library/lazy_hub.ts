/**
 * The channels of a program's server: who uses none pays nothing for them. The engine is opened when the first is used.
 * @module
 */
import type { Engine } from "../hub/engine.ts";
import { Hub } from "../hub/hub.ts";
import { newEpoch } from "../engine/epoch.ts";
import { MemoryEngine } from "../engine/memory.ts";
import type { EngineSettings } from "../engine/open.ts";
import type { OwnLog } from "../engine/own.ts";

/** Which engine, and how; or the engine itself, or a log. */
export interface HubSettings extends Omit<EngineSettings, "engine"> {
  engine: string | Engine | OwnLog;
}

/** How often what is too old is dropped from memory, in ms. */
const SWEEP = 1000;
/** For an engine that is somewhere else to be reached, in ms; what is published after that is refused until it is. */
const PATIENCE = 5000;

/** A hub that is made when it is first asked for. */
export class LazyHub {
  readonly #settings: HubSettings;
  readonly #fault: (error: unknown) => void;
  #hub: Hub | undefined;
  #opening: Promise<Hub> | undefined;
  #close: (() => Promise<void>) | undefined;
  #closed = false;

  /** @param fault Told when publishes are refused, with why, and what an engine says that should be known. */
  constructor(settings: HubSettings, fault: (error: unknown) => void) {
    this.#settings = settings;
    this.#fault = fault;
  }

  /**
   * The hub; at once, where its engine is opened or needs no time for that.
   * @throws {Error} If the server has ended. A promise rejects if the engine cannot be opened; the next call tries again.
   */
  get(): Hub | Promise<Hub> {
    if (this.#closed) throw new Error("the server has ended");
    if (this.#hub !== undefined) return this.#hub;
    if (this.#settings.engine === "memory") return this.#openMemory();
    if (this.#opening === undefined) {
      this.#opening = this.#open().finally(() => this.#opening = undefined);
      // Whoever waits for it is told; nobody may.
      this.#opening.catch(() => {});
    }
    return this.#opening;
  }

  /** The hub, where it has been asked for. */
  get made(): Hub | undefined {
    return this.#hub;
  }

  /** Ends the engine, if there is one by now. */
  async close(): Promise<void> {
    this.#closed = true;
    // What cannot be opened needs no end, and whoever asked for it has been told.
    await this.#opening?.catch(() => {});
    await this.#close?.();
  }

  #over(engine: Engine, reached: () => void): Hub {
    return new Hub(engine, undefined, (why) => {
      if (why === undefined) reached();
      else this.#fault(new Error(`publishes are refused: ${why}`));
    });
  }

  #openMemory(): Hub {
    const engine = new MemoryEngine(this.#settings, () => performance.now(), newEpoch());
    const timer = setInterval(() => engine.sweep(), SWEEP);
    // What is remembered keeps no program running.
    Deno.unrefTimer(timer);
    this.#close = () => {
      clearInterval(timer);
      return engine.close();
    };
    return this.#hub = this.#over(engine, () => {});
  }

  async #open(): Promise<Hub> {
    const say = (line: string) => this.#fault(new Error(`from the engine: ${line}`));
    // What the others need is loaded where there is one.
    const { openBeside } = await import("./open_engine.ts");
    const opened = await openBeside(this.#settings, say);
    this.#close = opened.close;
    const { engine } = opened, reached = Promise.withResolvers<void>();
    const hub = this.#over(engine, reached.resolve);
    // One that is elsewhere is connected first: whoever publishes at once need not be refused for that.
    if (engine.unreachable !== undefined) {
      const timer = setTimeout(reached.resolve, PATIENCE);
      await reached.promise;
      clearTimeout(timer);
    }
    return this.#hub = hub;
  }
}

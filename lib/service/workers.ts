/**
 * Several threads that serve one port: starts them, starts one again that has ended by a fault, and passes on what they have
 * to say to each other.
 * @module
 */
import type { EngineThread } from "../engine/spawn.ts";
import type { KeyPair } from "../net/certificate.ts";
import { ListenError } from "../net/conn.ts";
import type { Config } from "../settings/config.ts";
import { OwnTaps } from "./board.ts";
import type { Log } from "./log.ts";
import { type SharedCounters, Tally } from "./tally.ts";
import type { FromWorker, ToWorker, WorkerAsk } from "./worker.ts";

/** Threads that serve. */
export interface Workers {
  /** The address of the port that they share; `undefined` where there is none. */
  addr: Deno.NetAddr | undefined;
  /** Resolves when all have ended, after a shutdown. */
  finished: Promise<void>;
  /** Ends all connections; see {@linkcode Server.shutdown}. */
  shutdown(drain: number): Promise<void>;
  /** Has those who come from now on get another certificate, from each thread. */
  use(pair: KeyPair): void;
}

/** First and longest pause before a thread is started again, in ms; one that lived so long begins with the first. */
const FIRST_PAUSE = 50, LONGEST_PAUSE = 5000;

/** What is started, by default. */
const MODULE = new URL("./worker.ts", import.meta.url);

/**
 * Starts them.
 * @param engine What keeps order and memory; it is started, too.
 * @param count How many.
 * @param pair The certificate; `undefined`: no TLS.
 * @param counters Where all of them count, and this thread behind them.
 * @param module Runs in each thread.
 * @throws {Deno.errors.AddrInUse} And what else listening fails with.
 * @throws {OpenError} If the engine cannot be opened.
 */
export async function startWorkers(
  engine: EngineThread,
  count: number,
  config: Config,
  pair: KeyPair | undefined,
  log: Log,
  counters: SharedCounters,
  module: URL = MODULE,
): Promise<Workers> {
  // Who shares a port with itself would share it with another Kodama, too, and neither would notice.
  if (config.port !== 0 && config.port !== "none") {
    Deno.listen({ hostname: config.hostname, port: config.port }).close();
  }
  await engine.start();
  const crew = new Crew(engine, count, config, pair, log, counters, module);
  try {
    await crew.start();
  } catch (error) {
    crew.end();
    await engine.close(0);
    throw error;
  }
  return crew;
}

class Crew implements Workers {
  addr: Deno.NetAddr | undefined;
  readonly finished: Promise<void>;
  readonly #engine: EngineThread;
  readonly #config: Config;
  #pair: KeyPair | undefined;
  readonly #log: Log;
  readonly #module: URL;
  readonly #counters: SharedCounters;
  readonly #taps = new OwnTaps();
  /** The threads; `undefined` while one has ended. */
  readonly #workers: (Worker | undefined)[];
  readonly #pauses: number[];
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  readonly #finish: () => void;
  #lives = 0;
  /** Whether all have listened once: from then on, one that ends is started again. */
  #started = false;
  #draining = false;

  constructor(
    engine: EngineThread,
    count: number,
    config: Config,
    pair: KeyPair | undefined,
    log: Log,
    counters: SharedCounters,
    module: URL,
  ) {
    this.#engine = engine;
    this.#config = config;
    this.#pair = pair;
    this.#log = log;
    this.#module = module;
    this.#counters = counters;
    this.#workers = new Array(count).fill(undefined);
    this.#pauses = new Array(count).fill(FIRST_PAUSE);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.finished = promise;
    this.#finish = resolve;
  }

  /** Starts all of them, the first one first: it finds out which port. */
  async start(): Promise<void> {
    this.addr = await this.#start(0);
    await Promise.all(this.#workers.slice(1).map((_, i) => this.#start(i + 1)));
    this.#started = true;
    for (const [index, worker] of this.#workers.entries()) {
      if (worker === undefined) this.#startAgain(index);
    }
  }

  use(pair: KeyPair): void {
    this.#pair = pair;
    for (const worker of this.#workers) worker?.postMessage({ pair } satisfies ToWorker);
  }

  shutdown(drain: number): Promise<void> {
    if (!this.#draining) {
      this.#draining = true;
      for (const timer of this.#timers) clearTimeout(timer);
      for (const worker of this.#workers) {
        worker?.postMessage({ shutdown: drain } satisfies ToWorker);
      }
      this.#endIfAllHave();
    }
    return this.finished;
  }

  /** Ends all of them at once. */
  end(): void {
    this.#draining = true;
    for (const index of this.#workers.keys()) this.#gone(index);
  }

  /** Starts one. Resolves when it listens. */
  #start(index: number): Promise<Deno.NetAddr | undefined> {
    const { promise, resolve, reject } = Promise.withResolvers<Deno.NetAddr | undefined>();
    const worker = this.#workers[index] = new Worker(this.#module, { type: "module" });
    const life = ++this.#lives, began = performance.now();
    const taps = new Set<string>();
    const end = () => {
      this.#gone(index);
      this.#engine.detach(life);
      for (const id of taps) this.#taps.release(id);
    };
    const tell = (message: ToWorker, ...moved: MessagePort[]) => worker.postMessage(message, moved);
    /** It has ended otherwise than it should. */
    const fail = (error: Error) => {
      end();
      reject(error);
      if (this.#draining || !this.#started) return;
      this.#counters.of(this.#workers.length).row[Tally.threadsEnded]!++;
      this.#log.error("a thread has ended and is started again", { error: error.message });
      if (performance.now() - began > LONGEST_PAUSE) this.#pauses[index] = FIRST_PAUSE;
      this.#startAgain(index);
    };
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      if ("listening" in data) resolve(data.listening);
      else if ("failed" in data) {
        fail(errorOf(data));
      } else if ("log" in data) this.#log[data.log](data.message, data.fields);
      else if ("ask" in data) {
        this.#answer(data.ask, taps, tell).then((value) => tell({ ref: data.ref, value }));
      } else if ("release" in data) {
        taps.delete(data.release);
        this.#taps.release(data.release);
      } else if ("tell" in data) this.#taps.tell(data.tell, data.event);
      else end();
    };
    worker.onerror = (event) => {
      // The process would end otherwise.
      event.preventDefault();
      fail(new Error(event.message));
    };
    let first = true;
    this.#engine.attach(life, (toEngine) => {
      const config = this.#config, { memory } = this.#counters, threads = this.#workers.length;
      const port = this.addr?.port ?? config.port, pair = this.#pair;
      const start = { config, port, pair, index, memory, threads, engine: toEngine };
      if (first) tell({ start }, toEngine);
      else tell({ engine: toEngine }, toEngine);
      first = false;
    }, () => tell({ engineGone: true }));
    return promise;
  }

  #startAgain(index: number): void {
    const pause = this.#pauses[index]!;
    this.#pauses[index] = Math.min(pause * 2, LONGEST_PAUSE);
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      // Where it fails, that is said, and it is tried again.
      this.#start(index).catch(() => {});
    }, pause);
    this.#timers.add(timer);
  }

  /** Answers what a thread asks; `taps` are those that are open there. */
  async #answer(
    question: WorkerAsk,
    taps: Set<string>,
    tell: (message: ToWorker) => void,
  ): Promise<unknown> {
    if ("watch" in question) return (await this.#taps.watch(question.watch))?.conn;
    const id = question.claim;
    const claimed = await this.#taps.claim(id, (event) => tell({ tap: id, event }));
    if (claimed) taps.add(id);
    return claimed;
  }

  #gone(index: number): void {
    this.#workers[index]?.terminate();
    this.#workers[index] = undefined;
    this.#counters.leave(index);
    this.#endIfAllHave();
  }

  #endIfAllHave(): void {
    if (this.#draining && this.#workers.every((worker) => worker === undefined)) this.#finish();
  }
}

/** Why a thread cannot listen, as it was there. */
function errorOf({ failed, kind }: Extract<FromWorker, { failed: string }>): Error {
  if (kind === "inUse") return new Deno.errors.AddrInUse(failed);
  return kind === "listen" ? new ListenError(failed) : new Error(failed);
}

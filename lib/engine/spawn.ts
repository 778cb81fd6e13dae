/**
 * Starts the engine's thread, and starts it again where it ends by a fault.
 * @module
 */
import { EngineError } from "../hub/engine.ts";
import type { EngineSettings } from "./open.ts";
import { RemoteEngine } from "./remote.ts";
import type { FromThread, ToThread } from "./thread.ts";

/** An engine that cannot be opened; the message is one line for an operator. */
export class OpenError extends Error {
  /** Its kind. */
  override name = "OpenError";
}

/** Who is told what happens to the thread. */
export interface ThreadEvents {
  /** Publishes are refused, with why, or taken again. */
  unreachable(why: string | undefined): void;
  /** It has said something that an operator should know, in one line. */
  said(line: string): void;
  /** It has ended by a fault, and will be started again. */
  fault(error: string): void;
}

/** Whoever talks to the engine. */
interface Client {
  /** Takes a port to it, at first and each time that it was started again. */
  give: (port: MessagePort) => void;
  /** Told that it has ended. */
  gone: () => void;
}

/** First and longest pause before it is started again, in ms. */
const FIRST_PAUSE = 100, LONGEST_PAUSE = 5000;

/** For the engine to end in order, once everybody is gone; in ms. */
export const LAST_WORDS = 5000;

/** What is started, by default. */
const MODULE = new URL("./thread.ts", import.meta.url);

/** The engine, in a thread of its own. */
export class EngineThread {
  readonly #settings: EngineSettings;
  readonly #events: ThreadEvents;
  readonly #module: URL;
  readonly #clients = new Map<number, Client>();
  #worker: Worker | undefined;
  /** Whether its engine is open, so that it can be talked to. */
  #opened = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #pause = FIRST_PAUSE;
  #closing: ((failed: string | undefined) => void) | undefined;

  /**
   * @param settings Which engine, and how.
   * @param events Told what happens to it.
   * @param module Runs in the thread, where it is not what usually does.
   */
  constructor(settings: EngineSettings, events: ThreadEvents, module: URL | undefined) {
    this.#settings = settings;
    this.#events = events;
    this.#module = module ?? MODULE;
  }

  /**
   * Starts it. Resolves when the engine is open.
   * @throws {OpenError} If it cannot be opened.
   */
  start(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const worker = this.#worker = new Worker(this.#module, { type: "module" });
    worker.onmessage = ({ data }: MessageEvent<FromThread>) => {
      if ("opened" in data) {
        this.#opened = true;
        for (const id of this.#clients.keys()) this.#connect(id);
        resolve();
      } else if ("closed" in data) this.#closing?.(data.failed);
      else if ("said" in data) this.#events.said(data.said);
      else if ("unreachable" in data) this.#events.unreachable(data.unreachable);
      else {
        this.#end();
        reject(new OpenError(data.failed));
        this.#closing?.(undefined);
      }
    };
    worker.onerror = (event) => {
      // The process would end otherwise.
      event.preventDefault();
      const opened = this.#opened;
      this.#end();
      if (this.#closing !== undefined) return this.#closing(event.message);
      if (!opened) return reject(new OpenError(event.message));
      this.#events.fault(event.message);
      for (const { gone } of this.#clients.values()) gone();
      this.#startAgain();
    };
    this.#tell({ open: this.#settings });
    return promise;
  }

  /**
   * Lets somebody talk to it.
   * @param id Nobody else's.
   * @param give Takes a port to it, now and each time that it was started again.
   * @param gone Told that it has ended by a fault.
   */
  attach(id: number, give: (port: MessagePort) => void, gone: () => void): void {
    this.#clients.set(id, { give, gone });
    if (this.#opened) this.#connect(id);
  }

  /** Somebody will not talk to it any more: nobody subscribes there. */
  detach(id: number): void {
    if (this.#clients.delete(id) && this.#opened) this.#tell({ detach: id });
  }

  /**
   * Ends it, with all that was taken kept.
   * @param patience How long to wait for that, in ms.
   * @returns What went wrong; `undefined` if nothing did.
   */
  async close(patience: number): Promise<string | undefined> {
    clearTimeout(this.#timer);
    if (this.#worker === undefined) return undefined;
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    this.#closing = resolve;
    const timer = setTimeout(() => resolve("the engine does not end"), patience);
    this.#tell({ close: true });
    const failed = await promise;
    clearTimeout(timer);
    this.#end();
    return failed;
  }

  #end(): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    this.#opened = false;
  }

  #startAgain(): void {
    if (this.#closing !== undefined) return;
    this.#timer = setTimeout(() => {
      this.start().then(() => this.#pause = FIRST_PAUSE, (error) => {
        this.#events.fault(error.message);
        this.#startAgain();
      });
    }, this.#pause);
    this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE);
  }

  #connect(id: number): void {
    const { port1, port2 } = new MessageChannel();
    this.#tell({ attach: id, port: port2 }, port2);
    this.#clients.get(id)!.give(port1);
  }

  #tell(message: ToThread, ...moved: MessagePort[]): void {
    this.#worker!.postMessage(message, moved);
  }
}

/**
 * The engine's thread, as this one talks to it.
 * @throws {EngineError} While it begins anew.
 */
export function remoteOf(thread: EngineThread): RemoteEngine {
  let engine: RemoteEngine | undefined;
  thread.attach(0, (port) => {
    if (engine === undefined) engine = new RemoteEngine(port);
    else engine.attach(port);
  }, () => engine!.detach());
  if (engine !== undefined) return engine;
  thread.detach(0);
  throw new EngineError("the engine begins anew");
}

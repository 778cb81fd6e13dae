/**
 * A thread that serves: its own listener on the port that all share, its connections and its hub; the engine is in another.
 * {@linkcode startWorkers} starts it.
 * @module
 */
import { MAX_WAITING, RemoteEngine } from "../engine/remote.ts";
import type { KeyPair } from "../net/certificate.ts";
import { ListenError } from "../net/conn.ts";
import type { Config } from "../settings/config.ts";
import type { TapBoard, TapEvent, TapWatcher } from "./board.ts";
import type { LineName } from "./lines.ts";
import type { Fields, Log } from "./log.ts";
import { listen, type Places } from "./listen.ts";
import { serveOn, type Serving } from "./serve.ts";
import { SharedCounters, type SharedMemory } from "./tally.ts";

/** With what a thread begins. */
export interface WorkerStart {
  config: Config;
  /** The port, once it is known which. */
  port: Config["port"];
  /** The certificate; `undefined`: no TLS. */
  pair: KeyPair | undefined;
  /** Which of the threads it is, from 0. */
  index: number;
  /** Where all of them count. */
  memory: SharedMemory;
  /** How many threads there are. */
  threads: number;
  /** To the engine. */
  engine: MessagePort;
}

/** To the thread. */
export type ToWorker =
  | { start: WorkerStart }
  /** The engine is another now. */
  | { engine: MessagePort }
  /** The engine has ended; another will come. */
  | { engineGone: true }
  /** The certificate of those who come from now on. */
  | { pair: KeyPair }
  /** Ends all connections. */
  | { shutdown: number }
  /** What was asked. */
  | { ref: number; value: unknown }
  /** An event for a tap that is open here. */
  | { tap: string; event: TapEvent };

/** What the thread asks; what it is answered is `value`. */
export type WorkerAsk =
  /** Whether it may have this tap. */
  | { claim: string }
  /** The number of a connection to watch for this tap, if it is open anywhere. */
  | { watch: string };

/** From the thread. */
export type FromWorker =
  | { listening: Deno.NetAddr | undefined }
  /** It cannot listen: `listen` where the message says all. */
  | { failed: string; kind: "inUse" | "listen" | "other" }
  | { log: keyof Log; message: LineName; fields: Fields | undefined }
  | { ref: number; ask: WorkerAsk }
  /** A tap is closed. */
  | { release: string }
  /** An event for a tap that is open somewhere. */
  | { tell: string; event: TapEvent }
  | { ended: true };

const asked = new Map<number, (value: never) => void>();
let refs = 0;

/** This thread, as whoever has started it knows it; a package must not change the types of all globals for that. */
const thread = self as unknown as {
  postMessage(message: FromWorker): void;
  onmessage: (event: MessageEvent<ToWorker>) => void;
};

function tell(message: FromWorker): void {
  thread.postMessage(message);
}

function ask<T>(question: WorkerAsk): Promise<T> {
  return new Promise((resolve) => {
    asked.set(++refs, resolve);
    tell({ ref: refs, ask: question });
  });
}

/** Lines go where all threads' lines go. */
const log: Log = {
  debug: (message, fields) => tell({ log: "debug", message, fields }),
  info: (message, fields) => tell({ log: "info", message, fields }),
  warn: (message, fields) => tell({ log: "warn", message, fields }),
  error: (message, fields) => tell({ log: "error", message, fields }),
};

/** Taps that are open here. */
const own = new Map<string, (event: TapEvent) => void>();

/** The taps of all threads. */
const taps: TapBoard = {
  async claim(id, take) {
    if (!await ask<boolean>({ claim: id })) return false;
    own.set(id, take);
    return true;
  },
  release(id) {
    own.delete(id);
    tell({ release: id });
  },
  async watch(id): Promise<TapWatcher | undefined> {
    const conn = await ask<number | undefined>({ watch: id });
    if (conn === undefined) return undefined;
    return { conn, tell: (event) => tell({ tell: id, event }) };
  },
};

let engine: RemoteEngine | undefined;
/** What serves, once it does. */
let begun: Promise<{ server: Serving; places: Places } | undefined> | undefined;

async function begin(
  start: WorkerStart,
): Promise<{ server: Serving; places: Places } | undefined> {
  const { config, port, pair, index, memory, threads, engine: toEngine } = start;
  const remote = engine = new RemoteEngine(toEngine, { waiting: MAX_WAITING / threads });
  let places: Places;
  try {
    // A Unix socket cannot be shared: the first thread has it.
    const unix = index === 0 ? config.unix : "";
    places = await listen({ hostname: config.hostname, port, unix, pair, shared: true });
  } catch (error) {
    const failed = error instanceof Error ? error.message : String(error);
    const inUse = error instanceof Deno.errors.AddrInUse;
    tell({ failed, kind: inUse ? "inUse" : error instanceof ListenError ? "listen" : "other" });
    return undefined;
  }
  const counters = new SharedCounters(memory).of(index);
  const { listeners } = places;
  const server = serveOn({ config, log, listeners, engine: remote, counters, taps, threads });
  tell({ listening: places.addr });
  return { server, places };
}

async function shutdown(drain: number): Promise<void> {
  // It may not have begun yet, while the engine is not there.
  await (await begun)?.server.shutdown(drain);
  await engine?.close();
  tell({ ended: true });
}

thread.onmessage = ({ data }: MessageEvent<ToWorker>) => {
  if ("start" in data) begun = begin(data.start);
  else if ("engine" in data) engine!.attach(data.engine);
  else if ("engineGone" in data) engine!.detach();
  else if ("pair" in data) begun?.then((all) => all?.places.use(data.pair));
  else if ("shutdown" in data) shutdown(data.shutdown);
  else if ("tap" in data) own.get(data.tap)?.(data.event);
  else {
    asked.get(data.ref)?.(data.value as never);
    asked.delete(data.ref);
  }
};

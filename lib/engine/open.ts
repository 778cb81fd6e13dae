/**
 * Engines by the name that `--engine` gives them.
 * @module
 */
import type { Engine } from "../hub/engine.ts";
import { LogEngine } from "./engine.ts";
import { newEpoch } from "./epoch.ts";
import { fault } from "./fault.ts";
import type { FoldLimits } from "./fold.ts";
import { MemoryEngine } from "./memory.ts";
import { natsAddress } from "./nats/address.ts";
import type { OwnLog } from "./own.ts";
import { SqliteLog } from "./sqlite.ts";

/** What opens a log in NATS. */
interface NatsModule {
  openNats(settings: EngineSettings, say: Say): OwnLog;
}

/** Not named where it is imported: whoever uses another engine need not get NATS's client. */
const NATS = new URL("./nats/open.ts", import.meta.url);
/** How often what is too old is dropped from memory, in ms. */
const SWEEP = 1000;

/** Which engine, and how. */
export interface EngineSettings extends FoldLimits {
  /** `memory`, `sqlite:FILE` or `nats://…`. */
  engine: string;
  /** A file with credentials for NATS; empty: none. */
  natsCreds: string;
  /** The name of the stream. */
  natsStream: string;
  /** On how many servers each message is; 0: as the stream has it. */
  natsReplicas: number;
  /** The largest message that anybody may publish, in bytes. */
  maxMessage: number;
}

/** Told what an operator should know, in one line. */
export type Say = (line: string) => void;

/** An engine, and what makes it forget in time. */
export interface OpenEngine {
  engine: Engine;
  sweep: { stop(): void };
}

/** The file of `sqlite:FILE`; `undefined` where an engine is another. */
export function sqliteFile(name: string): string | undefined {
  return /^sqlite:(.+)$/s.exec(name)?.[1];
}

/**
 * Opens an engine in this thread.
 * @param say Told what should be known besides whether it can be reached.
 * @throws {Error} With one line for an operator, if it cannot be opened.
 */
export async function openEngine(settings: EngineSettings, say: Say): Promise<OpenEngine> {
  return swept(await create(settings, say));
}

/**
 * Opens an engine that is somebody's own, or one over a log that is.
 * @param limits How much is remembered of a log.
 */
export function ownEngine(own: Engine | OwnLog, limits: FoldLimits): OpenEngine {
  if ("follow" in own) return swept(new LogEngine(own, limits, () => own.now()));
  return own instanceof LogEngine ? swept(own) : { engine: own, sweep: { stop() {} } };
}

/** Makes an engine forget in time. */
function swept(engine: LogEngine): OpenEngine {
  const timer = setInterval(() => engine.sweep(), SWEEP);
  return { engine, sweep: { stop: () => clearInterval(timer) } };
}

async function create(settings: EngineSettings, say: Say): Promise<LogEngine> {
  const { engine: name, historyBytes } = settings;
  if (natsAddress(name) !== undefined) {
    const { openNats }: NatsModule = await import(NATS.href);
    const log = openNats(settings, say);
    return new LogEngine(log, settings, () => log.now());
  }
  const file = sqliteFile(name);
  if (file === undefined) return new MemoryEngine(settings, () => performance.now(), newEpoch());
  const log = new SqliteLog({ file, historyBytes });
  try {
    return new LogEngine(log, settings, () => log.now());
  } catch (error) {
    // What is damaged in the midst shows as it is read.
    throw fault(file, error);
  }
}

/**
 * Engines by the name that `--engine` gives them.
 * @module
 */
import { LogEngine } from "./engine.ts";
import { newEpoch } from "./epoch.ts";
import { fault } from "./fault.ts";
import type { FoldLimits } from "./fold.ts";
import { MemoryEngine } from "./memory.ts";
import { SqliteLog } from "./sqlite.ts";

/** How often what is too old is dropped from memory, in ms. */
const SWEEP = 1000;

/** An engine, and what makes it forget in time. */
export interface OpenEngine {
  engine: LogEngine;
  sweep: { stop(): void };
}

/** The file of `sqlite:FILE`; `undefined` where an engine is another. */
export function sqliteFile(name: string): string | undefined {
  return /^sqlite:(.+)$/s.exec(name)?.[1];
}

/**
 * Opens an engine in this thread.
 * @param name `memory` or `sqlite:FILE`.
 * @throws {Error} With one line for an operator, if it cannot be opened.
 */
export function openEngine(name: string, limits: FoldLimits): OpenEngine {
  const engine = create(name, limits);
  const timer = setInterval(() => engine.sweep(), SWEEP);
  return { engine, sweep: { stop: () => clearInterval(timer) } };
}

function create(name: string, limits: FoldLimits): LogEngine {
  const file = sqliteFile(name);
  if (file === undefined) return new MemoryEngine(limits, () => performance.now(), newEpoch());
  const log = new SqliteLog({ file, historyBytes: limits.historyBytes });
  try {
    return new LogEngine(log, limits, () => log.now());
  } catch (error) {
    // What is damaged in the midst shows as it is read.
    throw fault(file, error);
  }
}

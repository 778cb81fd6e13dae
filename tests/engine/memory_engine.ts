/**
 * Engines in memory, with a clock that a test moves.
 * @module
 */
import { cost } from "../../lib/engine/fold.ts";
import { MemoryEngine } from "../../lib/engine/memory.ts";
import { type Limits, ROOMY, type TestEngine } from "../../lib/testing/engine_suite.ts";

/** An engine in memory. */
export interface TestMemory extends TestEngine {
  engine: MemoryEngine;
}

let lives = 0;

/** Makes one that remembers nothing yet. */
export function testMemory(limits: Partial<Limits> = {}): TestMemory {
  let time = 5000;
  const engine = new MemoryEngine({ ...ROOMY, ...limits }, () => time, `life${lives++}`);
  return {
    engine,
    pass: (ms) => void (time += ms),
    cost,
    [Symbol.asyncDispose]: () => engine.close(),
  };
}

/**
 * Tests for engines and logs of one's own: what all of Kodama's pass. They know of no test runner, and of no store.
 *
 * ```ts ignore
 * import { testLog } from "@kodama/kodama/testing";
 * import { PostgresLog } from "./postgres_log.ts";
 *
 * testLog({
 *   name: "PostgresLog",
 *   test: Deno.test,
 *   survives: true,
 *   open: (place, now) => PostgresLog.open({ table: place, now }),
 * });
 * ```
 *
 * @module
 */
import { cost, LogEngine, type OwnLog } from "../engine/mod.ts";
import {
  type CreateEngine,
  engineSuite,
  type Limits,
  ROOMY,
  type Test,
  type TestEngine,
} from "./engine_suite.ts";
import { gapSuite } from "./gap_suite.ts";
import { limitsSuite } from "./limits_suite.ts";
import { restartSuite } from "./restart_suite.ts";

export type { CreateEngine, Limits, Test, TestEngine };

/** What is tested, and how. */
export interface Suite {
  /** What it is called: each test's name begins with it. */
  name: string;
  /** Registers a test: `Deno.test`, or `test` of another runner. */
  test: Test;
  /** Whether it remembers after a restart. Default: it does not. */
  survives?: boolean;
  /** How many lives at random it is held against a model for; each is up to 80 steps. Default 300. */
  runs?: number;
}

/** An engine that is tested. */
export interface EngineSuite extends Suite {
  /** Makes one that remembers nothing yet. */
  create: CreateEngine;
}

/** A log that is tested. */
export interface LogSuite extends Suite {
  /**
   * Opens a log.
   * @param place Names where it is kept, in letters, digits and `_`; the same after a restart.
   * @param now The time, in ms, which the tests move: the log's clock goes by it.
   * @param limits How much is remembered of it.
   */
  open(place: string, now: () => number, limits: Limits): OwnLog | Promise<OwnLog>;
  /** Removes what a place has kept, once the log is closed. Default: nothing is removed. */
  remove?(place: string): void | Promise<void>;
}

/** Tests an engine: order, memory, cursors, limits, keys, the truth about gaps, and, where it survives, restarts. */
export function testEngine({ name, test, create, survives = false, runs }: EngineSuite): void {
  engineSuite(test, name, create);
  limitsSuite(test, name, create);
  if (survives) restartSuite(test, name, create);
  gapSuite(test, name, create, runs);
}

/** Tests a log, by the engine that is made of it and of what Kodama remembers of every log. */
export function testLog(suite: LogSuite): void {
  let places = 0;
  const create: CreateEngine = async (limits) =>
    await underTest(suite, `place_${++places}`, limits);
  testEngine({ ...suite, create });
}

/** An engine over a log, with a clock that a test moves. */
async function underTest(
  { open, remove, survives }: LogSuite,
  place: string,
  some: Partial<Limits> = {},
): Promise<TestEngine> {
  const limits = { ...ROOMY, ...some };
  let time = 5000;
  const begin = async () => {
    const log = await open(place, () => time, limits);
    return new LogEngine(log, limits, () => log.now());
  };
  const tested: TestEngine = {
    engine: await begin(),
    pass: (ms) => void (time += ms),
    cost,
    async [Symbol.asyncDispose]() {
      await tested.engine.close();
      await remove?.(place);
    },
  };
  if (survives) {
    tested.restart = async () => {
      await tested.engine.close();
      tested.engine = await begin();
    };
  }
  return tested;
}

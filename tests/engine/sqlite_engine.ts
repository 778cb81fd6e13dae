/**
 * Engines on a file of their own, with a clock that a test moves.
 * @module
 */
import { LogEngine } from "../../lib/engine/engine.ts";
import { cost } from "../../lib/engine/fold.ts";
import { SqliteLog } from "../../lib/engine/sqlite.ts";
import { type Limits, ROOMY, type TestEngine } from "../../lib/testing/engine_suite.ts";

/** An engine on a file. */
export interface SqliteTestEngine extends TestEngine {
  engine: LogEngine;
  file: string;
  restart(): Promise<void>;
}

/** Makes one that remembers nothing yet. */
export async function testSqlite(limits: Partial<Limits> = {}): Promise<SqliteTestEngine> {
  const folder = await Deno.makeTempDir();
  const file = `${folder}/log.db`;
  let time = 5000;
  const all = { ...ROOMY, ...limits };
  const open = () => {
    const now = () => time;
    const log = new SqliteLog({ file, historyBytes: all.historyBytes, now, elapsed: now });
    return new LogEngine(log, all, () => log.now());
  };
  const test: SqliteTestEngine = {
    engine: open(),
    file,
    pass: (ms) => void (time += ms),
    cost,
    async restart() {
      await test.engine.close();
      test.engine = open();
    },
    async [Symbol.asyncDispose]() {
      await test.engine.close();
      await Deno.remove(folder, { recursive: true });
    },
  };
  return test;
}

/** Copies a file as it is on the disk at this moment, as a power cut would leave it. */
export async function cutOff(file: string, to: string): Promise<void> {
  await Deno.copyFile(file, to);
  await Deno.copyFile(`${file}-wal`, `${to}-wal`);
}

/**
 * A log's file that comes back: after a failed commit, with other limits, with another clock.
 */
import { assertEquals, assertRejects } from "@std/assert";
import { EngineError } from "../../lib/hub/engine.ts";
import { Database } from "../../lib/engine/database.ts";
import { inspect } from "../../lib/engine/inspect.ts";
import { LogEngine } from "../../lib/engine/engine.ts";
import { SqliteLog } from "../../lib/engine/sqlite.ts";
import { Ear } from "./ear.ts";
import {
  after,
  draft,
  publishAll,
  ROOMY,
  type TestEngine,
  word,
} from "../../lib/testing/engine_suite.ts";
import { testSqlite } from "./sqlite_engine.ts";

/** The next transaction fails as it is committed: it is on the disk all the same, or it is not. */
function failCommit(written: boolean): void {
  const { transaction } = Database.prototype;
  Database.prototype.transaction = function (work) {
    Database.prototype.transaction = transaction;
    transaction.call(this, () => {
      work();
      if (!written) throw new Error("disk I/O error");
    });
    throw new Error("disk I/O error");
  };
}

Deno.test("after a commit that failed, a repeat under the same key is published once, whether the first was written or not", async () => {
  await using kept = await testSqlite();
  await using gone = await testSqlite();
  const failed = async (test: TestEngine, written: boolean) => {
    const ear = new Ear();
    test.engine.listen(ear);
    failCommit(written);
    const publish = () => test.engine.publish(draft("a", "1"), 3, "key");
    const error = await assertRejects(publish, EngineError, "uncertain");
    assertEquals(error.uncertain, true);
    // What comes meanwhile is certainly not published.
    assertEquals((await assertRejects(publish, EngineError)).uncertain, false);
    return { test, ear, publish, written };
  };
  for (const each of [await failed(kept, true), await failed(gone, false)]) {
    const { test, ear, publish, written } = each;
    await ear.said("reachable");
    const { id, subscribers, replayed } = await publish();
    assertEquals([subscribers, replayed], [3, written]);
    assertEquals(ear.take().filter((said) => said.startsWith("a:")), ["a:1"]);
    await test.restart!();
    const { open, messages } = await test.engine.history(["a"], { from: "all" });
    assertEquals([open, messages.map(word)], [id, ["a:1"]]);
    assertEquals((await publish()).replayed, true);
  }
});

Deno.test("a file that holds more than is to be remembered now is cut to that, and tells of it", async () => {
  await using test = await testSqlite();
  const words = Array.from({ length: 50 }, (_, i) => `${"ab"[i % 2]}:${i}`);
  const ids = await publishAll(test.engine, ...words);
  await test.engine.close();
  const limits = { ...ROOMY, history: 5 };
  const open = () => {
    const log = new SqliteLog({ file: test.file, historyBytes: ROOMY.historyBytes });
    return new LogEngine(log, { ...limits, historyAge: Infinity }, () => log.now());
  };
  const engine = open();
  for (const [from, lost] of [[37, "expired"], [38, undefined]] as const) {
    const history = await engine.history(["a"], after(ids[from]!));
    assertEquals([history.lost.get("a"), history.messages.map(word)], [
      lost,
      ["a:40", "a:42", "a:44", "a:46", "a:48"],
    ]);
  }
  await engine.close();
  assertEquals(inspect(test.file).messages, 10);
  const again = open();
  assertEquals((await again.history(["b"], after(ids[39]!))).lost.size, 0);
  assertEquals((await again.history(["b"], after(ids[0]!))).lost.get("b"), "expired");
  await again.close();
});

Deno.test("where the machine's clock goes back, time goes on: messages grow old, and keys expire", async () => {
  const folder = await Deno.makeTempDir();
  let wall = 1e12, elapsed = 5;
  const open = () => {
    const log = new SqliteLog({
      ...{ file: `${folder}/log.db`, historyBytes: ROOMY.historyBytes },
      ...{ now: () => wall, elapsed: () => elapsed },
    });
    return new LogEngine(log, { ...ROOMY, historyAge: 1000 }, () => log.now());
  };
  let engine = open();
  const first = await engine.publish(draft("a", "1"), 0, "key");
  wall -= 3_600_000;
  elapsed += 999.5;
  await publishAll(engine, "a:2");
  assertEquals((await engine.history(["a"], { from: "all" })).messages.map(word), ["a:1", "a:2"]);
  elapsed += 0.5;
  assertEquals((await engine.history(["a"], { from: "all" })).messages.map(word), ["a:2"]);
  // Also after a restart, where what had elapsed begins anew.
  await engine.close();
  elapsed = 0;
  engine = open();
  assertEquals((await engine.history(["a"], { from: "all" })).messages.map(word), ["a:2"]);
  elapsed = 1000;
  assertEquals((await engine.history(["a"], { from: "all" })).messages, []);
  assertEquals((await engine.publish(draft("a"), 0, "key")).id, first.id);
  elapsed = 600_000;
  assertEquals((await engine.publish(draft("a"), 0, "key")).replayed, false);
  await engine.close();
  await Deno.remove(folder, { recursive: true });
});

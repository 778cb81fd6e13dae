/**
 * A log's file as others see it: how large it is, where it is, and what is in it.
 */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { EngineError } from "../../lib/hub/engine.ts";
import type { LogEngine } from "../../lib/engine/engine.ts";
import { DatabaseError } from "../../lib/engine/fault.ts";
import { inspect } from "../../lib/engine/inspect.ts";
import { SqliteLog } from "../../lib/engine/sqlite.ts";
import { canMount, smallDisk } from "../tools/mount.ts";
import { after, draft, publishAll } from "../../lib/testing/engine_suite.ts";
import { cutOff, testSqlite } from "./sqlite_engine.ts";

/** Bodies, of which pages hold one with the most room left, or two; and how many messages come for each that stays. */
const sizes: [body: number, each: number][] = [
  [100, 2],
  [660, 2],
  [990, 1],
  [2500, 2],
  [100_000, 1],
];
Deno.test("SqliteLog keeps its file within a quarter of its limit, whatever is published and stays", async () => {
  for (const [body, each] of sizes) {
    const limit = body < 10_000 ? 1 << 20 : 8 << 20;
    await using test = await testSqlite({ history: 10, historyBytes: limit });
    const text = "x".repeat(body);
    for (let sent = 0, count = 0; sent < 2 * limit * each; sent += 100 * (body + 800)) {
      const batch = Array.from({ length: 100 }, () => {
        // One goes to a channel of its own and stays, the others to one that soon lets go of them.
        const channel = ++count % each === 0 ? `c${count}` : "busy";
        return test.engine.publish(draft(channel, text), 0);
      });
      await Promise.all(batch);
    }
    const size = Deno.statSync(test.file).size + Deno.statSync(`${test.file}-wal`).size;
    assert(size <= limit * 1.25, `${size} bytes of ${limit} with bodies of ${body}, 1 of ${each}`);
    assert(test.engine.bytes > limit * 0.9, `only ${test.engine.bytes} remembered`);
  }
});

/** Waits until it takes publishes, or until it says something else of why not. */
function change(engine: LogEngine): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const reachable = engine.reachable.bind(engine);
  engine.reachable = (why) => {
    engine.reachable = reachable;
    reachable(why);
    resolve(why);
  };
  return promise;
}

Deno.test("SqliteLog takes nothing while its file is gone, makes no other, and goes on once it is back", async () => {
  await using test = await testSqlite();
  const { engine, file } = test;
  const taken = await publishAll(engine, "a:1");
  const away = `${file}.away`;
  const move = (from: string, to: string) => {
    for (const suffix of ["", "-wal"]) Deno.renameSync(from + suffix, to + suffix);
  };
  move(file, away);
  await assertRejects(() => engine.publish(draft("a"), 0), EngineError, "is gone: put it back");
  const back = change(engine);
  move(away, file);
  assertEquals(await back, undefined);
  taken.push(...await publishAll(engine, "a:2"));
  const { lost, messages } = await engine.history(["a"], { from: "all" });
  assertEquals([lost.size, messages.map((m) => m.id)], [0, taken]);
});

Deno.test("SqliteLog that finds an older copy in the place of its file begins another life: its numbers come again", async () => {
  await using test = await testSqlite();
  const { file } = test;
  const [old] = await publishAll(test.engine, "a:1");
  await test.engine.close();
  await Deno.copyFile(file, `${file}.copy`);
  await test.restart();
  const { engine } = test;
  const told: string[] = [];
  engine.listen({
    message() {},
    lost: (reason, open) => void told.push(`${reason} ${open}`),
    reachable() {},
  });
  await publishAll(engine, "a:2", "a:3");
  await Deno.remove(`${file}-wal`);
  await Deno.rename(`${file}.copy`, file);
  const why = "is another file than it was";
  const back = change(engine).then(() => change(engine));
  await assertRejects(() => engine.publish(draft("a"), 0), EngineError, why);
  assertEquals(await back, undefined);
  const [next] = await publishAll(engine, "a:2");
  assert(!next!.startsWith(old!.split(".")[0]!), next);
  assertEquals(told, [`epoch ${next!.replace(/2$/, "1")}`]);
  assertEquals((await engine.history(["a"], after(old!))).lost.get("a"), "epoch");
});

Deno.test("inspect() tells what is in a file, also after a stop at any moment, and leaves no trace", async () => {
  await using test = await testSqlite();
  await publishAll(test.engine, "a:1", "b:22", "a:333");
  await test.engine.publish({ channel: "a", kind: "text", body: new Uint8Array(60_000) }, 0);
  const folder = `${test.file}.copies`, copy = `${folder}/log.db`;
  await Deno.mkdir(folder);
  await cutOff(test.file, copy);
  const content = () =>
    Array.from(Deno.readDirSync(folder), ({ name }) => {
      const bytes = Deno.readFileSync(`${folder}/${name}`);
      return `${name} ${bytes.length} ${bytes.toHex()}`;
    }).sort();
  const epoch = (await test.engine.history([], undefined)).open.split(".")[0];
  for (const closed of [false, true]) {
    if (closed) new SqliteLog({ file: copy, historyBytes: 1 << 20 }).close();
    const before = content();
    assertEquals(before.length, closed ? 1 : 2);
    const { size, ...rest } = inspect(copy);
    const found = { channels: 2, messages: 4, bytes: 60_006, oldest: 5000, faults: [] };
    assertEquals(rest, { epoch: epoch!, ...found });
    assertEquals(size, before.reduce((sum, line) => sum + Number(line.split(" ")[1]), 0));
    assertEquals(content(), before);
  }
});

Deno.test("inspect() says what is damaged", async () => {
  await using test = await testSqlite();
  await publishAll(
    test.engine,
    ...Array.from({ length: 60 }, (_, i) => `c${i}:${"x".repeat(200)}`),
  );
  await test.engine.close();
  const whole = await Deno.readFile(test.file);
  for (let page = 1; page < whole.length / 1024; page++) {
    const bytes = whole.slice();
    bytes.fill(0xff, page * 1024, (page + 1) * 1024);
    await Deno.writeFile(test.file, bytes);
    let said: string;
    try {
      said = inspect(test.file).faults.join("; ");
    } catch (error) {
      assert(error instanceof DatabaseError, String(error));
      said = error.message;
    }
    assertMatch(said, /page|damaged/);
  }
  await Deno.writeFile(test.file, whole);
  assertEquals(inspect(test.file).faults, []);
  await test.restart();
});

Deno.test({
  name: "inspect() looks into a file on a disk that is read-only",
  ignore: !canMount,
  async fn() {
    await using disk = (await smallDisk("1m"))!;
    const file = `${disk.folder}/log.db`;
    await using test = await testSqlite();
    await publishAll(test.engine, "a:1");
    await cutOff(test.file, file);
    await new SqliteLog({ file: `${file}.closed`, historyBytes: 1 << 20 }).close();
    await disk.remount("ro");
    assertEquals([inspect(file).messages, inspect(`${file}.closed`).messages], [1, 0]);
  },
});

Deno.test("SqliteLog goes on with a file of before it kept who published, and lets go of that with the message", async () => {
  await using test = await testSqlite({ history: 2 });
  await publishAll(test.engine, "a:1");
  await test.engine.close();
  const old = new DatabaseSync(test.file);
  old.exec("DROP TABLE senders");
  old.close();
  await test.restart!();
  for (const sender of ["ann", "bob", "cy"]) {
    await test.engine.publish({ ...draft("a"), sender }, 0);
  }
  const { messages } = await test.engine.history(["a"], { from: "all" });
  assertEquals(messages.map((m) => m.sender), ["bob", "cy"]);
  await test.engine.close();
  const left = new DatabaseSync(test.file);
  const rows = left.prepare("SELECT sender FROM senders ORDER BY seq").all();
  assertEquals(rows.map((row) => row.sender), ["bob", "cy"]);
  // What an earlier Kodama does with it.
  assertEquals(left.prepare("PRAGMA user_version").get()!.user_version, 1);
  left.close();
  await test.restart!();
});

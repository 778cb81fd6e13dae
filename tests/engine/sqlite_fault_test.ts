/**
 * A log's file that cannot be used, is not whole, or has no room.
 */
import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { EngineError } from "../../lib/hub/engine.ts";
import { LogEngine } from "../../lib/engine/engine.ts";
import { DatabaseError, fault } from "../../lib/engine/fault.ts";
import { inspect } from "../../lib/engine/inspect.ts";
import { SqliteLog } from "../../lib/engine/sqlite.ts";
import { canMount, smallDisk } from "../tools/mount.ts";
import { after, draft, listen, publishAll, ROOMY, word } from "../../lib/testing/engine_suite.ts";
import { cutOff, testSqlite } from "./sqlite_engine.ts";

const { historyBytes } = ROOMY;

function open(file: string, limits = ROOMY): LogEngine {
  const log = new SqliteLog({ file, historyBytes: limits.historyBytes });
  return new LogEngine(log, limits, () => log.now());
}

/** What is wrong with a file, in one line that names it. */
function refusal(file: string): string {
  const { message } = assertThrows(() => new SqliteLog({ file, historyBytes }), DatabaseError);
  assert(message.startsWith(`the log ${file} `) && !message.includes("\n"), message);
  return message.slice(`the log ${file} `.length);
}

Deno.test("SqliteLog refuses a file that another has open, and takes it once that is closed", async () => {
  await using test = await testSqlite();
  assertEquals(refusal(test.file), "is in use by another process");
  await test.restart();
});

const files: [what: string, make: (file: string) => void, why: RegExp][] = [
  ["is no database", (f) => Deno.writeTextFileSync(f, "x".repeat(9000)), /^is damaged, or no data/],
  ["is a folder", (f) => Deno.mkdirSync(f), /^is a folder$/],
  ["is another program's database", (f) => {
    using db = new DatabaseSync(f);
    db.exec("CREATE TABLE theirs (x)");
  }, /^is a database of another program$/],
  ["is a later Kodama's", (f) => {
    new SqliteLog({ file: f, historyBytes }).close();
    using db = new DatabaseSync(f);
    db.exec("PRAGMA user_version = 2");
  }, /^was written by a later Kodama \(schema 2, not 1\)$/],
];
for (const [what, make, why] of files) {
  Deno.test(`SqliteLog refuses a file that ${what}, and changes nothing of it`, async () => {
    const folder = await Deno.makeTempDir();
    const file = `${folder}/log.db`;
    make(file);
    const content = () => Deno.statSync(file).isFile ? Deno.readFileSync(file).toHex() : "";
    const before = content();
    assertMatch(refusal(file), why);
    assertEquals(content(), before);
    await Deno.remove(folder, { recursive: true });
  });
}

Deno.test("SqliteLog makes the folder of its file for its owner alone, but no folder for that", async () => {
  const folder = await Deno.makeTempDir();
  await open(`${folder}/data/log.db`).close();
  const modes = ["data", "data/log.db"].map((f) => Deno.statSync(`${folder}/${f}`).mode! & 0o777);
  assertEquals(modes, [0o700, 0o600]);
  const why = `cannot be made: there is no folder ${folder}/no`;
  assertEquals(refusal(`${folder}/no/such/log.db`), why);
  await Deno.remove(folder, { recursive: true });
});

const words: [error: Error, why: RegExp][] = [
  [new Deno.errors.PermissionDenied("Permission denied (os error 13)"), /may not be written by th/],
  [
    new Deno.errors.NotCapable("Requires read access"),
    /Deno needs --allow-read=.*\/var\/lib --allow/,
  ],
  [new Error("database or disk is full"), /^cannot be written: the disk is full$/],
  [new Error("something else\nand more"), /^cannot be used: something else$/],
];
Deno.test("fault() says in one line what a system or SQLite said", () => {
  for (const [error, why] of words) {
    const { message } = fault("/var/lib/log.db", error);
    assertMatch(message.slice("the log /var/lib/log.db ".length), why);
    assertEquals(fault("/var/lib/log.db", fault("/var/lib/log.db", error)).message, message);
  }
});

Deno.test("SqliteLog has what was acknowledged after a stop at any moment: messages, keys, epoch, and where it stood", async () => {
  await using test = await testSqlite();
  const first = await publishAll(test.engine, "a:1", "b:2", "a:3");
  const keyed = await test.engine.publish(draft("a", "4"), 5, "key");
  const copy = `${test.file}.copy`;
  await cutOff(test.file, copy);
  const log = new SqliteLog({ file: copy, historyBytes, now: () => 5000 });
  const engine = new LogEngine(log, ROOMY, () => log.now());
  const { open, lost, messages } = await engine.history(["a", "b"], after(first[0]!));
  assertEquals([open, lost.size, messages.map(word)], [keyed.id, 0, ["b:2", "a:3", "a:4"]]);
  assertEquals(await engine.publish(draft("a", "again"), 0, "key"), { ...keyed, replayed: true });
  assertEquals((await publishAll(engine, "a:5"))[0], keyed.id.replace(/4$/, "5"));
  await engine.close();
});

Deno.test("SqliteLog numbers on after all that it kept is gone by age, and says expired of what was", async () => {
  await using test = await testSqlite({ historyAge: 1000 });
  const [first, last] = await publishAll(test.engine, "a:1", "b:2");
  test.pass(1000);
  test.engine.sweep();
  await test.restart();
  assertEquals(inspect2(test.file), undefined);
  const { open, lost, messages } = await test.engine.history(["a", "b"], after(first!));
  assertEquals([open, messages.length], [last, 0]);
  assertEquals([lost.get("a"), lost.get("b")], ["expired", "expired"]);
  assertEquals((await test.engine.history(["a"], after(last!))).lost.size, 0);
  assertEquals(await publishAll(test.engine, "a:3"), [last!.replace(/2$/, "3")]);
});

/** A file that is open cannot be looked into; that is said, too. */
function inspect2(file: string): undefined {
  assertThrows(() => inspect(file), DatabaseError, "is in use by another process");
}

Deno.test({
  name:
    "SqliteLog refuses publishes while the disk is full, loses none that it took, and comes back by itself",
  ignore: !canMount,
  async fn() {
    await using disk = (await smallDisk("600k"))!;
    const file = `${disk.folder}/log.db`;
    const engine = open(file);
    const heard: string[] = [], states: (string | undefined)[] = [];
    const back = Promise.withResolvers<void>();
    listen(engine, (message) => heard.push(message.id));
    const reachable = engine.reachable.bind(engine);
    engine.reachable = (why) => {
      reachable(why);
      states.push(why);
      if (why === undefined) back.resolve();
    };
    const taken: string[] = [];
    const refused = await assertRejects(async () => {
      for (;;) taken.push((await engine.publish(draft("a", "x".repeat(20_000)), 0)).id);
    }, EngineError);
    assertMatch(refused.message, /cannot be written: the disk is full$/);
    assertEquals(engine.unreachable, refused.reason);
    // What was taken is there meanwhile.
    const { messages } = await engine.history(["a"], { from: "all" });
    assertEquals(messages.map((m) => m.id), taken);
    await assertRejects(() => engine.publish(draft("a"), 0), EngineError, "full");
    await disk.remount("size=16m");
    await back.promise;
    taken.push(...await publishAll(engine, "a:on"));
    assertEquals(states.at(-1), undefined);
    assertEquals(heard, taken);
    assert(taken.length > 5);
    await engine.close();
    const again = open(file);
    const kept = await again.history(["a"], { from: "all" });
    assertEquals([kept.lost.size, kept.messages.map((m) => m.id)], [0, taken]);
    await again.close();
  },
});

Deno.test({
  name: "SqliteLog refuses a file on a disk that is read-only or full",
  ignore: !canMount,
  async fn() {
    await using disk = (await smallDisk("1m"))!;
    const file = `${disk.folder}/log.db`;
    await open(file).close();
    await disk.remount("ro");
    assertEquals(refusal(file), "cannot be written: it is read-only");
    await disk.remount("rw");
    const fill = await Deno.create(`${disk.folder}/fill`);
    await assertRejects(async () => {
      for (;;) await fill.write(new Uint8Array(4096));
    }, Error);
    fill.close();
    for (const name of ["log.db", "new.db"]) {
      assertEquals(refusal(`${disk.folder}/${name}`), "cannot be written: the disk is full");
    }
    await Deno.remove(`${disk.folder}/fill`);
    await open(file).close();
  },
});

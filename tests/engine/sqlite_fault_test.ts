/**
 * A log's file that cannot be used, is not whole, or has no room.
 */
import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { EngineError } from "../../lib/hub/engine.ts";
import { DatabaseError, inspect } from "../../lib/engine/database.ts";
import { LogEngine } from "../../lib/engine/engine.ts";
import { SqliteLog } from "../../lib/engine/sqlite.ts";
import { canMount, smallDisk } from "../tools/mount.ts";
import { after, draft, listen, publishAll, ROOMY, word } from "./engine_suite.ts";
import { testSqlite } from "./sqlite_engine.ts";

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
  ["is a folder", (f) => Deno.mkdirSync(f), /^cannot be used: .*directory/i],
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

Deno.test("SqliteLog refuses a file in a folder that is not there", () => {
  assertMatch(refusal("/nowhere/at/all/log.db"), /^cannot be used: No such file/);
});

/** Copies a file as it is on the disk at this moment, as a power cut would leave it. */
async function cutOff(file: string, to: string): Promise<void> {
  await Deno.copyFile(file, to);
  await Deno.copyFile(`${file}-wal`, `${to}-wal`);
}

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

Deno.test("SqliteLog keeps its file within a quarter of its limit, whatever is published", async () => {
  const rows = [[100, 1e9], [100, 1], [1100, 1e9], [3000, 40], [200_000, 7]] as const;
  for (const [body, channels] of rows) {
    const limit = 8 << 20;
    await using test = await testSqlite({ history: 100, historyBytes: limit });
    const text = "x".repeat(body);
    for (let sent = 0; sent < 4 * limit; sent += 50 * (body + 300)) {
      const batch = Array.from(
        { length: 50 },
        (_, i) => test.engine.publish(draft(`c${(sent + i) % channels}`, text), 0),
      );
      await Promise.all(batch);
    }
    const size = Deno.statSync(test.file).size + Deno.statSync(`${test.file}-wal`).size;
    assert(size <= limit * 1.25, `${size} bytes with bodies of ${body} on ${channels} channels`);
    assert(test.engine.bytes > limit / 2 || channels === 1, `only ${test.engine.bytes} remembered`);
  }
});

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
  name: "SqliteLog refuses a file on a disk that is read-only",
  ignore: !canMount,
  async fn() {
    await using disk = (await smallDisk("1m"))!;
    const file = `${disk.folder}/log.db`;
    await open(file).close();
    await disk.remount("ro");
    assertEquals(refusal(file), "cannot be written: it is read-only");
  },
});

Deno.test("inspect() tells what is in a file, also after a stop at any moment, and what is damaged", async () => {
  await using test = await testSqlite();
  await publishAll(test.engine, "a:1", "b:22", "a:333");
  await test.engine.publish({ channel: "a", kind: "text", body: new Uint8Array(60_000) }, 0);
  const copy = `${test.file}.copy`;
  await cutOff(test.file, copy);
  const { epoch, size, ...rest } = inspect(copy);
  assertEquals(rest, { channels: 2, messages: 4, bytes: 60_006, oldest: 5000, faults: [] });
  assertEquals(test.engine.history([], undefined).then.length > 0 && epoch.length, 8);
  assert(size > 0);
  // Checkpointed, then one page overwritten.
  await open(copy).close();
  const bytes = await Deno.readFile(copy);
  bytes.fill(0xff, 8192, 12_288);
  await Deno.writeFile(copy, bytes);
  let said: string;
  try {
    said = inspect(copy).faults.join("\n");
  } catch (error) {
    said = String(error);
  }
  assertMatch(said, /malformed|page|damaged/i);
});

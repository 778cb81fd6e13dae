import { assert, assertEquals, assertMatch } from "@std/assert";
import { check } from "../../lib/cli/check.ts";
import { parseCommand } from "../../lib/settings/command.ts";
import { publishAll } from "../../lib/testing/engine_suite.ts";
import { type SqliteTestEngine, testSqlite } from "../engine/sqlite_engine.ts";
import { run } from "../tools/command.ts";

/** What the command would print at some time, of a log that its engine has closed for it. */
async function checked(test: SqliteTestEngine, now: number, ...flags: string[]): Promise<string> {
  await test.engine.close();
  const command = parseCommand(["check", test.file, ...flags], () => undefined);
  if (command.run !== "check") throw new TypeError("not this command");
  const { text, whole } = check(command, now);
  assertEquals(whole, true);
  await test.restart();
  return text.replaceAll(test.file, "FILE");
}

Deno.test("kodama check tells what is in a log", async () => {
  await using test = await testSqlite();
  const none = await checked(test, 5000);
  assertMatch(none, /^channels {2}0\nmessages {2}0\nbytes {5}0 bytes\noldest {4}none$/m);
  await publishAll(test.engine, "a:one", "b:two", `a:${"x".repeat(2000)}`);
  const epoch = (await test.engine.history([], undefined)).open.split(".")[0];
  const [file, ...rest] = (await checked(test, 5000 + 90_000)).split("\n");
  assertMatch(file!, /^file {6}FILE, \d\.\d KiB, whole$/);
  assertEquals(rest, [
    `epoch     ${epoch}`,
    "channels  2",
    "messages  3",
    "bytes     2.0 KiB",
    "oldest    1970-01-01T00:00:05.000Z, 1m ago",
  ]);
  const { size, ...json } = JSON.parse(await checked(test, 5000, "--json"));
  assert(size > 2006 && size % 1024 === 0, `${size}`);
  assertEquals(json, {
    file: "FILE",
    epoch,
    channels: 2,
    messages: 3,
    bytes: 2006,
    oldest: "1970-01-01T00:00:05.000Z",
    faults: [],
  });
});

/** As the binary may do it: read and write what its user may. */
const allowed = ["-P=binary"];

Deno.test("kodama check of what is no whole log is one line and 1; of one that a server has open, too", async () => {
  await using test = await testSqlite();
  await publishAll(
    test.engine,
    ...Array.from({ length: 30 }, (_, i) => `c${i}:${"x".repeat(200)}`),
  );
  await test.engine.close();
  const whole = await Deno.readFile(test.file);
  const damaged = whole.slice();
  damaged.fill(0xff, whole.length - 1024);
  const rows: [what: string, bytes: Uint8Array | undefined, why: RegExp][] = [
    ["no file", undefined, / is not there$/],
    ["an empty file", new Uint8Array(0), / is empty$/],
    ["a text", new TextEncoder().encode("x".repeat(9000)), / is damaged, or no database \(.*\)$/],
    ["a file with a damaged page", damaged, /^kodama: the log.* is damaged/],
  ];
  for (const [what, bytes, why] of rows) {
    const file = `${test.file}.other`;
    if (bytes !== undefined) await Deno.writeFile(file, bytes);
    const { code, err } = await run(["check", file], { allowed });
    assertEquals([code, err.match(/\n/g)!.length], [1, 1], what);
    assertMatch(err.trimEnd(), why, what);
  }
  await test.restart();
  assertEquals(await run(["check", `sqlite:${test.file}`], { allowed }), {
    code: 1,
    out: "",
    err: `kodama: the log ${test.file} is in use by another process\n`,
  });
  const { err } = await run(["check", test.file]);
  assertMatch(err, /^kodama: the log .* may not be opened: Deno needs --allow-read=[^\n]*\n$/);
});

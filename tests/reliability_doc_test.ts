/** docs/reliability.md beside the tests that it names. */
import { assert, assertEquals, assertGreater } from "@std/assert";
import { settings } from "../lib/settings/config.ts";
import { flagName } from "../lib/settings/flags.ts";

const root = new URL("..", import.meta.url).pathname;
const text = Deno.readTextFileSync(`${root}docs/reliability.md`);
const bounds = text.split("### The worst case")[0]!;
const rows = bounds.split("\n").filter((line) =>
  line.startsWith("| ") && !/^\| (what|-)/.test(line)
);

Deno.test("docs/reliability.md names a test for every bound, and each of them is there", () => {
  assertGreater(rows.length, 20);
  for (const row of rows) {
    const named = [...row.matchAll(/`(tests\/[\w/]+\.ts): ([^`]+)`/g)];
    assertGreater(named.length, 0, row);
    for (const [, file, part] of named) {
      const source = Deno.readTextFileSync(`${root}${file}`);
      assert(source.includes(part!), `${file} has no ${part}`);
    }
  }
});

Deno.test("docs/reliability.md names only settings that there are", () => {
  const flags = Object.keys(settings).map(flagName);
  const named = [...text.matchAll(/`--([a-z-]+)`/g)].map(([, name]) => name!);
  assertGreater(named.length, 15);
  assertEquals(named.filter((name) => !flags.includes(name)), []);
});

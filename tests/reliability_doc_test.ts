/** docs/reliability.md and docs/security.md beside the tests that they name. */
import { assert, assertEquals, assertGreater } from "@std/assert";
import { settings } from "../lib/settings/config.ts";
import { flagName } from "../lib/settings/flags.ts";

const root = new URL("..", import.meta.url).pathname;
const DOCUMENTS = ["docs/reliability.md", "docs/security.md"];
const text = DOCUMENTS.map((name) => Deno.readTextFileSync(root + name)).join("\n");

/** The rows of tables whose last column says what holds them. */
const rows = text.split(/\n\n/).flatMap((part) => {
  const [head, _, ...rows] = part.trim().split("\n");
  return /\| held by +\|$/.test(head!) ? rows : [];
});

Deno.test("docs/reliability.md and docs/security.md name a test for every bound, promise and threat, and each of them is there", () => {
  assertGreater(rows.length, 70);
  for (const row of rows) {
    const named = [...row.matchAll(/`((?:tests|lib\/testing)\/[\w/]+\.ts): ([^`]+)`/g)];
    assertGreater(named.length, 0, row);
    for (const [, file, part] of named) {
      const source = Deno.readTextFileSync(`${root}${file}`);
      assert(source.includes(part!), `${file} has no ${part}`);
    }
  }
});

Deno.test("docs/reliability.md and docs/security.md name only settings that there are", () => {
  const flags = Object.keys(settings).map(flagName);
  const named = [...text.matchAll(/`--([a-z-]+)[^`]*`/g)].map(([, name]) => name!);
  assertGreater(named.length, 15);
  assertEquals(named.filter((name) => !flags.includes(name)), []);
});

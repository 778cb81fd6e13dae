/** Tests with several threads, which are left out where coverage is counted, run by `test:threads`. */
import { assertEquals, assertGreater } from "@std/assert";
import manifest from "../deno.json" with { type: "json" };

const root = new URL("..", import.meta.url).pathname;
/** What leaves them out. */
const LEFT_OUT = /TEST_THREADS|tools\/(threads|engines|pusher_ways)\.ts"/;

function* tests(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(root + folder)) {
    if (isDirectory) yield* tests(`${folder}/${name}`);
    else if (name.endsWith("_test.ts")) yield `${folder}/${name}`;
  }
}

Deno.test("whatever is left out where coverage is counted is where test:threads looks", () => {
  const places = manifest.tasks["test:threads"].split(" ").filter((part) => /^tests\b/.test(part));
  const files = [...tests("tests")].filter((file) =>
    file !== "tests/threads_test.ts" && LEFT_OUT.test(Deno.readTextFileSync(root + file))
  );
  assertGreater(files.length, 20);
  const missed = files.filter((file) =>
    !places.some((place) => file === place || file.startsWith(`${place}/`))
  );
  assertEquals(missed, []);
});

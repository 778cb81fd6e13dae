import { assertEquals } from "@std/assert";
import manifest from "../deno.json" with { type: "json" };
import { documentOf, places, withTable } from "./tools/readme.ts";

const readme = Deno.readTextFileSync(new URL("../README.md", import.meta.url));

for (const place of places) {
  Deno.test(`${place.file}: the ${place.name} are those of the code (deno task readme writes them)`, () => {
    const text = documentOf(place.file);
    assertEquals(text, withTable(text, place));
  });
}

Deno.test("the README names every package that is used, and says why", () => {
  const used = { ...manifest.imports, ...manifest.scopes["./tests/"] };
  const missing = Object.keys(used).filter((name) => !readme.includes(`| \`${name}\``));
  assertEquals(missing, []);
});

Deno.test("the version of Deno is the same wherever it is named", () => {
  const texts = ["README.md", ".ci/run"].map((f) =>
    Deno.readTextFileSync(new URL(`../${f}`, import.meta.url))
  );
  const versions = texts.flatMap((t) => t.match(/deno@\d+\.\d+\.\d+/g) ?? []);
  assertEquals(new Set(versions).size, 1);
});

import { assertEquals } from "@std/assert";
import manifest from "../deno.json" with { type: "json" };
import { readmeWithTable } from "./tools/readme.ts";

const readme = Deno.readTextFileSync(new URL("../README.md", import.meta.url));

Deno.test("the README's settings are those of the code (deno task readme writes them)", () => {
  assertEquals(readme, readmeWithTable(readme));
});

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

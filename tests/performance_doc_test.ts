import { assertEquals } from "@std/assert";
import { performancePage, pictures, targetsPage } from "../bench/report.ts";

const docs = new URL("../docs/", import.meta.url);

Deno.test("docs/performance.md says what the files of bench/ say that were measured", () => {
  const page = Deno.readTextFileSync(new URL("performance.md", docs));
  assertEquals(performancePage(page), page, "deno task bench:report writes it");
});

Deno.test("docs/targets.md says what was aimed at, and what came of it, missed targets too", () => {
  const page = Deno.readTextFileSync(new URL("targets.md", docs));
  assertEquals(targetsPage(page), page, "deno task bench:report writes it");
});

Deno.test("the pictures of docs/performance.md are drawn from bench/scale.json", () => {
  for (const [name, text] of pictures()) {
    assertEquals(
      Deno.readTextFileSync(new URL(name, docs)),
      text,
      "deno task bench:report draws it",
    );
  }
});

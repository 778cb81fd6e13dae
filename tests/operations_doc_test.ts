/** docs/operations.md beside the code. */
import { assert, assertEquals, assertGreater } from "@std/assert";
import { metrics } from "../lib/service/metrics.ts";

const root = new URL("..", import.meta.url).pathname;
const text = Deno.readTextFileSync(`${root}docs/operations.md`);

function* sources(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    if (isDirectory) yield* sources(`${folder}/${name}`);
    else if (name.endsWith(".ts")) yield Deno.readTextFileSync(`${folder}/${name}`);
  }
}
const code = [...sources(`${root}lib`), Deno.readTextFileSync(`${root}main.ts`)].join("\n");

/** The cells of the rows of a part's table, without those of its head. */
function rows(heading: string): string[][] {
  const part = text.split(/^## /m).find((p) => p.startsWith(heading))!;
  return part.split("\n").filter((line) => line.startsWith("| `"))
    .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim().replaceAll("`", "")));
}

Deno.test("docs/operations.md quotes what the code says of a file that cannot be used", () => {
  const lines = rows("When something").map(([line]) => line!).filter((l) =>
    l.startsWith("the log")
  );
  assert(lines.length > 8);
  for (const line of lines) {
    // What stands for something is not in the code as it is.
    const said = line.replace("the log FILE ", "").split(/…|--allow/)[0]!.replace(/[ (]+$/, "");
    assert(code.includes(said), line);
  }
  for (const [, quoted] of text.matchAll(/why="the log \S+ ([^"]+)"/g)) {
    assert(/^cannot be used: disk I\/O error$/.test(quoted!), quoted);
  }
});

Deno.test("docs/operations.md says what to watch of what is measured", () => {
  const told = rows("What to watch").map(([name]) => name!);
  assertGreater(told.length, 10);
  const names = metrics.map(({ name }) => name);
  assertEquals(told.filter((name) => !names.includes(name)), []);
});

/** The names by which the headings of a document can be linked, as GitHub makes them. */
function anchors(markdown: string): string[] {
  return [...markdown.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading!.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-")
  );
}

Deno.test("docs/README.md leads to every page of docs/", () => {
  const index = Deno.readTextFileSync(`${root}docs/README.md`);
  const pages = Array.from(Deno.readDirSync(`${root}docs`), ({ name }) => name);
  const missing = pages.filter((name) =>
    name.endsWith(".md") && name !== "README.md" && !index.includes(`](${name})`)
  );
  assertEquals(missing, []);
});

Deno.test("links between documents, and those of the log's lines, lead to what is there", () => {
  const folder = [...Deno.readDirSync(`${root}docs`)].map(({ name }) => `docs/${name}`);
  const pages = [
    "README.md",
    "README.ja.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "clients/js/README.md",
    "examples/README.md",
    ...folder.filter((name) => name.endsWith(".md")),
  ];
  const texts = new Map(pages.map((page) => [page, Deno.readTextFileSync(root + page)]));
  let links = 0;
  for (const [page, text] of texts) {
    for (const [, target] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target!)) continue;
      const { pathname, hash } = new URL(target!, `file://${root}${page}`);
      assert(Deno.statSync(pathname), `${page}: ${target}`);
      const linked = texts.get(pathname.replace(root, ""));
      if (hash !== "") assert(anchors(linked!).includes(hash.slice(1)), `${page}: ${target}`);
      links++;
    }
  }
  assertGreater(links, 50);
});

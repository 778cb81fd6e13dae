/** docs/operations.md beside the code: every line of the log and every metric is there, and no other. */
import { assert, assertEquals } from "@std/assert";

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

Deno.test("docs/operations.md says what each line of the log means, at which level and with which fields", () => {
  const calls = /(?:log\.(\w+)\(|#line\((?:"(\w+)"|level), )\s*"([a-z ]+)"(?:, \{([^}]*))?/g;
  const written = new Map<string, string>();
  for (const [, method, line, message, fields = ""] of code.matchAll(calls)) {
    written.set(message!, `${(method ?? line ?? "info").replace("warn", "warning")} ${fields}`);
  }
  assert(written.size >= 15, `${written.size}`);
  const told = rows("The log");
  assertEquals(told.map(([, message]) => message!).sort(), [...written.keys()].sort());
  for (const [level, message, fields] of told) {
    const [writtenLevel] = written.get(message!)!.split(" ");
    assertEquals(level, writtenLevel, message);
    for (const field of fields!.split(" ").filter((f) => f !== "")) {
      assert(new RegExp(`\\b${field}\\b`).test(code), `${message}: ${field}`);
    }
  }
});

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

Deno.test("docs/operations.md names every metric, and no other", () => {
  const measured = [...code.matchAll(/"(kodama_[a-z_]+)"/g)].map(([, name]) => name!);
  const told = rows("What to watch").map(([name]) => name!);
  const names = new Set(measured.filter((name) => name !== "kodama_token"));
  assertEquals([...told].sort(), [...names].sort());
});

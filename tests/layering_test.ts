import { assert, assertEquals } from "@std/assert";

/** The layers, lowest first, with what each may import of the others. */
const allowed: Record<string, string[]> = {
  websocket: [],
  http: [],
  hub: [],
  engine: ["hub"],
  settings: ["hub", "http"],
  acme: ["http"],
  backend: ["http"],
  net: ["websocket", "http"],
  auth: ["backend", "settings", "net", "websocket", "http", "hub"],
  pusher: ["auth", "settings", "net", "websocket", "http", "hub"],
  service: [
    ...[
      "pusher",
      "acme",
      "backend",
      "auth",
      "settings",
      "engine",
      "net",
      "websocket",
      "http",
      "hub",
    ],
  ],
  cli: ["service", "auth", "settings", "engine", "hub"],
  library: ["service", "auth", "settings", "engine", "net", "websocket", "http", "hub"],
  testing: ["engine", "hub"],
  "": ["library", "service", "auth", "settings", "engine", "net", "websocket", "http", "hub"],
};
/** Folders that touch neither the system nor time. */
const pure = ["websocket", "http", "hub"];

interface Source {
  path: string;
  layer: string;
  text: string;
}

function* sources(folder: string, layer = ""): Generator<Source> {
  for (const entry of Deno.readDirSync(folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) yield* sources(path, layer || entry.name);
    else if (path.endsWith(".ts")) yield { path, layer, text: Deno.readTextFileSync(path) };
  }
}

const lib = [...sources(new URL("../lib", import.meta.url).pathname)];

/** The layers of this project that a source imports. */
function imports({ path, text }: Source): string[] {
  const specifiers = [...text.matchAll(/^(?:import|export)[^;]*?from "([^"]+)"/gms)].map((m) =>
    m[1]!
  );
  const dynamic = [...text.matchAll(/\bimport\(\s*["'`]([^"'`]+)/g)].map((m) => m[1]!);
  return [...specifiers, ...dynamic].filter((s) => s.startsWith("."))
    .map((s) => new URL(s, "file://" + path).pathname)
    .filter((p) => p.includes("/lib/"))
    .map((p) => p.split("/lib/").at(-1)!.split("/").slice(0, -1)[0] ?? "");
}

Deno.test("every layer imports only from the layers below it", () => {
  assert(lib.length > 20);
  const upward = lib.flatMap((source) =>
    imports(source)
      .filter((layer) => layer !== source.layer && !allowed[source.layer]?.includes(layer))
      .map((layer) => `${source.path.split("/lib/").at(-1)} imports ${layer || "lib"}`)
  );
  assertEquals(upward, []);
});

Deno.test("pure folders name neither Deno, nor timers, nor the clock", () => {
  const impure = lib.filter((s) => pure.includes(s.layer)).flatMap(({ path, text }) => {
    const code = text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
    const named = code.match(/\bDeno\.|\bset(Timeout|Interval)\b|\bperformance\.now\b/g) ?? [];
    return named.map((n) => `${path.split("/lib/").at(-1)} names ${n}`);
  });
  assertEquals(impure, []);
});

Deno.test("every source says first what it is, and is at most 330 lines long", () => {
  for (const { path, text } of lib) {
    assert(text.startsWith("/**\n"), `${path} does not begin with what it is`);
    assert(text.split("\n").length <= 330, `${path} is long: look for the missing idea`);
  }
});

Deno.test("the command is a caller of kodama(): what it starts, a program can start", () => {
  const main = Deno.readTextFileSync(new URL("../main.ts", import.meta.url));
  assertEquals([...main.matchAll(/\bkodama\(\{/g)].length, 1);
  const below = main.match(/from "\.\/lib\/(service|engine|net)\/[^"]+"/g);
  assertEquals(below, ['from "./lib/service/log.ts"']);
  assert(!main.includes("startService"));
});

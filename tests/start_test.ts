/** What a first start fetches from npm, on a machine that has nothing of it yet. */
import { assert, assertEquals } from "@std/assert";
import manifest from "../deno.json" with { type: "json" };
import { until } from "./tools/command.ts";

const root = new URL("..", import.meta.url).pathname;

/** A folder for Deno's cache with nothing in it. */
async function emptyCache() {
  const path = await Deno.makeTempDir();
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

function deno(cache: string, ...args: string[]): Deno.Command {
  const env = { DENO_DIR: cache };
  return new Deno.Command(Deno.execPath(), {
    ...{ args, cwd: root, env, stdin: "null", stdout: "piped", stderr: "piped" },
  });
}

/** The packages in a cache, by name. */
function packagesIn(cache: string): string[] {
  const folders = (path: string) => Array.from(Deno.readDirSync(path), ({ name }) => name);
  return folders(`${cache}/npm`).flatMap((registry) =>
    folders(`${cache}/npm/${registry}`).flatMap((name) =>
      name.startsWith("@")
        ? folders(`${cache}/npm/${registry}/${name}`).map((rest) => `${name}/${rest}`)
        : name
    )
  ).sort();
}

/** The packages that the program imports, and those that they need: `deno info` knows. */
async function packagesOfMain(): Promise<string[]> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", "--lock", "--frozen", "main.ts"],
    cwd: root,
  }).output();
  const { modules, npmPackages } = JSON.parse(new TextDecoder().decode(stdout));
  const needed = new Set<string>();
  const need = (id: string) => {
    if (needed.has(id)) return;
    needed.add(id);
    npmPackages[id].dependencies.forEach(need);
  };
  for (const { npmPackage } of modules) if (npmPackage !== undefined) need(npmPackage);
  // Of one there may be two versions.
  return [...new Set([...needed].map((id) => npmPackages[id].name))].sort();
}

async function npmAnswers(): Promise<boolean> {
  await using cache = await emptyCache();
  return (await deno(cache.path, "cache", manifest.imports.pako).output()).success;
}

Deno.test({
  name: "the first `deno task start` fetches what it runs, and nothing of the tests (needs npm)",
  ignore: !await npmAnswers(),
  async fn() {
    await using cache = await emptyCache();
    const child = deno(cache.path, "task", "start", "--port", "0").spawn();
    const said = child.stderr.pipeTo(new WritableStream());
    await until(child.stdout, /Open http/);
    child.kill("SIGTERM");
    // Both the task and the server that it runs have ended when nobody can write any more.
    await child.stdout.pipeTo(new WritableStream());
    await said;
    await child.status;
    assertEquals(packagesIn(cache.path), await packagesOfMain());
  },
});

Deno.test("every task that loads code goes by the lock, frozen", () => {
  const commands = Object.values(manifest.tasks).flatMap((task) => task.split(" && "));
  const loading = commands.filter((c) => /^deno (run|test|bench|check|compile|doc)\b/.test(c));
  assert(loading.length > 10);
  assertEquals(loading.filter((c) => !c.includes(" --lock --frozen ")), []);
});

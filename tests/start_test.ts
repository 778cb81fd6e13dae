/** What a first start fetches from npm, on a machine that has nothing of it yet. */
import { assert, assertEquals, assertLess } from "@std/assert";
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

/** What `deno info` knows of a program. */
async function infoOf(module: string) {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", "--lock", "--frozen", module],
    cwd: root,
  }).output();
  return JSON.parse(new TextDecoder().decode(stdout));
}

/** The packages that the program imports, and those that they need. */
async function packagesOfMain(): Promise<string[]> {
  const { modules, npmPackages } = await infoOf("main.ts");
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

/** The packages that are loaded before anything is asked for: those that lead there are no dynamic imports. */
async function packagesOfStart(module: string): Promise<string[]> {
  // deno-lint-ignore no-explicit-any
  const { roots, modules, redirects } = await infoOf(module) as any;
  const bySpecifier = new Map(modules.map((m: { specifier: string }) => [m.specifier, m]));
  const seen = new Set<string>(), waiting: string[] = [...roots];
  const packages = new Set<string>();
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const specifier: string = redirects[next] ?? next;
    if (seen.has(specifier)) continue;
    seen.add(specifier);
    const name = /^npm:\/?((?:@[^/]+\/)?[^@/]+)/.exec(specifier)?.[1];
    if (name !== undefined) packages.add(name);
    // deno-lint-ignore no-explicit-any
    const { dependencies = [] } = (bySpecifier.get(specifier) ?? {}) as any;
    for (const { code, isDynamic } of dependencies) {
      if (code !== undefined && !isDynamic) waiting.push(code.specifier);
    }
  }
  // Only the stand-in for @std/encoding needs this one.
  packages.delete("byte-encodings");
  return [...packages].sort();
}

Deno.test("a start loads what every connection needs; metrics, tokens and the like wait until they are asked for", async () => {
  assertEquals(await packagesOfStart("main.ts"), ["@logtape/logtape", "pako"]);
  assertEquals(await packagesOfStart("lib/service/worker.ts"), ["pako"]);
});

Deno.test("a start listens within 200 ms where all of it is there already", async () => {
  // Nothing that is measured of the tests is to be measured of it.
  const { DENO_COVERAGE_DIR: _, ...env } = Deno.env.toObject();
  const args = [...manifest.tasks.start.split(" ").slice(1), "--port", "0"];
  const once = async () => {
    const began = performance.now();
    const child = new Deno.Command(Deno.execPath(), {
      ...{ args, cwd: root, env, clearEnv: true },
      ...{ stdin: "null", stdout: "piped", stderr: "null" },
    }).spawn();
    await until(child.stdout, /Open http/);
    const took = performance.now() - began;
    child.kill("SIGTERM");
    await Promise.all([child.status, child.stdout.cancel()]);
    return took;
  };
  // A machine that does something else meanwhile makes one or another late, not all of them.
  const times = [];
  while (times.push(await once()) < 20 && times.at(-1)! >= 200);
  assertLess(times.at(-1)!, 200, times.join());
});

Deno.test("every task that loads code goes by the lock, frozen", () => {
  const commands = Object.values(manifest.tasks).flatMap((task) => task.split(" && "));
  const loading = commands.filter((c) => /^deno (run|test|bench|check|compile|doc)\b/.test(c));
  assert(loading.length > 10);
  assertEquals(loading.filter((c) => !c.includes(" --lock --frozen ")), []);
});

/** The package as it is published: what is in it, what JSR says of it, and that it is enough to run. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import manifest from "../deno.json" with { type: "json" };
import { version } from "../lib/settings/version.ts";
import { program } from "./tools/program.ts";
import { stage } from "./tools/publish.ts";

const root = new URL("..", import.meta.url).pathname;

/** The package in a folder. JSR cannot be reached everywhere: what comes from there is stood in for. */
async function staged() {
  const parent = await Deno.makeTempDir(), folder = `${parent}/package`;
  await Deno.mkdir(folder);
  await stage(folder, true);
  return { parent, folder, [Symbol.asyncDispose]: () => Deno.remove(parent, { recursive: true }) };
}

async function deno(cwd: string, ...args: string[]) {
  const env = { DENO_NO_PROMPT: "1", NO_COLOR: "1" };
  const { code, ...bytes } = await new Deno.Command(Deno.execPath(), { args, cwd, env }).output();
  const [out, err] = [bytes.stdout, bytes.stderr].map((b) => new TextDecoder().decode(b));
  return { code, out: out!, err: err! };
}

function filesIn(folder: string, below = ""): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) =>
    isDirectory ? filesIn(`${folder}/${name}`, `${below}${name}/`) : [below + name]
  );
}

Deno.test("deno publish --dry-run has nothing to say against the package, but one import on purpose", async () => {
  await using made = await staged();
  // Types are checked by `deno task check`; which of them are slow, here.
  const args = ["publish", "--dry-run", "--allow-dirty", "--no-check"];
  const { code, err } = await deno(made.folder, ...args);
  assertEquals(code, 0, err);
  assertEquals([...err.matchAll(/^error/gm)].length, 0, err);
  // NATS's client is loaded only by those who use it.
  assertEquals(err.match(/^warning\[.*$/gm), [
    "warning[unanalyzable-dynamic-import]: unable to analyze dynamic import",
  ]);
  assertMatch(err, /lib\/engine\/open\.ts/);
  const listed = [...err.matchAll(/^ +file:\/\/\S+\/package\/(\S+) \(.*\)$/gm)].map(([, f]) => f!);
  assertEquals(listed.sort(), filesIn(made.folder).sort());
});

Deno.test("the package has what it is made of, and no tests, benchmarks or pictures", async () => {
  await using made = await staged();
  const files = filesIn(made.folder);
  // A list of changes, where one has begun.
  const alone = manifest.publish.include.filter((file) => !/^(lib|static)$/.test(file))
    .filter((file) =>
      file !== "CHANGELOG.md" || [...Deno.readDirSync(root)].some((f) => f.name === file)
    );
  assertEquals(
    files.filter((file) => !/^(lib|static)\/[\w/.]+\.(ts|js|css|html|svg)$/.test(file)).sort(),
    alone.sort(),
  );
  assertEquals(files.filter((file) => /_test\.ts$|\.png$|bench|std\//.test(file)), []);
  const { size } = files.map((file) => Deno.statSync(`${made.folder}/${file}`))
    .reduce((all, file) => ({ size: all.size + file.size }), { size: 0 });
  assert(size < 2 << 20, `${size} bytes`);
});

const source = `
import { serve } from "@kodama/kodama";
import { EngineError } from "@kodama/kodama/engine";
import { kodama } from "@kodama/kodama/service";
import { testLog } from "@kodama/kodama/testing";
const options = { port: 0, workers: 2, engine: "sqlite:log.db" };
const service = await kodama(options);
await service.publish("a", "from the package");
console.log((await (await fetch(service.url + "a")).json()).messages[0].data);
console.log((await (await fetch(service.url, { headers: { Accept: "text/html" } })).text()).slice(0, 15));
await service.shutdown();
console.log(typeof serve, typeof testLog, EngineError.name);
`;

Deno.test("a program in an empty folder has all of the package: threads, a file, the page, the tests", async () => {
  await using made = await staged();
  const folder = `${made.parent}/program`;
  await Deno.mkdir(folder);
  const name = manifest.name;
  const links = ["../package", ...manifest.links.map((link) => root + link)];
  const imports = { [name]: `jsr:${name}@^${version}` };
  await Deno.writeTextFile(`${folder}/deno.json`, JSON.stringify({ imports, links }));
  await Deno.writeTextFile(`${folder}/main.ts`, source);
  const refused = await deno(folder, "run", "-q", "-A", "main.ts");
  assertMatch(
    refused.err,
    /TypeError: workers other than 1 need "unstable": \["net"\] in your deno/,
  );
  const { code, out, err } = await deno(folder, "run", "-q", "-A", "--unstable-net", "main.ts");
  assertEquals([code, out], [
    0,
    "from the package\n<!DOCTYPE html>\nfunction function EngineError\n",
  ], err);
  // Where nobody says otherwise, its lines are on standard error, as those of the command.
  assertMatch(
    err,
    /^\S+ info started version="[\d.]+" url="http:\/\/127\.0\.0\.1:\d+\/" .* workers=2$/m,
  );
});

Deno.test("NATS's client is of the version that the tests have, wherever it is named", async () => {
  const text = await Deno.readTextFile(`${root}lib/engine/nats/client.ts`);
  const named = new Set(text.match(/@nats-io\/[\w-]+@[\d.]+/g));
  const own = Object.values(manifest.scopes["./tests/"]).map((specifier) => specifier.slice(4));
  assertEquals([...named].sort(), own.filter((name) => name.startsWith("@nats-io/")).sort());
});

Deno.test("deno.json, the module, the command, the log and the metrics have one version", async () => {
  await using service = await program();
  assertEquals(service.lines[0]!.fields.version, version);
  assertMatch(
    await fetch(`${service.url}-/metrics`).then((response) => response.text()),
    new RegExp(`^kodama_info\\{version="${version}",engine="memory",workers="1"\\} 1$`, "m"),
  );
  const { out } = await deno(root, "run", "-q", "--lock", "--frozen", "-P=serve", "main.ts", "-V");
  assertEquals([out, version], [`kodama ${manifest.version}\n`, manifest.version]);
  assertMatch(version, /^\d+\.\d+\.\d+(-[\w.]+)?$/);
});

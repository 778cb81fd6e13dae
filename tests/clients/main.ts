/**
 * Tries clients that nobody here wrote, from their registries, directly and through proxies:
 *
 *     deno task clients [NAME…]
 *
 * A name is of a toolchain or a client. What is not there is ignored, and said. Once everything has run and is as
 * it should be, `docs/clients.md` says so. The last line: `N passed, N failed`.
 * @module
 */
import { type Program, PROGRAMS } from "./programs.ts";
import { judge, type Outcome, pageWith, tables } from "./report.ts";
import { runProgram } from "./session.ts";
import { isThere, prepare, type ToolchainName, TOOLCHAINS } from "./toolchains.ts";
import { natsServer, natsServers } from "../tools/nats.ts";
import { PROXIES, proxyVersion, startKodama, startProxy } from "./ways.ts";

/** Programs that run at once. */
const AT_ONCE = 3;
const page = new URL("../../docs/clients.md", import.meta.url);

const names = Deno.args.map((name) => name.toLowerCase());
const wanted = PROGRAMS.filter(({ client, toolchain }) =>
  names.length === 0 || [client, toolchain].some((name) => names.includes(name.toLowerCase()))
);
if (wanted.length === 0) {
  console.error(`clients: no client and no toolchain is called ${Deno.args.join(" or ")}`);
  Deno.exit(1);
}

let failed = 0, ignored = 0;

function fail(what: string, why: string): void {
  failed++;
  console.log(`${what} ... FAILED\n${why.replace(/^/gm, "    ")}`);
}

function ignore(what: string, count: number, needs: string): void {
  ignored += count;
  console.log(`${what} ... ignored: ${needs} is not there`);
}

await using ends = new AsyncDisposableStack();
const kodama = ends.use(await startKodama());
const ways = [{ way: "direct", port: kodama.port }];
for (const [name, { needs }] of Object.entries(PROXIES)) {
  const version = await proxyVersion(name);
  if (version === undefined) ignore(name, wanted.length, needs);
  else {
    const { port } = ends.use(await startProxy(name, kodama.port));
    ways.push({ way: `${name} ${version}`, port });
  }
}

/** Where else Pusher's libraries go: to two threads, and to another node than whoever is told. */
const apart: { way: string; port: number; kodamaPort: number }[] = [];
if (wanted.some(({ role }) => role === "pusher")) {
  const { port } = ends.use(await startKodama("error", undefined, ["--workers", "2"]));
  apart.push({ way: "2 workers", port, kodamaPort: port });
  if (natsServer === undefined) ignore("2 nodes", wanted.length, "nats-server");
  else {
    const { engine } = ends.use(await natsServers(1));
    const [one, other] = await Promise.all(
      [0, 1].map(async () => ends.use(await startKodama("error", undefined, ["--engine", engine]))),
    );
    apart.push({ way: "2 nodes", port: one!.port, kodamaPort: other!.port });
  }
}

/** The versions of the toolchains that are ready. */
const runtimes = new Map<ToolchainName, string>();
await Promise.all([...new Set(wanted.map(({ toolchain }) => toolchain))].map(async (name) => {
  const { needs } = TOOLCHAINS[name];
  if (!await isThere(name)) {
    const programs = wanted.filter(({ toolchain }) => toolchain === name);
    return ignore(name, programs.length * ways.length, needs);
  }
  try {
    runtimes.set(name, await prepare(name));
  } catch (error) {
    fail(name, (error as Error).message);
  }
}));

const outcomes = new Map<Program, Outcome[]>(wanted.map((program) => [program, []]));
const queue = wanted.flatMap((program) => {
  const runtime = runtimes.get(program.toolchain);
  if (runtime === undefined) return [];
  const own = program.role === "pusher" ? [...ways, ...apart] : ways;
  return own.map((way) => ({ program, runtime, kodamaPort: kodama.port, ...way }));
});
let passed = 0;
await Promise.all(Array.from({ length: AT_ONCE }, async () => {
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const began = performance.now();
    const outcome = judge(await runProgram(next));
    outcomes.get(next.program)!.push(outcome);
    const { client, toolchain, role } = next.program;
    const what = `${toolchain} ${client} (${role}) ${next.way}`;
    const time = `${Math.round(performance.now() - began)} ms`;
    if (outcome.failures.length > 0) fail(what, outcome.failures.join("\n"));
    else {
      passed++;
      console.log(`${what} ... ok (${time})`);
    }
  }
}));

if (failed === 0 && ignored === 0 && wanted.length === PROGRAMS.length) {
  const order = [...ways, ...apart].map(({ way }) => way);
  const all = [...outcomes.values()].flatMap((own) =>
    own.sort((a, b) => order.indexOf(a.run.way) - order.indexOf(b.run.way))
  );
  await Deno.writeTextFile(page, pageWith(await Deno.readTextFile(page), tables(all)));
  console.log("docs/clients.md is written");
} else console.log("docs/clients.md is left as it is: not all ran and went as it should");
if (ignored > 0) console.log(`${ignored} ignored`);
console.log(`${passed} passed, ${failed} failed`);
if (failed > 0) Deno.exitCode = 1;

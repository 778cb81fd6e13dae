/** The single binary. Making it needs `denort`, which Deno downloads unless `DENORT_BIN` names one. */
import { Buffer } from "node:buffer";
import { assert, assertEquals, assertMatch } from "@std/assert";
import manifest from "../deno.json" with { type: "json" };
import { ask, channelsOf, post } from "./tools/channels.ts";
import { kodama, until } from "./tools/command.ts";
import { THREADS } from "./tools/compile.ts";

const root = new URL("..", import.meta.url).pathname;
const denort = Deno.env.get("DENORT_BIN");
const decoder = new TextDecoder();

/** Runs the task, for a binary of that name. */
function compile(binary: string, env: Record<string, string> = {}): Promise<Deno.CommandOutput> {
  const args = [...manifest.tasks.compile.split(" ").slice(1), binary];
  return new Deno.Command(Deno.execPath(), { args, cwd: root, env }).output();
}

/** A folder that is gone at the end. */
async function temporary() {
  const path = await Deno.makeTempDir();
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

Deno.test("deno task compile without denort says so in one line, and what to do, and ends with 1", async () => {
  await using folder = await temporary();
  const { code, stdout, stderr } = await compile(`${folder.path}/kodama`, {
    DENORT_BIN: `${folder.path}/denort`,
  });
  assertEquals([code, decoder.decode(stdout)], [1, ""]);
  const said = decoder.decode(stderr);
  assertEquals(said.trimEnd().split("\n").length, 1, said);
  assertMatch(said, /^kodama: no denort \d+\.\d+\.\d+, .*Could not find denort at .*DENORT_BIN/);
});

Deno.test({
  name:
    "deno task compile packs what runs in threads, and lets it read and write what its user may",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using folder = await temporary();
    const binary = `${folder.path}/kodama`;
    // Deno packs the same whatever program stands in the place of denort; this one does nothing.
    const { success, stderr } = await compile(binary, { DENORT_BIN: "/bin/true" });
    assert(success, decoder.decode(stderr));
    const packed = Buffer.from(await Deno.readFile(binary));
    for (const module of ["main.ts", ...THREADS]) {
      assert(packed.includes(await Deno.readTextFile(root + module)), `${module} is not in it`);
    }
    const [, permissions] = /"permissions":(\{"allow_env".*?\})/.exec(packed.toString("latin1"))!;
    const { allow_read, allow_write, allow_net, allow_run, allow_ffi } = JSON.parse(permissions!);
    // An empty list is all, and null is nothing.
    assertEquals([allow_read, allow_write, allow_net, allow_run, allow_ffi], [
      [],
      [],
      [],
      null,
      null,
    ]);
  },
});

/** The program. */
type Program = (args: string[]) => Deno.Command;

/** Serves, lets somebody use it, and ends it. */
async function served(
  program: Program,
  args: string[],
  use: (service: { port: number }) => Promise<void>,
): Promise<void> {
  const child = program(["--port", "0", "--drain", "1s", ...args]).spawn();
  const said = new Response(child.stderr).text();
  const [, port] = await until(child.stdout, /Open http:\/\/127\.0\.0\.1:(\d+)/);
  await use({ port: Number(port) });
  child.kill("SIGTERM");
  await child.stdout.cancel();
  assertEquals([(await child.status).code, / error /.test(await said)], [0, false]);
}

/** What the program can do, be it run or a binary; a log is in a folder that is not there at first. */
const abilities: [what: string, attempt: (program: Program, log: string) => Promise<void>][] = [
  ["says its version", async (program) => {
    const { stdout } = await program(["--version"]).output();
    assertEquals(decoder.decode(stdout), `kodama ${manifest.version}\n`);
  }],
  ["serves the page", (program) =>
    served(program, [], async (service) => {
      const { body } = await ask(service, "GET /", { Accept: "text/html" });
      assertMatch(body, /<title>Kodama/);
    })],
  [
    "serves with two workers, and keeps a log",
    (program, log) =>
      served(program, ["--workers", "2", "--engine", `sqlite:${log}`], async (service) => {
        await post(service, "btc", "kept");
        assertEquals(await channelsOf(service), []);
      }),
  ],
  [
    "remembers after a restart",
    (program, log) =>
      served(program, ["--engine", `sqlite:${log}`], async (service) => {
        const { messages } = JSON.parse((await ask(service, "GET /btc")).body);
        assertEquals(messages.map(({ data }: { data: string }) => data), ["kept"]);
      }),
  ],
  ["looks into the log", async (program, log) => {
    const { code, stdout } = await program(["check", log]).output();
    assertEquals(code, 0);
    assertMatch(decoder.decode(stdout), /^messages {2}1$/m);
  }],
];

async function tryAll(program: Program, folder: string): Promise<void> {
  for (const [what, attempt] of abilities) {
    try {
      await attempt(program, `${folder}/data/log.db`);
    } catch (error) {
      throw new Error(`it ${what}: ${error}`, { cause: error });
    }
  }
}

Deno.test("what the binary can do, the program can with the same permissions", async () => {
  await using folder = await temporary();
  await tryAll((args) => kodama(args, { allowed: ["-P=binary"] }), folder.path);
});

Deno.test({
  name:
    "deno task compile makes one binary that can do the same (needs DENORT_BIN to name a denort)",
  ignore: denort === undefined,
  async fn() {
    await using folder = await temporary();
    const binary = `${folder.path}/kodama`;
    const made = await compile(binary);
    assert(made.success, decoder.decode(made.stderr));
    // From elsewhere, so that nothing of the sources is there by accident.
    const more = { cwd: folder.path, stdin: "null", stdout: "piped", stderr: "piped" } as const;
    await tryAll((args) => new Deno.Command(binary, { args, ...more }), folder.path);
  },
});

/**
 * The single binary, and what is released. Making one needs `denort`, which Deno downloads unless `DENORT_BIN` names one;
 * where there is none a stand-in shows that everything is in it, and nothing can be run.
 */
import { Buffer } from "node:buffer";
import { once } from "node:events";
import { connect } from "node:tls";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { pebbleIsHere, startPebble } from "./acme/pebble.ts";
import manifest from "../deno.json" with { type: "json" };
import { ask, post, Subscriber } from "./tools/channels.ts";
import { kodama, until } from "./tools/command.ts";
import { makePair, writePair } from "./tools/certificates.ts";
import { LATER, THREADS } from "./tools/compile.ts";
import { natsServer, natsServers, soon } from "./tools/nats.ts";
import { go } from "./tools/way.ts";
import { freePorts } from "./tools/ports.ts";

const root = new URL("..", import.meta.url).pathname;

/** Runs a task. */
function task(name: "compile" | "release", args: string[], env: Record<string, string> = {}) {
  const command = manifest.tasks[name].split(" ").slice(1);
  return new Deno.Command(Deno.execPath(), { args: [...command, ...args], cwd: root, env })
    .output();
}

/** A folder of its own. */
async function folder(): Promise<AsyncDisposable & { path: string }> {
  const path = await Deno.makeTempDir();
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

const decoder = new TextDecoder();

Deno.test("deno task compile without denort says so in one line, and what to do, and ends with 1", async () => {
  await using own = await folder();
  const env = { DENORT_BIN: `${own.path}/denort` };
  const { code, stdout, stderr } = await task("compile", [`${own.path}/kodama`], env);
  assertEquals([code, decoder.decode(stdout)], [1, ""]);
  const said = decoder.decode(stderr);
  assertEquals(said.trimEnd().split("\n").length, 1, said);
  assertMatch(said, /^kodama: no denort \d+\.\d+\.\d+, .*Could not find denort at .*DENORT_BIN/);
});

/** A program of this system that an executable can be made from, though it does not run one. */
const standIn = "/bin/true";
const linux = Deno.build.os === "linux";

Deno.test({
  name:
    "a binary has what runs in threads and every package, and may read and write what its user may (needs Linux)",
  ignore: !linux,
  async fn() {
    await using own = await folder();
    const binary = `${own.path}/kodama`;
    const { code, stderr } = await task("compile", [binary], { DENORT_BIN: standIn });
    assertEquals([code, decoder.decode(stderr)], [0, ""]);
    const packed = Buffer.from(await Deno.readFile(binary));
    for (const module of ["main.ts", ...THREADS, ...LATER]) {
      assert(packed.includes(await Deno.readTextFile(root + module)), `${module} is not in it`);
    }
    const packages = [
      ...Object.keys(manifest.imports),
      ...Object.keys(manifest.scopes["./bench/"]),
    ];
    for (const name of packages.filter((name) => !name.startsWith("@std/"))) {
      assert(packed.includes(name), name);
    }
    const [, permissions] = /"permissions":(\{"allow_env".*?\})/.exec(packed.toString("latin1"))!;
    const { allow_read, allow_write, allow_net, allow_run, allow_ffi } = JSON.parse(permissions!);
    // An empty list is all, and null is nothing.
    const all = [allow_read, allow_write, allow_net];
    assertEquals([...all, allow_run, allow_ffi], [[], [], [], null, null]);
  },
});

Deno.test({
  name: "deno task release makes an archive for each platform, and their sums (needs Linux)",
  ignore: !linux,
  async fn() {
    await using own = await folder();
    const targets = ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"];
    for (const target of targets) await Deno.copyFile(standIn, `${own.path}/denort-${target}`);
    const dist = `${own.path}/dist`, env = { DENORT_DIR: own.path, DIST: dist };
    const { code, stdout, stderr } = await task("release", targets, env);
    assertEquals([code, decoder.decode(stderr)], [0, ""]);
    const files = targets.map((target) => `kodama-${manifest.version}-${target}.tar.gz`);
    assertEquals(decoder.decode(stdout), files.map((file) => `${dist}/${file}\n`).join(""));
    const there = Array.from(Deno.readDirSync(dist), ({ name }) => name).sort();
    assertEquals(there, ["SHA256SUMS", ...files].sort());
    const check = await new Deno.Command("sha256sum", { args: ["-c", "SHA256SUMS"], cwd: dist })
      .output();
    assertEquals(decoder.decode(check.stdout), files.map((file) => `${file}: OK\n`).join(""));
    const list = await new Deno.Command("tar", { args: ["-tzf", files[0]!], cwd: dist }).output();
    const names = decoder.decode(list.stdout).trimEnd().split("\n").map((n) => n.split("/")[1]);
    assertEquals(names.sort(), ["", "LICENSE", "README.md", "kodama"]);

    // One that cannot be made: nothing looks like a release.
    const missing = await task("release", ["x86_64-apple-darwin"], env);
    assertEquals(missing.code, 1);
    assertMatch(
      decoder.decode(missing.stderr),
      /^kodama: no denort .* for x86_64-apple-darwin, .*DENORT_DIR hold denort-x86_64-apple-darwin\n$/,
    );
    const left = Array.from(Deno.readDirSync(dist), ({ name }) => name);
    assert(!left.includes("SHA256SUMS"), left.join());
  },
});

/** Runs the program. */
type Program = (args: string[], env?: Record<string, string>) => Deno.Command;

/** Runs a command to its end. Returns what it said. */
async function said(command: Deno.Command): Promise<string> {
  const { success, stdout, stderr } = await command.output();
  assert(success, decoder.decode(stderr));
  return decoder.decode(stdout);
}

/** A server, until its scope ends. */
async function serving(program: Program, args: string[] = [], env: Record<string, string> = {}) {
  const own = ["--port", "0", "--drain", "1s", "--log-level", "error"];
  const child = program([...own, ...args], env).spawn();
  const [, url] = await until(child.stdout, /Open (https?:\S+)/);
  return {
    url: url!,
    port: Number(new URL(url!).port),
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      const [{ code }] = await Promise.all([
        child.status,
        child.stdout.cancel(),
        child.stderr.cancel(),
      ]);
      assertEquals(code, 0);
    },
  };
}

const secret = "a secret of at least thirty-two bytes";

/** What can be tried only beside another program, which is not here. */
const lacking = new Set<string>();

/** Names what can be tried only beside another program. */
function needs(other: string, isHere: boolean, what: string): string {
  const name = `${what} (needs ${other})`;
  if (!isHere) lacking.add(name);
  return name;
}

/** What the program must be able to do, however it is run. */
const abilities: Record<string, (program: Program, folder: string) => Promise<void>> = {
  async "says its version"(program) {
    assertEquals(await said(program(["--version"])), `kodama ${manifest.version}\n`);
  },
  async "serves the page and what it needs"(program) {
    await using server = await serving(program);
    assertMatch((await ask(server, "GET /", { Accept: "text/html" })).body, /<title>Kodama/);
    assertEquals((await ask(server, "GET /-/assets/kodama.js")).status, 200);
  },
  async "serves in several threads"(program) {
    await using server = await serving(program, ["--workers", "2"]);
    const readers = await Promise.all(
      Array.from({ length: 8 }, () => Subscriber.open(server, "/btc")),
    );
    assertEquals((await post(server, "btc", "x")).subscribers, 8);
    for (const reader of readers) {
      assertEquals(await reader.text(), "x");
      reader[Symbol.dispose]();
    }
  },
  async "remembers in a file, and looks into it"(program, folder) {
    const file = `${folder}/data/log.db`, flags = ["--engine", `sqlite:${file}`];
    {
      await using server = await serving(program, flags);
      await post(server, "btc", "kept");
    }
    assertMatch(await said(program(["check", file])), /^messages {2}1$/m);
    await using server = await serving(program, flags);
    assertMatch((await ask(server, "GET /btc")).body, /"data":"kept"/);
  },
  async "makes tokens, publishes with them, and verifies them"(program) {
    const args = ["token", "--secret", secret, "--write", "btc", "--read", "-/metrics"];
    const token = (await said(program(args))).trim();
    await using server = await serving(program, ["--secret", secret]);
    const receipt = await said(program(["publish", `${server.url}btc`, "x", "--token", token]));
    assertEquals(JSON.parse(receipt).subscribers, 0);
    assertEquals((await ask(server, "POST /btc", {}, "x")).status, 401);
  },
  async "speaks https and wss with a certificate from anywhere, and is spoken to"(program) {
    using files = writePair(await makePair());
    await using server = await serving(program, files.flags);
    assertMatch(server.url, /^https:/);
    assertMatch(await said(program(["health", server.url])), /200: {"status":"ok"}\n$/);
    await go(true, async () => {
      using reader = await Subscriber.open(server, "/btc");
      assertEquals((await post(server, "btc", "x")).subscribers, 1);
      assertEquals(await reader.text(), "x");
    });
  },
  async [needs("pebble", pebbleIsHere, "gets a certificate by ACME")](program, folder) {
    const [http] = freePorts(1) as [number];
    await using pebble = await startPebble({ httpPort: http });
    const flags = ["--acme", "me@kodama.test", "--acme-directory", pebble.directory];
    // A binary knows no DENO_CERT.
    const env = { DENO_TLS_CA_STORE: "system", SSL_CERT_FILE: pebble.ca };
    await using server = await serving(program, [
      ...["--hostname", "127.0.0.1", "--host", "kodama.test", "--http-port", `${http}`],
      ...[...flags, "--data", `${folder}/acme`],
    ], env);
    const socket = connect({
      ...{ host: "127.0.0.1", port: server.port, servername: "kodama.test" },
      ca: await pebble.root(),
    });
    await once(socket, "secureConnect");
    socket.destroy();
  },
  async [needs("nats-server", natsServer !== undefined, "keeps messages in NATS")](program) {
    await using nats = await natsServers(1);
    await using server = await serving(program, ["--engine", nats.engine]);
    await soon("readiness", async () => (await ask(server, "GET /-/ready")).status === 200);
    await post(server, "btc", "kept");
    assertMatch((await ask(server, "GET /btc")).body, /"data":"kept"/);
  },
  async "is asked whether it is well, and what it has counted"(program) {
    await using server = await serving(program);
    assertMatch(await said(program(["health", server.url])), /200: {"status":"ok"}\n$/);
    assertMatch((await ask(server, "GET /-/metrics")).body, /^kodama_info{.*engine="memory"/m);
  },
};

const binary = await (async () => {
  const path = await Deno.makeTempDir();
  const { success } = await task("compile", [`${path}/kodama`]);
  if (!success) await Deno.remove(path, { recursive: true });
  return success ? path : undefined;
})();
if (binary !== undefined) {
  globalThis.addEventListener("unload", () => Deno.removeSync(binary, { recursive: true }));
}

/** The ways to run it; what it keeps goes into the folder. */
const programs: Record<string, ((folder: string) => Program) | undefined> = {
  "deno run": () => (args, env = {}) => kodama(args, { allowed: ["-P=binary"], env }),
  // From elsewhere, so that nothing of the sources is there by accident.
  "the binary": binary === undefined
    ? undefined
    : (cwd) => (args, env = {}) =>
      new Deno.Command(`${binary}/kodama`, {
        ...{ args, cwd, env, stdin: "null", stdout: "piped", stderr: "piped" },
      }),
};
for (const [name, program] of Object.entries(programs)) {
  for (const [ability, check] of Object.entries(abilities)) {
    Deno.test({
      name: `${name} ${ability}${name === "deno run" ? "" : " (needs a denort)"}`,
      ignore: program === undefined || lacking.has(ability),
      async fn() {
        await using own = await folder();
        await check(program!(own.path), own.path);
      },
    });
  }
}

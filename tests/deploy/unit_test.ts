/**
 * The systemd unit, by systemd's own tool.
 */
import { assert, assertEquals, assertLess } from "@std/assert";
import { parseCommand } from "../../lib/settings/command.ts";

const unit = new URL("../../deploy/kodama.service", import.meta.url);
/** What `systemd-analyze security` calls good is up to 5; what is asked here. */
const MOST_EXPOSED = 2;

async function analyze(...args: string[]): Promise<{ code: number; said: string }> {
  const { code, stdout, stderr } = await new Deno.Command("systemd-analyze", {
    args,
    env: { NO_COLOR: "1", SYSTEMD_PAGER: "" },
  }).output();
  const decoder = new TextDecoder();
  return { code, said: decoder.decode(stdout) + decoder.decode(stderr) };
}

const there = await analyze("--version").then(({ code }) => code === 0, () => false);
const needs = "(needs Debian's systemd)";

/** The unit with a program that is there, in a folder of its own. */
async function installed(): Promise<AsyncDisposable & { path: string }> {
  const folder = await Deno.makeTempDir();
  const program = `${folder}/kodama`, path = `${folder}/kodama.service`;
  await Deno.writeTextFile(program, "#!/bin/sh\n", { mode: 0o755 });
  const text = await Deno.readTextFile(unit);
  await Deno.writeTextFile(
    path,
    text.replace("ExecStart=/usr/local/bin/kodama", `ExecStart=${program}`),
  );
  return { path, [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }) };
}

Deno.test({
  name: `systemd-analyze verify finds nothing to say ${needs}`,
  ignore: !there,
  async fn() {
    await using unit = await installed();
    assertEquals(await analyze("verify", "--man=no", unit.path), { code: 0, said: "" });
    // One that is wrong is found.
    await Deno.writeTextFile(unit.path, "ProtectHom=yes\n", { append: true });
    const { said } = await analyze("verify", "--man=no", unit.path);
    assert(said.includes("ProtectHom"), said);
  },
});

Deno.test({
  name: `systemd-analyze security says ${MOST_EXPOSED}.0 at most ${needs}`,
  ignore: !there,
  async fn() {
    await using unit = await installed();
    const { said } = await analyze("security", "--offline=yes", "--no-pager", unit.path);
    const level = /Overall exposure level for kodama\.service: (\d+\.\d+)/.exec(said)?.[1];
    assert(level !== undefined, said);
    assertLess(Number(level), MOST_EXPOSED + 0.05);
  },
});

Deno.test("the unit leaves V8 its memory, gives ports below 1024, and waits longer than --drain", async () => {
  const text = await Deno.readTextFile(unit);
  const entries = text.split("\n").filter((line) => /^\w/.test(line)).map((line) =>
    line.split("=", 2)
  );
  const values = new Map(entries.map(([name, value]) => [name!, value]));
  assertEquals(values.get("MemoryDenyWriteExecute"), undefined);
  assertEquals(values.get("AmbientCapabilities"), "CAP_NET_BIND_SERVICE");
  assertEquals(values.get("StateDirectory"), "kodama");
  const command = parseCommand([], () => undefined);
  assert(command.run === "serve");
  assertLess(command.config.drain / 1000 + 5, Number(values.get("TimeoutStopSec")));
});

Deno.test("what the unit shows as its settings is read as settings", async () => {
  const text = await Deno.readTextFile(unit);
  const shown = [...text.matchAll(/^# {5}(KODAMA_\w+)=(.*)$/gm)];
  assert(shown.length > 2);
  const env = new Map(shown.map(([, name, value]) => [name!, value!.replace("…", "x".repeat(32))]));
  const command = parseCommand([], (name) => env.get(name));
  assert(command.run === "serve");
  assertEquals(command.config.hostname, "0.0.0.0");
  assertEquals(command.config.engine, "sqlite:/var/lib/kodama/log.db");
});

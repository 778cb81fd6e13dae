/** The single binary. Making it needs `denort`, which Deno downloads unless `DENORT_BIN` names one. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import manifest from "../deno.json" with { type: "json" };

const root = new URL("..", import.meta.url).pathname;
const denort = Deno.env.get("DENORT_BIN");

/** Runs the task, for a binary of that name. */
function compile(binary: string, env: Record<string, string> = {}): Promise<Deno.CommandOutput> {
  const args = [...manifest.tasks.compile.split(" ").slice(1), binary];
  return new Deno.Command(Deno.execPath(), { args, cwd: root, env }).output();
}

Deno.test("deno task compile without denort says so in one line, and what to do, and ends with 1", async () => {
  const folder = await Deno.makeTempDir();
  await using stack = new AsyncDisposableStack();
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  const { code, stdout, stderr } = await compile(`${folder}/kodama`, {
    DENORT_BIN: `${folder}/denort`,
  });
  const decoder = new TextDecoder();
  assertEquals([code, decoder.decode(stdout)], [1, ""]);
  const said = decoder.decode(stderr);
  assertEquals(said.trimEnd().split("\n").length, 1, said);
  assertMatch(said, /^kodama: no denort \d+\.\d+\.\d+, .*Could not find denort at .*DENORT_BIN/);
});

Deno.test({
  name: "deno task compile makes one binary that serves (needs DENORT_BIN to name a denort)",
  ignore: denort === undefined,
  async fn() {
    const folder = await Deno.makeTempDir();
    await using stack = new AsyncDisposableStack();
    stack.defer(() => Deno.remove(folder, { recursive: true }));
    const binary = `${folder}/kodama`;
    const made = await compile(binary);
    assert(made.success, new TextDecoder().decode(made.stderr));
    // From elsewhere, so that nothing of the sources is there by accident.
    const said = await new Deno.Command(binary, { args: ["--version"], cwd: folder }).output();
    assertEquals(new TextDecoder().decode(said.stdout), `kodama ${manifest.version}\n`);
    const child = new Deno.Command(binary, { args: ["--port", "0"], cwd: folder, stdout: "piped" })
      .spawn();
    const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    const url = /http:\S+/.exec((await reader.read()).value ?? "")?.[0];
    assertMatch(await (await fetch(url!)).text(), /<title>Kodama/);
    child.kill("SIGTERM");
    assertEquals((await child.status).code, 0);
    await reader.cancel();
  },
});

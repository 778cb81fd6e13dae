/** The single binary. Making it needs `denort`, which Deno downloads unless `DENORT_BIN` names one. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import manifest from "../deno.json" with { type: "json" };

const root = new URL("..", import.meta.url).pathname;
const denort = Deno.env.get("DENORT_BIN");

Deno.test({
  name: "deno task compile makes one binary that serves (needs DENORT_BIN to name a denort)",
  ignore: denort === undefined,
  async fn() {
    const folder = await Deno.makeTempDir();
    await using stack = new AsyncDisposableStack();
    stack.defer(() => Deno.remove(folder, { recursive: true }));
    const binary = `${folder}/kodama`;
    const args = manifest.tasks.compile.split(" ").slice(1).map((a) => a === "kodama" ? binary : a);
    const made = await new Deno.Command(Deno.execPath(), { args, cwd: root }).output();
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

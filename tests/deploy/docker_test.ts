/**
 * The container, where a Docker engine answers; what the file says without one.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { parseCommand } from "../../lib/settings/command.ts";

const root = new URL("../..", import.meta.url).pathname;
const text = await Deno.readTextFile(`${root}deploy/Dockerfile`);

async function docker(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const { code, stdout, stderr } = await new Deno.Command("docker", { args, cwd: root }).output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout).trim(), err: decoder.decode(stderr).slice(-2000) };
}

const answers = await docker("version", "--format", "{{.Server.Version}}")
  .then(({ code }) => code === 0, () => false);

Deno.test("the image has Deno's version, no root, and a health check that is a command", async () => {
  const versions = await Deno.readTextFile(`${root}.ci/run`);
  const [, version] = /^FROM denoland\/deno:(\S+) /m.exec(text)!;
  assert(versions.includes(`deno@${version}`), version);
  assertMatch(text, /^FROM gcr\.io\/distroless\/\S+:nonroot$/m);
  const [, check] = /^HEALTHCHECK .* CMD (\[.*\])$/m.exec(text)!;
  assertEquals(parseCommand(JSON.parse(check!).slice(1), () => undefined).run, "health");
  // Nothing that the binary is made of is left out.
  const ignored = await Deno.readTextFile(`${root}deploy/Dockerfile.dockerignore`);
  for (const part of ["deno.json", "deno.lock", "lib", "main.ts", "static", "std"]) {
    assert(ignored.includes(`!${part}\n`), part);
  }
});

Deno.test({
  name: "the image is built, serves, is healthy, and ends in time (needs a Docker engine)",
  ignore: !answers,
  async fn() {
    const image = `kodama-test-${crypto.randomUUID().slice(0, 8)}`;
    await using stack = new AsyncDisposableStack();
    const built = await docker("build", "-f", "deploy/Dockerfile", "-t", image, ".");
    assertEquals(built.code, 0, built.err);
    stack.defer(async () => void await docker("rmi", image));
    const started = await docker("run", "-d", "--rm", "-p", "127.0.0.1::9999", image);
    assertEquals(started.code, 0, started.err);
    stack.defer(async () => void await docker("kill", started.out));
    const { out: where } = await docker("port", started.out, "9999");
    const health = await docker("exec", started.out, "/usr/local/bin/kodama", "health");
    assertEquals(health.code, 0, health.err);
    assertEquals(await (await fetch(`http://${where}/-/health`)).json(), { status: "ok" });
    const began = performance.now();
    assertEquals((await docker("stop", started.out)).code, 0);
    assert(performance.now() - began < 11_000);
  },
});

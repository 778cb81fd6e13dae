/**
 * The backends of docs/hooks.md, run as they stand there.
 */
import { assertEquals } from "@std/assert";
import { signature } from "../lib/backend/post.ts";
import { ask, Subscriber } from "./tools/channels.ts";
import { until } from "./tools/command.ts";
import { partsOf } from "./tools/examples.ts";
import { freePorts } from "./tools/ports.ts";
import { testService } from "./tools/service.ts";
import { SECRET, sign } from "./tools/tokens.ts";

const parts = partsOf(Deno.readTextFileSync(new URL("../docs/hooks.md", import.meta.url)));

/** The program that begins with its name. */
function programOf(name: string): string {
  return parts.find(({ text }) => /^(\/\/|#) /.test(text) && text.includes(` ${name}\n`))!.text;
}

async function there(command: string): Promise<boolean> {
  try {
    return (await new Deno.Command(command, { args: ["--version"] }).output()).success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Runs one, until the scope ends. */
async function start(command: string, name: string) {
  const folder = await Deno.makeTempDir(), [port] = freePorts(1) as [number];
  await Deno.writeTextFile(`${folder}/${name}`, programOf(name));
  const child = new Deno.Command(command, {
    args: [name],
    cwd: folder,
    env: { KODAMA_SECRET: SECRET, PORT: String(port) },
    stdout: "piped",
    stderr: "null",
  }).spawn();
  await listening(port);
  return {
    url: `http://127.0.0.1:${port}/kodama`,
    stdout: child.stdout,
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await child.status;
      await Deno.remove(folder, { recursive: true });
    },
  };
}

/** Looks again and again whether somebody listens: a program of a few lines does not say it. */
async function listening(port: number): Promise<void> {
  for (const began = performance.now();;) {
    try {
      return (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    } catch (error) {
      if (performance.now() - began > 20_000) throw error;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

for (const [command, name] of [["node", "hook.mjs"], ["python3", "hook.py"]] as const) {
  Deno.test({
    name: `docs/hooks.md: ${name} takes what is signed, and nothing else (needs ${command})`,
    ignore: !await there(command),
    async fn() {
      await using backend = await start(command, name);
      const body = JSON.stringify({ events: [{ event: "join", channel: "forged", sub: "eve" }] });
      const forged: [what: string, fields: Record<string, string>][] = [
        ["no signature", {}],
        ["one of another length", { "Kodama-Signature": "sha256=00" }],
        ["that of another body", signature(SECRET, `${body} `)],
        ["that of another secret", signature(SECRET.toUpperCase(), body)],
      ];
      for (const [what, headers] of forged) {
        const { status, body: read } = await fetch(backend.url, { method: "POST", body, headers });
        await read?.cancel();
        assertEquals(status, 403, what);
      }
      await using service = await testService("--secret", SECRET, "--hook", backend.url);
      const token = await sign({ sub: "änn", r: ["rooms/*"] });
      using _subscriber = await Subscriber.open(service, `/rooms/1?token=${token}`);
      const [said] = await until(backend.stdout, /^[^]*join .*\n/);
      assertEquals(said.replace(/undefined|None/, "-"), "occupied rooms/1 -\njoin rooms/1 änn\n");
      assertEquals(service.log.lines, []);
      await backend.stdout.cancel();
    },
  });
}

Deno.test({
  name: "docs/hooks.md: authorize.mjs lets in who has a session (needs node)",
  ignore: !await there("node"),
  async fn() {
    await using backend = await start("node", "authorize.mjs");
    await using service = await testService("--authorize", backend.url);
    const requests: [line: string, cookie: string | undefined, status: number][] = [
      ["GET /rooms/1", "theme=dark; session=8f2c", 200],
      ["GET /else", "session=8f2c", 403],
      ["GET /rooms/1", "session=0000", 401],
      ["GET /rooms/1", undefined, 401],
      ["POST /users/ann", "session=8f2c", 200],
      ["POST /rooms/1", "session=8f2c", 403],
    ];
    for (const [line, Cookie, status] of requests) {
      const body = line.startsWith("POST") ? "x" : undefined;
      const answer = await ask(service, line, { Cookie }, body);
      assertEquals(answer.status, status, `${line} ${Cookie}`);
    }
    using subscriber = await Subscriber.open(service, "/rooms/1", { Cookie: "session=8f2c" });
    await subscriber.say("x");
    assertEquals(await subscriber.closed(), "1008 not allowed to write");
    await backend.stdout.cancel();
  },
});

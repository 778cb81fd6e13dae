/**
 * Ending while nobody reads what the process says: its pipe is full.
 */
import { assert, assertEquals, assertLess } from "@std/assert";
import manifest from "../../deno.json" with { type: "json" };
import { kodama, until } from "../tools/command.ts";
import { within } from "../tools/raw.ts";

/** Sends so many messages to the ticker, each of which is a line in the log, until the pipe is full. */
async function fillLog(url: string): Promise<void> {
  const client = new WebSocket(url.replace("http", "ws"));
  await new Promise((resolve) => client.onopen = resolve);
  // About 1.1 KB each in the log: a pipe holds 64 KiB.
  for (let i = 0; i < 200; i++) client.send("x".repeat(1024));
  const echoed = new Promise((resolve) => client.onclose = resolve);
  client.close();
  await echoed;
}

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  Deno.test(`where nobody reads standard error, ${signal} ends it all the same, with 0`, async () => {
    const child = kodama(["--port", "0", "--drain", "1s", "--message-rate", "0"]).spawn();
    const [, url] = await until(child.stdout, /Open (http:\S+)/);
    await fillLog(url!);
    const began = performance.now();
    child.kill(signal);
    try {
      assertEquals((await within(5000, "the end", child.status)).code, 0);
    } finally {
      try {
        child.kill("SIGKILL");
      } catch (error) {
        assert(error instanceof TypeError, "it has ended already");
      }
    }
    assertLess(performance.now() - began, 2000);
    await Promise.all([child.stdout.cancel(), child.stderr.cancel()]);
  });
}

Deno.test("where standard output is full from the start, it serves, and SIGTERM ends it with 0", async () => {
  const folder = await Deno.makeTempDir();
  await using stack = new AsyncDisposableStack();
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  // A pipe that is open for reading, too, but that nobody reads: it holds 64 KiB, and has them.
  const script = `mkfifo "$0" && exec 3<>"$0" && head -c 65536 /dev/zero >&3 && exec "$@" >&3`;
  const start = [Deno.execPath(), ...manifest.tasks.start.split(" ").slice(1)];
  const child = new Deno.Command("sh", {
    args: ["-c", script, `${folder}/pipe`, ...start, "--port=0", "--log-level=debug"],
    cwd: new URL("../..", import.meta.url).pathname,
    stdout: "null",
    stderr: "piped",
  }).spawn();
  try {
    await within(10_000, "the start", until(child.stderr, /info started .*\n/));
    const began = performance.now();
    child.kill("SIGTERM");
    assertEquals((await within(5000, "the end", child.status)).code, 0);
    assertLess(performance.now() - began, 2000);
  } finally {
    try {
      child.kill("SIGKILL");
    } catch (error) {
      assert(error instanceof TypeError, "it has ended already");
    }
  }
  await child.stderr.cancel();
});

/**
 * What it says goes to a disk that is full, or to nobody any more: it serves, and ends as it should. Pipes that are full are in
 * `unread_test.ts`.
 */
import { assertEquals } from "@std/assert";
import manifest from "../../deno.json" with { type: "json" };
import { ask, post, Subscriber } from "../tools/channels.ts";
import { soon } from "../tools/nats.ts";
import { freePorts } from "../tools/ports.ts";
import { within } from "../tools/raw.ts";

/** Where standard output and standard error go, to a shell; `$0` is a folder. */
const sinks: [what: string, redirect: string][] = [
  ["both to a disk that is full", "exec >/dev/full 2>&1"],
  ["standard error to a disk that is full", "exec 2>/dev/full"],
  ["standard output to a disk that is full", "exec >/dev/full"],
  [
    "both to a pipe that nobody reads any more",
    `mkfifo "$0/pipe" && exec 3<>"$0/pipe" 4>"$0/pipe" 3<&- >&4 2>&4 4>&-`,
  ],
  ["neither is open", "exec >&- 2>&-"],
];

for (const [what, redirect] of sinks) {
  for (const workers of what.startsWith("both") ? ["1", "2"] : ["1"]) {
    Deno.test(`it serves, and ends with 0 on SIGTERM: ${what} [${workers} workers]`, async () => {
      const folder = await Deno.makeTempDir();
      await using stack = new AsyncDisposableStack();
      stack.defer(() => Deno.remove(folder, { recursive: true }));
      const [port] = freePorts(1) as [number];
      const start = [Deno.execPath(), ...manifest.tasks.start.split(" ").slice(1)];
      const own = [`--port=${port}`, "--drain=1s", `--workers=${workers}`, "--log-level=debug"];
      const child = new Deno.Command("sh", {
        args: ["-c", `${redirect} && exec "$@"`, folder, ...start, ...own],
        cwd: new URL("../..", import.meta.url).pathname,
        stdout: "null",
        stderr: "null",
      }).spawn();
      try {
        await soon("answer", async () => (await ask({ port }, "GET /-/health")).status === 200);
        using subscriber = await Subscriber.open({ port }, "/sinks");
        // Lines to write: refused requests, and messages to the ticker.
        using ticker = await Subscriber.open({ port }, "/");
        for (let i = 0; i < 20; i++) {
          assertEquals((await ask({ port }, "GET /sinks?since=x")).status, 400);
          await ticker.say("hello");
        }
        await post({ port }, "sinks", "served");
        assertEquals(await subscriber.text(), "served");
        child.kill("SIGTERM");
        assertEquals((await within(30_000, "the end", child.status)).code, 0);
      } finally {
        await end(child);
      }
    });
  }
}

/** Ends what may have ended. */
async function end(child: Deno.ChildProcess): Promise<void> {
  try {
    child.kill("SIGKILL");
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
  await child.status;
}

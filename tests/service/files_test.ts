/**
 * A process that has few files: `ulimit -n`.
 */
import { assertEquals, assertGreater, assertStringIncludes } from "@std/assert";
import manifest from "../../deno.json" with { type: "json" };
import { until } from "../tools/command.ts";
import { Scrape } from "../tools/scrape.ts";

const root = new URL("../..", import.meta.url).pathname;

/** A server with so many files. */
function scarce(files: number): Deno.ChildProcess {
  const command = manifest.tasks.start.split(" ").slice(1);
  return new Deno.Command("sh", {
    args: [
      "-c",
      `ulimit -n ${files}; exec "$@"`,
      "sh",
      Deno.execPath(),
      ...command,
      "--port=0",
      "--drain=1s",
    ],
    cwd: root,
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** Opens a WebSocket; `undefined` if it is not let in. */
function open(url: string): Promise<WebSocket | undefined> {
  const socket = new WebSocket(url.replace("http", "ws") + "-/echo");
  return new Promise((resolve) => {
    socket.onopen = () => resolve(socket);
    socket.onerror = () => resolve(undefined);
  });
}

Deno.test("with ulimit -n 64 as many get in after all have left, health answers, and the log says why", async () => {
  const child = scarce(64);
  // Each request has a connection of its own.
  using client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
  const get = (url: string) => fetch(url, { client });
  const said = until(child.stderr, /out of files .*\n/);
  const [, url] = await until(child.stdout, /Open (http:\S+)/);
  const counts: number[] = [];
  for (let round = 1; round <= 4; round++) {
    const sockets = (await Promise.all(Array.from({ length: 60 }, () => open(url!))))
      .filter((socket) => socket !== undefined);
    for (const path of ["-/health", "-/metrics"]) {
      const answer = await get(url + path);
      await answer.body?.cancel();
      assertEquals(answer.status, 200, path);
    }
    const refused = await get(url + "btc");
    assertEquals([refused.status, await refused.text()], [503, "too many connections\n"]);
    // Those that were asked to leave, for health to be answered, have left by now.
    counts.push(sockets.filter((socket) => socket.readyState === WebSocket.OPEN).length);
    await Promise.all(sockets.map((socket) =>
      new Promise((resolve) => {
        socket.onclose = resolve;
        if (socket.readyState === WebSocket.CLOSED) resolve(undefined);
        else socket.close();
      })
    ));
    for (;;) {
      const found = new Scrape(await (await get(url + "-/metrics")).text());
      if (found.value("kodama_connections") === 1) break;
    }
  }
  const [first, ...later] = counts as [number, ...number[]];
  assertGreater(first, 20);
  for (const count of later) assertEquals(count, first, counts.join());
  const [line] = await said;
  assertStringIncludes(line, "limit=");
  assertStringIncludes(line, 'raise="ulimit -n"');
  child.kill("SIGTERM");
  assertEquals((await child.status).code, 0);
  await Promise.all([child.stdout.cancel(), child.stderr.cancel()]);
});

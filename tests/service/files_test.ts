/**
 * A process that has few files: `ulimit -n`.
 */
import {
  assertEquals,
  assertGreater,
  assertGreaterOrEqual,
  assertStringIncludes,
} from "@std/assert";
import Client from "ws";
import manifest from "../../deno.json" with { type: "json" };
import { CA, makePair, writePair } from "../tools/certificates.ts";
import { until } from "../tools/command.ts";
import { Scrape } from "../tools/scrape.ts";

const root = new URL("../..", import.meta.url).pathname;

/** A server with so many files, which may read a folder. */
function scarce(files: number, folder: string, flags: string[]): Deno.ChildProcess {
  const read = ["-P=serve", `--allow-read=lib,static,std,${folder}`];
  const command = manifest.tasks.start.split(" ").slice(1)
    .flatMap((word) => word === "-P=serve" ? read : word);
  return new Deno.Command("sh", {
    args: [
      "-c",
      `ulimit -n ${files}; exec "$@"`,
      "sh",
      Deno.execPath(),
      ...command,
      "--port=0",
      "--drain=1s",
      ...flags,
    ],
    cwd: root,
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** Opens a WebSocket; `undefined` if it is not let in. */
function open(url: string): Promise<WebSocket | undefined> {
  const socket: WebSocket = new Client(url.replace("http", "ws") + "-/echo", { ca: CA });
  return new Promise((resolve) => {
    socket.onopen = () => resolve(socket);
    socket.onerror = () => resolve(undefined);
  });
}

const pair = await makePair();
/** With several threads the system says which one gets a connection: one of them may have room. */
const scarcities = [
  { files: 64, clients: 60, way: "TCP", flags: [], encrypted: false, exact: true },
  { files: 128, clients: 120, way: "TLS", flags: [], encrypted: true, exact: true },
  {
    files: 128,
    clients: 120,
    way: "2 workers",
    flags: ["--workers=2"],
    encrypted: false,
    exact: false,
  },
];

for (const { files, clients, way, flags, encrypted, exact } of scarcities) {
  Deno.test(`with ulimit -n ${files} as many get in after all have left, health answers, and the log says why [${way}]`, async () => {
    using written = writePair(pair);
    const child = scarce(files, written.folder, [...flags, ...encrypted ? written.flags : []]);
    // Each request has a connection of its own.
    using client = Deno.createHttpClient({ poolMaxIdlePerHost: 0, caCerts: [CA] });
    const get = (url: string) => fetch(url, { client });
    const said = until(child.stderr, /out of files .*\n/);
    const [, url] = await until(child.stdout, /Open (https?:\S+)/);
    const counts: number[] = [];
    for (let round = 1; round <= 4; round++) {
      const sockets = (await Promise.all(Array.from({ length: clients }, () => open(url!))))
        .filter((socket) => socket !== undefined);
      for (const path of ["-/health", "-/metrics"]) {
        const answer = await get(url + path);
        await answer.body?.cancel();
        assertEquals(answer.status, 200, path);
      }
      const refused = await get(url + "btc");
      const answer = [refused.status, await refused.text()];
      if (exact) assertEquals(answer, [503, "too many connections\n"]);
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
    // One or two files may be those of connections that are just going.
    const least = exact ? first - 2 : 20;
    for (const count of later) assertGreaterOrEqual(count, least, counts.join());
    const [line] = await said;
    assertStringIncludes(line, "limit=");
    assertStringIncludes(line, 'raise="ulimit -n"');
    child.kill("SIGTERM");
    assertEquals((await child.status).code, 0);
    await Promise.all([child.stdout.cancel(), child.stderr.cancel()]);
  });
}

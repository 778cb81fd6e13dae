/**
 * What compression costs a connection in memory: `deno run -A bench/deflate_memory.ts`. The server's RSS is read
 * when all connections are idle, when each has been sent one compressed message by somebody else, and when each has
 * sent one itself.
 * @module
 */
import { deflate } from "../lib/websocket/deflate.ts";
import { type BenchConnection, connect, startServer } from "./deflate_server.ts";

const CONNECTIONS = 500;
/** JSON, as a service might push it: 1 KiB or so. */
const message = new TextEncoder().encode(JSON.stringify(Array.from({ length: 20 }, (_, i) => ({
  id: 48_213 + i,
  city: ["Kyoto", "Oslo", "Quito"][i % 3],
  temperature: Math.round(Math.sin(i) * 300) / 10,
}))));

/** What a process holds, in KiB. */
function rss(pid: number): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)![1]);
}

/** What a server is started with, and what its clients offer. */
const rows: [mode: string, offer: string][] = [
  ["off", ""],
  ["shared", "permessage-deflate; client_no_context_takeover"],
  ["shared", "permessage-deflate; client_max_window_bits"],
  ["shared", "permessage-deflate"],
  ["takeover", "permessage-deflate; client_max_window_bits"],
];

/** A message that somebody else publishes to a channel, and its one subscriber gets. */
async function listen(port: number, channel: string, connection: BenchConnection): Promise<void> {
  const url = `http://127.0.0.1:${port}/${channel}`;
  await (await fetch(url, { method: "POST", body: message })).body?.cancel();
  await connection.receiveFrame();
}

/** A message that its one subscriber publishes, and gets. */
async function send(connection: BenchConnection, compressed: boolean): Promise<void> {
  await connection.send(compressed ? deflate(message, 9) : message, compressed);
  await connection.receiveFrame();
}

console.log(
  `on ${CONNECTIONS} connections, KiB each: idle, after a message of ${message.length} bytes from others, after one of its own`,
);
for (const [mode, offer] of rows) {
  await using server = await startServer("--deflate", mode, "--message-rate", "0");
  const connections: BenchConnection[] = [];
  const open = (channel: string) => connect(server.port, offer, `/${channel}`);
  try {
    // What is needed once, whoever compresses, is not counted.
    for (let i = 0; i < 50; i++) {
      using first = await open("first");
      for (let j = 0; j < 25; j++) {
        await send(first, offer !== "");
        await listen(server.port, "first", first);
      }
    }
    const before = rss(server.pid);
    const each = () => ((rss(server.pid) - before) / CONNECTIONS).toFixed(1).padStart(7);
    for (let i = 0; i < CONNECTIONS; i++) connections.push(await open(`c${i}`));
    let line = each();
    for (const [i, connection] of connections.entries()) {
      await listen(server.port, `c${i}`, connection);
    }
    line += each();
    for (const connection of connections) await send(connection, offer !== "");
    console.log(`${line + each()}  ${mode}, offered ${offer || "nothing"}`);
  } finally {
    for (const connection of connections) connection[Symbol.dispose]();
  }
}

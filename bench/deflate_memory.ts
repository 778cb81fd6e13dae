/**
 * What compression costs a connection in memory: `deno run -A bench/deflate_memory.ts`. The server's RSS is read
 * when all connections are idle, and again when each has had one compressed message each way.
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

/** One message each way; all frames fit into 125 or 65,535 bytes. */
async function exchange(connection: BenchConnection, compressed: boolean): Promise<void> {
  await connection.send(compressed ? deflate(message) : message, compressed);
  await connection.receiveFrame();
}

console.log(`one message of ${message.length} bytes each way, on ${CONNECTIONS} connections:`);
for (const mode of ["off", "shared", "takeover"]) {
  await using server = await startServer("--deflate", mode, "--message-rate", "0");
  const connections: BenchConnection[] = [];
  try {
    // What is needed once, whoever compresses, is not counted.
    for (let i = 0; i < 50; i++) {
      using first = await connect(server.port, mode !== "off");
      for (let j = 0; j < 50; j++) await exchange(first, mode !== "off");
    }
    const before = rss(server.pid);
    for (let i = 0; i < CONNECTIONS; i++) {
      connections.push(await connect(server.port, mode !== "off"));
    }
    const idle = rss(server.pid);
    for (const connection of connections) await exchange(connection, mode !== "off");
    const used = rss(server.pid);
    const each = (kib: number) => (kib / CONNECTIONS).toFixed(1).padStart(7);
    console.log(
      `${mode.padEnd(8)} idle ${each(idle - before)} KiB a connection, after its messages ${
        each(used - before)
      } KiB`,
    );
  } finally {
    for (const connection of connections) connection[Symbol.dispose]();
  }
}

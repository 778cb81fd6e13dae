/**
 * How long others wait while messages inflate, one of 64 MiB from 64 KB, or 64 of 1 MiB, the default limit:
 * `deno run -A bench/deflate_holdup.ts`. Round trips of a small message on another connection are timed meanwhile.
 * @module
 */
import { deflate } from "../lib/websocket/deflate.ts";
import { connect, startServer } from "./deflate_server.ts";

const MiB = 1 << 20;

/** The payload of so many zeros: pieces of 1 MiB, each flushed. */
function bomb(size: number): Uint8Array {
  const piece = deflate(new Uint8Array(1 << 20));
  const flushed = new Uint8Array([...piece, 0x00, 0x00, 0xff, 0xff]);
  const count = size >> 20;
  const payload = new Uint8Array((count - 1) * flushed.length + piece.length);
  for (let i = 0; i < count - 1; i++) payload.set(flushed, i * flushed.length);
  payload.set(piece, (count - 1) * flushed.length);
  return payload;
}

/** The longest of the times, and the one in the middle, in ms. */
function summary(times: number[]): string {
  const sorted = times.toSorted((a, b) => a - b);
  const [median, longest] = [sorted[sorted.length >> 1]!, sorted.at(-1)!];
  return `${times.length} round trips, median ${median.toFixed(2)} ms, longest ${
    longest.toFixed(1)
  } ms`;
}

await using server = await startServer("--max-message", "64MiB", "--message-rate", "0");
using large = await connect(server.port);
using small = await connect(server.port);

/** Times round trips until told to end. */
async function roundTrips(ended: () => boolean): Promise<number[]> {
  const times: number[] = [];
  while (!ended()) {
    const began = performance.now();
    await small.send(new Uint8Array(20), false);
    await small.receive(22);
    times.push(performance.now() - began);
  }
  return times;
}

for (const [size, count] of [[64 * MiB, 1], [64 * MiB, 1], [64 * MiB, 1], [MiB, 64], [MiB, 64]]) {
  const quiet = performance.now() + 300;
  const before = await roundTrips(() => performance.now() > quiet);
  const payload = bomb(size!);
  let came = 0;
  const began = performance.now();
  for (let i = 0; i < count!; i++) await large.send(payload, true);
  // What comes back is not looked at; of 1 MiB it is compressed.
  const coming = (async () => {
    for (let i = 0; i < count!; i++) {
      if (size! > MiB) await large.receive(size! + 10);
      else await large.receiveFrame();
    }
    came = performance.now();
  })();
  const during = await roundTrips(() => came > 0);
  await coming;
  console.log(`${count} × ${size! / MiB} MiB, there and back in ${(came - began).toFixed(0)} ms:`);
  console.log(`  meanwhile ${summary(during)}\n  before    ${summary(before)}`);
}

/**
 * How long others wait while a message of 64 MiB inflates from 64 KB: `deno run -A bench/deflate_holdup.ts`.
 * Round trips of a small message on a connection of its own are timed before, and meanwhile.
 * @module
 */
import { deflate } from "../lib/websocket/deflate.ts";
import { connect, startServer } from "./deflate_server.ts";

const SIZE = 64 << 20;

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

for (const run of ["cold", "warm", "warm", "warm"]) {
  const quiet = performance.now() + 500;
  const before = await roundTrips(() => performance.now() > quiet);
  let inflated = 0, arrived = false;
  const began = performance.now();
  await large.send(bomb(SIZE), true);
  const first = large.receive(1).then(() => inflated = performance.now() - began);
  const during = await roundTrips(() => inflated > 0);
  await first;
  const rest = large.receive(SIZE + 9).then(() => arrived = true);
  const after = await roundTrips(() => arrived);
  await rest;
  console.log(`${run}: nothing else to do: ${summary(before)}`);
  console.log(`  inflating 64 MiB, ${inflated.toFixed(0)} ms in all: ${summary(during)}`);
  console.log(`  sending it back: ${summary(after)}`);
}

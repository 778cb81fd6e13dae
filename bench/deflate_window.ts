/**
 * What a window costs and saves where clients compress with context: `deno run -A bench/deflate_window.ts`. For each, what an
 * inflater holds once it has had a message, and what 200 messages one after the other shrink to.
 * @module
 */
import { deflate, Deflater, Inflater } from "../lib/websocket/deflate.ts";

const INFLATERS = 2000, MESSAGES = 200;
const encoder = new TextEncoder();

/** JSON as clients send it, each a little different from the one before. */
const kinds: Record<string, (i: number) => unknown> = {
  "a chat's": (i) => ({
    pub: "room/42",
    data: { user: "ann", text: `message number ${i}, said at ${i * 7919 % 86_400}` },
    ref: i,
  }),
  "a pointer's": (i) => ({
    pub: "board",
    data: Array.from({ length: 10 }, (_, k) => ({
      x: Math.round(800 + 400 * Math.sin(i + k / 10)),
      y: Math.round(500 + 300 * Math.cos(i + k / 10)),
      t: 1.76e12 + i * 160 + k * 16,
    })),
  }),
  "a meter's": (i) =>
    Array.from({ length: 150 }, (_, k) => ({
      id: 48_213 + i * 150 + k,
      city: ["Kyoto", "Lisboa", "Nairobi", "Oslo", "Quito", "Wien"][k * 7 % 6],
      temperature: Math.round(Math.sin(i + k * 1.7) * 300) / 10,
      humidity: 40 + (i + k) * 37 % 55,
    })),
};

const collect = (globalThis as { gc?: () => void }).gc;
if (collect === undefined) {
  // What is not needed any more is not to be counted.
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--v8-flags=--expose-gc", import.meta.filename!],
  }).spawn().status;
  Deno.exit(code);
}

/** What is held, in bytes. */
function held(): number {
  collect!();
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}

/** A message by itself, which any window holds. */
const first = deflate(encoder.encode(JSON.stringify(kinds["a chat's"]!(1))), 9);

function inflater(bits: number): Inflater {
  const inflater = new Inflater(true, bits);
  inflater.begin(first, 1024);
  while (!inflater.step());
  inflater.end();
  return inflater;
}

/** All of them stay, so that none is swept while the next are counted. */
const kept: Inflater[] = [];
for (const bits of [9, 10, 11, 12, 13, 14, 15]) {
  kept.push(inflater(bits));
  const before = held();
  for (let i = 0; i < INFLATERS; i++) kept.push(inflater(bits));
  const each = (held() - before) / INFLATERS / 1024;
  console.log(`${bits} bits: ${each.toFixed(1)} KiB a sender`);
}

for (const bits of [9, 10, 11, 12, 13, 14, 15]) {
  const shrunk = Object.entries(kinds).map(([name, make]) => {
    const deflater = new Deflater(bits);
    let plain = 0, deflated = 0;
    for (let i = 0; i < MESSAGES; i++) {
      const message = encoder.encode(JSON.stringify(make(i)));
      plain += message.length;
      deflated += deflater.deflate(message).length;
    }
    const size = Math.round(plain / MESSAGES);
    return `${name} ${size} bytes to ${(deflated / plain * 100).toFixed(1)} %`;
  });
  console.log(`${bits} bits: ${shrunk.join(", ")}`);
}

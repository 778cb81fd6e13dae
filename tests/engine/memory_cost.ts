/**
 * Measures what remembering costs, in a process of its own:
 *
 *     deno run --v8-flags=--expose-gc tests/engine/memory_cost.ts flood
 *     deno run --v8-flags=--expose-gc tests/engine/memory_cost.ts each
 *
 * @module
 */
import { Hub } from "../../lib/hub/hub.ts";
import type { FoldLimits } from "../../lib/engine/fold.ts";
import { MemoryEngine } from "../../lib/engine/memory.ts";
import { utf8 } from "../tools/bytes.ts";

/** What 100,000 channels cost, of one small JSON message each, under the default limits; in bytes. */
export interface Flood {
  /** Messages that are remembered of them. */
  kept: number;
  /** Most that the engine counted. */
  counted: number;
  /** Growth of the heap and of what it holds outside, once garbage is gone. */
  grown: number;
  /** Growth of the process. */
  resident: number;
  /** Of `grown`, what is left when all has expired. */
  left: number;
}

/** What one message costs besides its body, in bytes. */
export interface Each {
  /** Alone on its channel, on the heap. */
  aloneHeap: number;
  /** Alone on its channel, of the process. */
  aloneResident: number;
  /** Among 100 on its channel, on the heap. */
  besideHeap: number;
}

const DEFAULTS: FoldLimits = { history: 100, historyAge: 600_000, historyBytes: 64 << 20 };
const { gc } = globalThis as unknown as { gc: () => void };

/** What is used once garbage is gone. */
function used(): { heap: number; external: number; resident: number } {
  gc();
  gc();
  const { heapUsed, external, rss } = Deno.memoryUsage();
  return { heap: heapUsed, external, resident: rss };
}

async function flood(): Promise<Flood> {
  let now = 1000.5;
  const engine = new MemoryEngine(DEFAULTS, () => now += 0.001, "x7a8b9c0");
  const hub = new Hub(engine);
  const publish = (i: number) => {
    // As they come from a request: a name and a body of their own.
    const channel = decodeURIComponent(`prices/${i}`);
    return hub.publish({ channel, kind: "json", body: utf8(JSON.stringify({ price: i + 0.5 })) });
  };
  await publish(-1);
  const before = used();
  let counted = 0;
  for (let i = 0; i < 100_000; i++) {
    await publish(i);
    counted = Math.max(counted, engine.bytes);
  }
  const after = used();
  let kept = 0;
  for (let i = 0; i < 100_000; i++) if (await engine.last(`prices/${i}`) !== undefined) kept++;
  now += DEFAULTS.historyAge;
  engine.sweep();
  const end = used();
  return {
    kept,
    counted,
    grown: after.heap + after.external - before.heap - before.external,
    resident: after.resident - before.resident,
    left: end.heap + end.external - before.heap - before.external,
  };
}

/** What one message costs, by the growth from the first fifty thousand on. */
async function growth(beside: number): Promise<{ heap: number; resident: number }> {
  const limits = { ...DEFAULTS, historyBytes: Infinity };
  const body = 32, count = 100_000;
  let now = 1000.5;
  const engine = new MemoryEngine(limits, () => now += 0.001, "x7a8b9c0");
  const fill = async (from: number, to: number) => {
    for (let i = from; i < to; i++) {
      const channel = decodeURIComponent(`prices/${Math.floor(i / beside)}`);
      await engine.publish({ channel, kind: "json", body: new Uint8Array(body) }, 0);
      if (i % 10_000 === 0) gc();
    }
    return used();
  };
  const before = await fill(0, 50_000), after = await fill(50_000, 50_000 + count);
  return {
    heap: Math.round((after.heap - before.heap) / count),
    resident: Math.round((after.resident - before.resident) / count) - body,
  };
}

async function each(): Promise<Each> {
  // First, since what others leave behind is used again.
  const alone = await growth(1);
  const { heap: besideHeap } = await growth(100);
  return { aloneHeap: alone.heap, aloneResident: alone.resident, besideHeap };
}

if (import.meta.main) {
  const measured = Deno.args[0] === "flood" ? await flood() : await each();
  console.log(JSON.stringify(measured));
}

import { assertEquals, assertGreater, assertLess } from "@std/assert";
import { OVERHEAD } from "../../lib/engine/fold.ts";
import type { Each, Flood } from "./memory_cost.ts";

const MiB = 1 << 20;

/** Measures in a process of its own, where garbage can be collected. */
async function measure<T>(what: string): Promise<T> {
  const script = new URL("memory_cost.ts", import.meta.url).pathname;
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-q", "--no-prompt", "--no-check", "--v8-flags=--expose-gc", script, what],
    stderr: "inherit",
  }).output();
  assertEquals(code, 0);
  return JSON.parse(new TextDecoder().decode(stdout));
}

Deno.test("MemoryEngine holds 100,000 channels within its bytes, on the heap too, and gives all back", async () => {
  const flood = await measure<Flood>("flood");
  // Full to the last message, and no further.
  assertLess(flood.counted, 64 * MiB + 1);
  assertGreater(flood.counted, 64 * MiB - 1024);
  assertGreater(flood.kept, 80_000);
  // What is counted covers what no heap shows, too.
  assertLess(flood.grown, 64 * MiB);
  // Room for garbage is on top, whatever is remembered.
  assertLess(flood.resident, (64 + 96) * MiB);
  assertLess(flood.left, 2 * MiB);
});

Deno.test("MemoryEngine counts for a message no less than it costs", async () => {
  const each = await measure<Each>("each");
  assertLess(each.aloneHeap, OVERHEAD);
  assertLess(each.besideHeap, each.aloneHeap);
  // The process grows by pages, in leaps.
  assertLess(each.aloneResident, OVERHEAD * 1.3);
});

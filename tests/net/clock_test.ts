/** The one timer: who is called, when, and that it ends. */
import { assertEquals, assertGreater, assertGreaterOrEqual } from "@std/assert";
import { Clock } from "../../lib/net/clock.ts";
import { Count, LATE } from "../../lib/net/counts.ts";
import { within } from "../tools/raw.ts";

Deno.test("Clock calls what was added at each tick, with a time that moves on", async () => {
  const clock = new Clock(1);
  const began = clock.now;
  const times: number[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  clock.add({
    tick(now) {
      assertEquals(now, clock.now);
      if (times.push(now) === 3) resolve();
    },
  });
  await within(2000, "three ticks", promise);
  clock.stop();
  assertGreaterOrEqual(times[0]!, began);
  assertGreater(times[2]!, times[0]!);
});

Deno.test("Clock does not call what was removed, also by another at the same tick", async () => {
  const clock = new Clock(1);
  const called: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const removed = { tick: () => called.push("removed") };
  const first = {
    tick() {
      called.push("first");
      clock.delete(removed);
      clock.delete(first);
      clock.add({ tick: () => resolve() });
    },
  };
  clock.add(first);
  clock.add(removed);
  await within(2000, "a tick", promise);
  clock.stop();
  assertEquals(called, ["first"]);
});

Deno.test("Clocks count into one row how late they tick and what waits, and leave nothing of that", async () => {
  const counts = new Float64Array(Count.end);
  const clocks = [new Clock(1, counts), new Clock(1, counts)];
  let left = 4;
  const { promise, resolve } = Promise.withResolvers<void>();
  for (const clock of clocks) {
    clock.add({
      tick() {
        clock.queued += 100;
        if (--left === 0) resolve();
      },
    });
  }
  await within(2000, "two ticks of each", promise);
  for (let i = 0; i < 100 && counts[Count.queued] !== 200; i++) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  assertEquals(counts[Count.queued], 200);
  for (const clock of clocks) clock.stop();
  assertEquals(counts[Count.queued], 0);
  const ticks = counts.subarray(Count.late, Count.late + LATE.length + 1);
  assertGreaterOrEqual(ticks.reduce((sum, count) => sum + count), 4);
});

/** Holds the thread up. */
function spin(ms: number): void {
  for (const began = performance.now(); performance.now() - began < ms;);
}

Deno.test("Clock calls nobody at a tick that comes late, but at the next", async () => {
  const interval = 20, clock = new Clock(interval), began = performance.now();
  const { promise, resolve } = Promise.withResolvers<number>();
  clock.add({ tick: () => resolve(performance.now() - began) });
  spin(4 * interval);
  // What has arrived is read between the two.
  assertGreaterOrEqual(await within(5000, "a tick", promise), 5 * interval - 1);
  clock.stop();
});

Deno.test("Clock goes on while all ticks come late", async () => {
  const clock = new Clock(2);
  const { promise, resolve } = Promise.withResolvers<void>();
  let calls = 0;
  clock.add({ tick: () => void (++calls === 3 && resolve()) });
  const busy = setInterval(() => spin(10), 0);
  await within(5000, "three ticks", promise);
  clearInterval(busy);
  clock.stop();
});

/** The one timer: who is called, when, and that it ends. */
import { assertEquals, assertGreater, assertGreaterOrEqual } from "@std/assert";
import { Clock } from "../../lib/net/clock.ts";
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

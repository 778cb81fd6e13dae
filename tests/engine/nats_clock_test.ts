import { assertEquals, assertGreaterOrEqual, assertLess } from "@std/assert";
import { ServerClock } from "../../lib/engine/nats/clock.ts";

const DAY = 86_400_000, THERE = 1e12;

/** The clock says so, but for what elapsed meanwhile. */
function says(clock: ServerClock, time: number): void {
  assertGreaterOrEqual(clock.now(), time - 1);
  assertLess(clock.now(), time + 10_000);
}

/** Does something while this machine's clock is so much ahead of what it is. */
function whileAhead(ms: number, what: () => void): void {
  const { now } = Date;
  Date.now = () => now() + ms;
  try {
    what();
  } finally {
    Date.now = now;
  }
}

for (const jump of [DAY, -DAY]) {
  Deno.test(`the time of a stream in NATS goes on where this machine's jumps by ${jump / DAY} day`, () => {
    const clock = new ServerClock(), at = performance.now();
    clock.observe(THERE, at, at);
    whileAhead(jump, () => says(clock, THERE));
    // And what is published afterwards is new, not old.
    assertEquals(clock.timeOf(2, THERE + 500), THERE + 500);
    says(clock, THERE + 500);
  });
}

Deno.test("the time of a stream in NATS does not go back, and is never before its newest message", () => {
  const clock = new ServerClock(), at = performance.now();
  clock.observe(THERE, at, at);
  clock.timeOf(1, THERE + DAY);
  assertEquals(clock.now(), THERE + DAY);
  clock.observe(THERE - DAY, at, at);
  assertEquals(clock.now(), THERE + DAY);
});

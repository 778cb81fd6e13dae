import { assert, assertEquals } from "@std/assert";
import { RateLimit } from "../../lib/net/rate.ts";

Deno.test("RateLimit allows twice its rate at once, and not one more", () => {
  const limit = new RateLimit(5);
  const taken = Array.from({ length: 11 }, () => limit.take());
  assertEquals(taken, [...Array(10).fill(true), false]);
});

Deno.test("RateLimit allows as much at once as it is told, and not one more", () => {
  const limit = new RateLimit(5, 3);
  assertEquals(Array.from({ length: 4 }, () => limit.take()), [true, true, true, false]);
});

Deno.test("RateLimit of 0 allows any number", () => {
  const limit = new RateLimit(0);
  for (let i = 0; i < 1000; i++) assert(limit.take());
});

Deno.test("RateLimit fills again as time passes", () => {
  const limit = new RateLimit(1000);
  while (limit.take());
  const until = performance.now() + 10;
  while (performance.now() < until);
  assert(limit.take());
});

/**
 * What is said and counted of questions to a backend.
 */
import { assertEquals } from "@std/assert";
import { CALM, openCallback } from "../../lib/service/authorize.ts";
import { ownCounters, SharedCounters, Tally } from "../../lib/service/tally.ts";
import { defaults } from "../../lib/settings/config.ts";
import type { Request } from "../../lib/net/connection.ts";
import { TestLog } from "../tools/service.ts";
import { TestTime } from "../tools/test_time.ts";

const config = { ...defaults, authorize: "https://user:secret@backend.test:8443/secret" };
const request = {
  headers: new Map(),
  peer: { hostname: "192.0.2.1", port: 1 },
} as unknown as Request;

/** Threads that ask one backend, each as a test says. */
function threadsOf(count: number) {
  const time = new TestTime(), log = new TestLog();
  let status = 200;
  const shared = new SharedCounters(count);
  const threads = Array.from({ length: count }, (_, i) => {
    const counters = count === 1 ? ownCounters() : shared.of(i);
    const fetch = () => Promise.resolve(Response.json({}, { status }));
    const { ask } = openCallback({ config, log, counters, threads: count, fetch, time })!;
    return async (answered: number) => {
      status = answered;
      await ask(request, "read", ["room"]).catch(() => {});
      return counters;
    };
  });
  const said = () =>
    log.lines.splice(0).map(({ message, fields }) => `${message} ${Object.values(fields).join()}`);
  return { time, threads, said };
}

const failing = "the backend cannot be asked https://backend.test:8443,the answer is 500";
const back = "the backend answers again https://backend.test:8443";

Deno.test("that a backend fails is said once, and that it is back once it has answered for 5 s", async () => {
  const { time, threads: [ask], said } = threadsOf(1);
  const steps: [pass: number, status: number, lines: string[]][] = [
    [0, 200, []],
    [0, 500, [failing]],
    [1000, 500, []],
    [1000, 401, []],
    [CALM - 1001, 200, []],
    // It fails now and then: it fails.
    [0, 500, []],
    [CALM - 1, 403, []],
    [1, 200, [back]],
    [0, 200, []],
    [0, 500, [failing]],
  ];
  for (const [pass, status, lines] of steps) {
    await time.pass(pass);
    await ask!(status);
    assertEquals(said(), lines, `${pass} ms later ${status}`);
  }
});

Deno.test("several threads say it once, the first and the last of them", async () => {
  const { time, threads: [one, two, three], said } = threadsOf(3);
  await one!(500);
  await two!(500);
  assertEquals(said(), [failing]);
  await time.pass(CALM);
  await three!(200);
  await one!(200);
  assertEquals(said(), []);
  const { totals } = await two!(200);
  assertEquals(said(), [back]);
  const counts = totals();
  assertEquals([...counts.slice(Tally.asked, Tally.asked + 3)], [3, 0, 2]);
  assertEquals([counts[Tally.asking], counts[Tally.unanswered]], [0, 0]);
});

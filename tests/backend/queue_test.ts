/**
 * What a backend is told: gathered, in order, again where it is not taken, and never more than the limits.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  GATHER,
  HookQueue,
  KEEP,
  LAST_PAUSE,
  MAX_BATCH,
  MAX_BODY,
  MAX_SIZE,
  MAX_WAITING,
} from "../../lib/backend/queue.ts";
import { TestTime } from "../tools/test_time.ts";

/** An attempt: when, how many events it had, which they were, and what it said of those that are lost. */
interface Attempt {
  at: number;
  numbers: number[];
  dropped: number;
  key: string;
}

/** A queue, and a backend that answers as a test says: a status, `dead` or `hangs`. */
function queueOf() {
  const time = new TestTime(), attempts: Attempt[] = [];
  const counts = { waiting: 0, taken: 0, dropped: 0 };
  const said: string[] = [], losses: [count: number, why: string][] = [];
  const told = { answer: 200 as number | "dead" | "hangs", last: 0 };
  const queue = new HookQueue({
    time,
    endpoint: {
      url: "http://backend.test/hook",
      form: (events, dropped) => ({
        body: `{"events":[${events}],"dropped":${dropped}}`,
        headers: {},
      }),
    },
    fetch(_, { body, headers, signal }) {
      const { events, dropped } = JSON.parse(body as string);
      const numbers = events.map(({ n }: { n: number }) => n);
      const key = (headers as Record<string, string>)["Idempotency-Key"]!;
      attempts.push({ at: time.now(), numbers, dropped, key });
      if (told.answer === "dead") return Promise.reject(new TypeError("Connection refused"));
      if (typeof told.answer === "number") {
        return Promise.resolve(new Response(null, { status: told.answer }));
      }
      return new Promise((_, reject) => {
        signal!.addEventListener("abort", () => reject(signal!.reason), { once: true });
      });
    },
    watch: {
      waiting: (change) => void (counts.waiting += change),
      sent: (why) => void said.push(why ?? "taken"),
      taken: (count) => void (counts.taken += count),
      dropped(count, why) {
        counts.dropped += count;
        losses.push([count, why]);
      },
    },
  });
  const tell = (count = 1) => {
    for (let i = 0; i < count; i++) queue.tell({ n: ++told.last });
  };
  return { queue, time, attempts, counts, said, losses, told, tell };
}

const upTo = (to: number, from = 1) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

Deno.test("what comes within 100 ms is one request, what comes later another", async () => {
  const { time, attempts, tell, counts } = queueOf();
  tell(2);
  await time.pass(GATHER - 1);
  tell();
  assertEquals([attempts, counts.waiting], [[], 3]);
  await time.pass(1);
  tell();
  await time.pass(GATHER);
  const requests = attempts.map(({ at, numbers }) => ({ at, numbers }));
  assertEquals(requests, [
    { at: GATHER, numbers: [1, 2, 3] },
    { at: 2 * GATHER, numbers: [4] },
  ]);
  assertEquals(counts, { waiting: 0, taken: 4, dropped: 0 });
  assertEquals(time.timers, 0);
});

Deno.test("a request has so many events and so many bytes at most, and what comes meanwhile is behind them", async () => {
  const { time, attempts, tell, queue } = queueOf();
  tell(2 * MAX_BATCH + 1);
  await time.pass(GATHER);
  assertEquals(attempts.map(({ numbers }) => numbers.length), [MAX_BATCH, MAX_BATCH, 1]);
  assertEquals(attempts.flatMap(({ numbers }) => numbers), upTo(2 * MAX_BATCH + 1));
  // By their JSON, with a comma each: one fills a request to the last byte, with one more it is too large.
  const event = (n: number, length: number) => {
    const empty = JSON.stringify({ n, x: "" }).length;
    queue.tell({ n, x: "x".repeat(length - empty) });
  };
  attempts.length = 0;
  event(1, MAX_BODY / 2 - 1);
  event(2, MAX_BODY / 2 - 1);
  event(3, MAX_BODY / 2 - 1);
  event(4, MAX_BODY / 2);
  event(5, 2 * MAX_BODY);
  await time.pass(GATHER);
  assertEquals(attempts.map(({ numbers }) => numbers), [[1, 2], [3], [4], [5]]);
});

const refusals: [what: string, answer: number | "dead" | "hangs", why: string][] = [
  ["500", 500, "the answer is 500"],
  ["302", 302, "the answer is 302"],
  ["400", 400, "the answer is 400"],
  ["304", 304, "the answer is 304"],
  ["dead", "dead", "Connection refused"],
  ["silent", "hangs", "no answer within 10 s"],
];
for (const [what, answer, why] of refusals) {
  Deno.test(`a backend that is ${what} is told the same again, later and later, and then what has come meanwhile, in order`, async () => {
    const { time, attempts, told, tell, said, counts } = queueOf();
    told.answer = answer;
    tell(3);
    const patience = answer === "hangs" ? 10_000 : 0;
    await time.pass(GATHER + 4 * patience + 1000 + 2000 + 4000);
    tell(2);
    told.answer = 204;
    await time.pass(8000);
    const first = attempts.slice(0, 5);
    assertEquals(first.map(({ numbers }) => numbers), Array(5).fill([1, 2, 3]));
    assertEquals(new Set(first.map(({ key }) => key)).size, 1);
    const pauses = first.slice(1).map(({ at }, i) => at - first[i]!.at - patience);
    assertEquals(pauses, [1000, 2000, 4000, 8000]);
    assertEquals(attempts.slice(5).map(({ numbers }) => numbers), [[4, 5]]);
    assert(attempts[5]!.key !== attempts[0]!.key);
    assertEquals(said, [...Array(4).fill(why), "taken", "taken"]);
    assertEquals(counts, { waiting: 0, taken: 5, dropped: 0 });
    // It begins anew with the shortest pause.
    told.answer = answer;
    tell();
    await time.pass(GATHER + patience + 1000);
    const [again, last] = attempts.slice(-2);
    assertEquals(last!.at - again!.at, 1000 + patience);
  });
}

Deno.test("an event is sent again for 5 minutes, every 30 s at last, and then lost; younger ones are not", async () => {
  const { time, attempts, told, tell, losses, counts } = queueOf();
  told.answer = "dead";
  tell(2);
  await time.pass(GATHER + 1000 + 1);
  // Told just so much later that it is young enough, by a ms, when the others are not.
  tell();
  const at = (n: number) =>
    attempts.filter(({ numbers }) => numbers.includes(n)).map(({ at }) => at);
  await time.pass(KEEP - 2);
  assertEquals([losses, counts.waiting], [[], 3]);
  told.answer = 200;
  await time.pass(1);
  const times = [0, 1, 3, 7, 15, 31, 61, 91, 121, 151, 181, 211, 241, 271];
  assertEquals(at(1), times.map((s) => GATHER + 1000 * s));
  assertEquals(losses, [[2, "not taken for 5 minutes"]]);
  const last = attempts.at(-1)!;
  // The backend is told how many it will not hear of.
  assertEquals([last.numbers, last.dropped], [[3], 2]);
  tell();
  await time.pass(GATHER);
  assertEquals(attempts.at(-1)!.dropped, 0);
  assertEquals(counts, { waiting: 0, taken: 2, dropped: 2 });
});

Deno.test("the last attempt within 5 minutes still counts", async () => {
  const { time, told, tell, counts } = queueOf();
  told.answer = "dead";
  tell();
  await time.pass(GATHER + 271_000 - 1);
  told.answer = 200;
  await time.pass(1);
  assertEquals(counts, { waiting: 0, taken: 1, dropped: 0 });
});

Deno.test("10,000 events wait; for one more the oldest goes that is not on its way", async () => {
  const { time, attempts, told, tell, losses, counts } = queueOf();
  told.answer = "hangs";
  tell(2);
  await time.pass(GATHER);
  tell(MAX_WAITING - 2);
  assertEquals([losses, counts.waiting], [[], MAX_WAITING]);
  tell();
  assertEquals([losses, counts.waiting], [[[1, "too many wait"]], MAX_WAITING]);
  told.answer = 200;
  // The one that hangs is given up, and sent again.
  await time.pass(10_000 + 1000);
  assertEquals(attempts.slice(1).flatMap(({ numbers }) => numbers), [
    1,
    2,
    ...upTo(MAX_WAITING + 1, 4),
  ]);
  assertEquals(attempts.map(({ dropped }) => dropped).slice(0, 4), [0, 0, 1, 0]);
  assertEquals(counts, { waiting: 0, taken: MAX_WAITING, dropped: 1 });
});

Deno.test("what waits has 16 MiB at most", async () => {
  const { queue, time, counts, attempts } = queueOf();
  const x = "x".repeat((1 << 20) - JSON.stringify({ n: 1, x: "" }).length);
  for (let n = 1; n <= MAX_SIZE / (1 << 20); n++) queue.tell({ n: n % 10, x });
  assertEquals(counts, { waiting: 16, taken: 0, dropped: 0 });
  queue.tell({ n: 1 });
  assertEquals(counts, { waiting: 16, taken: 0, dropped: 1 });
  await time.pass(GATHER);
  assertEquals(attempts.length, 16);
  assertEquals(counts, { waiting: 0, taken: 16, dropped: 1 });
});

Deno.test("at the end what waits is sent at once", async () => {
  const { queue, time, attempts, tell, counts } = queueOf();
  tell(MAX_BATCH + 1);
  await queue.close(1000);
  assertEquals(attempts.map(({ at, numbers }) => [at, numbers.length]), [[0, MAX_BATCH], [0, 1]]);
  assertEquals(time.timers, 0);
  // Whatever comes then is lost, and counted.
  tell();
  await time.pass(GATHER);
  assertEquals([attempts.length, counts.dropped, counts.waiting], [2, 1, 0]);
});

Deno.test("at the end a pause is cut short, and what is not taken in time is lost", async () => {
  for (const answer of ["dead", "hangs", 500] as const) {
    const { queue, time, attempts, told, tell, losses, counts } = queueOf();
    told.answer = answer;
    tell(2);
    await time.pass(answer === "hangs" ? 11_000 : 8000);
    const before = attempts.length, closed = queue.close(1000);
    await time.pass(999);
    assertEquals(losses, []);
    await time.pass(1);
    await closed;
    assertEquals(losses, [[2, "shut down"]]);
    assertEquals(counts, { waiting: 0, taken: 0, dropped: 2 });
    const tried = attempts.slice(before).map(({ at }) => at);
    if (answer !== "hangs") {
      assertEquals(tried.map((at) => at - tried[0]!), [0, 1, 2, 3].map((n) => n * LAST_PAUSE));
    }
    assertEquals(time.timers, 0);
  }
});

Deno.test("each request has a key of its own, by which a repeat is known", async () => {
  const { time, attempts, tell } = queueOf();
  for (let i = 0; i < 3; i++) {
    tell();
    await time.pass(GATHER);
  }
  for (const { key } of attempts) assertMatch(key, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  assertEquals(new Set(attempts.map(({ key }) => key)).size, 3);
});

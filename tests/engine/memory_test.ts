import { assert, assertEquals, assertLess, assertRejects } from "@std/assert";
import { EngineError } from "../../lib/hub/engine.ts";
import { MAX_KEYS, OVERHEAD } from "../../lib/engine/fold.ts";
import { testMemory } from "./memory_engine.ts";
import { draft, type Limits, listen, publishAll, ROOMY } from "../../lib/testing/engine_suite.ts";
import { testEngine } from "../../lib/testing/mod.ts";

const create = (limits?: Partial<Limits>) => Promise.resolve(testMemory(limits));

testEngine({ name: "MemoryEngine", test: Deno.test, create });

Deno.test("MemoryEngine counts bodies, names and what a message costs besides, and all of it back", async () => {
  const { engine, pass } = testMemory({ history: 2 });
  await publishAll(engine, "a:1", "news/today:22");
  const first = 1 + 1 + OVERHEAD, second = 10 + 2 + OVERHEAD;
  assertEquals(engine.bytes, first + second);
  await publishAll(engine, "a:333", "a:4444");
  assertEquals(engine.bytes, second + (1 + 3 + OVERHEAD) + (1 + 4 + OVERHEAD));
  pass(ROOMY.historyAge);
  assertEquals(engine.bytes > 0, true);
  engine.sweep();
  assertEquals(engine.bytes, 0);
  assertEquals(await engine.last("a"), undefined);
});

Deno.test("MemoryEngine never counts more than historyBytes once publish has resolved", async () => {
  const historyBytes = 10_000;
  const { engine } = testMemory({ historyBytes });
  for (let i = 0; i < 500; i++) {
    await publishAll(engine, `c${i % 37}:${"x".repeat(i * 7919 % 12_000)}`);
    assert(engine.bytes <= historyBytes, `${engine.bytes} bytes after ${i}`);
  }
});

Deno.test("MemoryEngine keeps of a larger buffer only the message", async () => {
  const { engine } = testMemory();
  const buffer = new Uint8Array(1 << 20);
  await engine.publish({ channel: "a", kind: "binary", body: buffer.subarray(5, 15) }, 0);
  const { messages } = await engine.history(["a"], { from: "all" });
  assertEquals(messages.map((m) => m.body.buffer.byteLength), [10]);
});

Deno.test("MemoryEngine refuses a publish under one key too many, and takes it when one is 10 minutes old", async () => {
  const { engine, pass } = testMemory({ history: 1 });
  const heard: string[] = [];
  const first = await engine.publish(draft("a"), 0, "key 0");
  pass(1);
  for (let i = 1; i < MAX_KEYS; i++) await engine.publish(draft("a"), 0, `key ${i}`);
  listen(engine, (message) => heard.push(message.channel));
  await assertRejects(() => engine.publish(draft("b"), 0, "key"), EngineError, "too many");
  assertEquals(heard, []);
  // Repeats and publishes without a key go on.
  assertEquals((await engine.publish(draft("a"), 0, "key 0")).id, first.id);
  await publishAll(engine, "c:");
  pass(599_999);
  assertEquals((await engine.publish(draft("b"), 0, "key")).replayed, false);
  await assertRejects(() => engine.publish(draft("b"), 0, "key'"), EngineError);
  assertEquals(heard, ["c", "b"]);
});

/** Does something so many times. Gives the ms that one took, on average. */
async function timePer(count: number, what: (i: number) => Promise<unknown>): Promise<number> {
  const began = performance.now();
  for (let i = 0; i < count; i++) await what(i);
  return (performance.now() - began) / count;
}

const floods: [what: string, limits: Partial<Limits>, channels: number, keys: boolean][] = [
  ["past the limit of one channel", { history: 100 }, 1, false],
  ["past a limit of very many", { history: 100_000 }, 1, false],
  ["past the limit of bytes, each on a channel of its own", { historyBytes: 1 << 20 }, 1e9, false],
  ["as time passes", { historyAge: 1000 }, 100, false],
  ["under keys that expire", { history: 1, historyAge: 1000 }, 1, true],
];
for (const [what, limits, channels, keys] of floods) {
  Deno.test(`MemoryEngine forgets at a cost that does not grow: ${what}`, async () => {
    const flood = async (count: number) => {
      const { engine, pass } = testMemory(limits);
      const publish = (i: number) => {
        pass(keys ? 600_000 / 10_000 : 1);
        return engine.publish(draft(`c${i % channels}`), 0, keys ? `k${i}` : undefined);
      };
      // Memory is full before the time is taken.
      await timePer(limits.history ?? 10_000, publish);
      return await timePer(count, (i) => publish(i + 1_000_000));
    };
    await flood(2000);
    const short = await flood(20_000), long = await flood(80_000);
    assertLess(long, short * 4 + 0.002, `${short * 1000} and ${long * 1000} µs a message`);
    assertLess(long, 0.25);
  });
}

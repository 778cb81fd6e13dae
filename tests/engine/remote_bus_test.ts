/**
 * What threads tell each other over the engine's, and nobody keeps.
 */
import { assert, assertEquals } from "@std/assert";
import { Bus } from "../../lib/hub/bus.ts";
import { MAX_AHEAD, weightOf } from "../../lib/engine/wire.ts";
import type { RemoteEngine } from "../../lib/engine/remote.ts";
import { Hosted } from "./hosted.ts";
import { testMemory } from "./memory_engine.ts";

/** An end on an engine, and what it hears on one topic. */
function end(name: string, engine: RemoteEngine) {
  const fault = (error: unknown) => {
    throw error;
  };
  const bus = new Bus(name, engine.carrier, () => performance.now(), fault);
  const heard: unknown[] = [], gone: string[] = [];
  bus.on("t", (value, from) => void heard.push([value, from]));
  bus.watch({ unknown() {}, gone: (origin) => void gone.push(origin) });
  return { bus, heard, gone };
}

/** Waits until what was sent before has crossed both ways. */
async function crossed(...engines: RemoteEngine[]): Promise<void> {
  for (let i = 0; i < 2; i++) {
    for (const engine of engines) await engine.history([], undefined);
  }
}

Deno.test("threads hear each other in order, and each only what is for it", async () => {
  await using test = testMemory();
  await using hosted = await Hosted.begin(test.engine);
  const [one, two, three] = [hosted.client(), hosted.client(), hosted.client()];
  const [a, b, c] = [end("a", one), end("b", two), end("c", three)];
  for (const { bus } of [a, b, c]) bus.tick();
  await crossed(one, two, three);
  assertEquals(a.bus.peers.sort(), ["b", "c"]);
  for (let i = 0; i < 100; i++) a.bus.tell("t", i);
  a.bus.tell("t", "for b", "b");
  a.bus.tell("t", "last");
  b.bus.answer("question", (value) => [value, 1, 2]);
  c.bus.answer("question", () => []);
  assertEquals(await a.bus.ask("question", "x"), ["x", 1, 2]);
  const all = Array.from({ length: 100 }, (_, i) => [i, "a"]);
  assertEquals(b.heard, [...all, ["for b", "a"], ["last", "a"]]);
  assertEquals(c.heard, [...all, ["last", "a"]]);
  assertEquals(a.heard, []);
  assertEquals([a, b, c].map(({ bus }) => bus.missed), [0, 0, 0]);
});

Deno.test("a thread that leaves is gone at once, and one that has ended is by whoever saw it", async () => {
  await using test = testMemory();
  await using hosted = await Hosted.begin(test.engine);
  const [one, two, three] = [hosted.client(), hosted.client(), hosted.client()];
  const [a, b, c] = [end("a", one), end("b", two), end("c", three)];
  for (const { bus } of [a, b, c]) bus.tick();
  await crossed(one, two, three);
  b.bus.leave();
  await two.close();
  await crossed(one);
  assertEquals([a.gone, a.bus.peers], [["b"], ["c"]]);
  hosted.host.detach(3);
  await crossed(one);
  assertEquals([a.gone, a.bus.peers], [["b", "c"], []]);
});

Deno.test("a thread that takes too slowly misses what is more than the limit, and knows that it did", async () => {
  await using test = testMemory();
  await using hosted = await Hosted.begin(test.engine);
  const { client, gate } = hosted.gatedClient();
  const one = hosted.client();
  const [a, b] = [end("a", one), end("b", client)];
  for (const { bus } of [a, b]) bus.tick();
  await crossed(one, client);
  assertEquals(a.bus.peers, ["b"]);
  gate.close();
  const text = "x".repeat(100_000), each = weightOf(JSON.stringify(text));
  const count = Math.ceil(2 * MAX_AHEAD / each);
  for (let i = 0; i < count; i++) a.bus.tell("t", text);
  await crossed(one);
  gate.open();
  await crossed(client);
  assert(b.heard.length * each <= MAX_AHEAD + each, `${b.heard.length} of ${count}`);
  assert(b.heard.length > count / 3, `only ${b.heard.length}`);
  await crossed(one, client);
  a.bus.tell("t", "on");
  await crossed(one, client);
  assertEquals([b.heard.at(-1), b.bus.missed], [["on", "a"], 1]);
});

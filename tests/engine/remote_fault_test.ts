/**
 * An engine in another thread that does not answer, or that is told faster than it takes: nobody waits for ever, nothing
 * grows without bound, and it comes back.
 */
import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { EngineError } from "../../lib/hub/engine.ts";
import { LogEngine } from "../../lib/engine/engine.ts";
import { MAX_HISTORIES } from "../../lib/engine/remote.ts";
import { MAX_AHEAD } from "../../lib/engine/wire.ts";
import { EACH } from "../../lib/hub/message.ts";
import { Hub } from "../../lib/hub/hub.ts";
import { Ear } from "./ear.ts";
import { after, draft, publishAll, ROOMY, word } from "../../lib/testing/engine_suite.ts";
import { Hosted } from "./hosted.ts";
import { Listener, settled } from "./late_engine.ts";
import { testMemory } from "./memory_engine.ts";
import { testSqlite } from "./sqlite_engine.ts";
import { StallingLog } from "./stalling_log.ts";

Deno.test("who subscribes while the engine begins anew is told each message once, as is who was there", async () => {
  await using test = await testSqlite();
  await using before = await Hosted.begin(test.engine);
  const client = before.client();
  const hub = new Hub(client);
  const old = new Listener(), young = new Listener();
  await hub.subscribe(old, ["a"], undefined, old.opened);
  const [id] = await publishAll(client, "a:1");
  const joining = hub.subscribe(young, ["a"], after(id!), young.opened);
  client.detach();
  // It took this, and ended before it could tell.
  const [last] = await publishAll(test.engine, "a:2");
  await test.restart();
  await using hosted = await Hosted.begin(test.engine);
  hosted.take(client);
  await joining;
  await publishAll(client, "a:3");
  assertEquals(old.log.slice(1), ["a:1", "a:2", "a:3"]);
  assertEquals(young.log, [`open ${last} resume ${id}`, "a:2", "a:3"]);
});

Deno.test("an engine that ends again while it is asked what was missed is asked by where things stood", async () => {
  await using test = await testSqlite();
  await using before = await Hosted.begin(test.engine);
  const client = before.client(), ear = new Ear();
  client.listen(ear);
  client.interest("a", 1);
  await client.history([], undefined);
  const [first] = await publishAll(client, "a:1");
  client.detach();
  await publishAll(test.engine, "a:2");
  await test.restart();
  await using second = await Hosted.begin(test.engine);
  second.take(client);
  // It is asked, and ends before it has answered.
  await settled();
  client.detach();
  await publishAll(test.engine, "a:3");
  await test.restart();
  await using third = await Hosted.begin(test.engine);
  third.take(client);
  await client.history(["a"], after(first!));
  await publishAll(client, "a:4");
  assertEquals(ear.take().filter((said) => said.includes(":")), ["a:1", "a:2", "a:3", "a:4"]);
});

Deno.test("an engine that does not answer is unreachable, whatever it was asked; nothing more is asked, and it comes back", async () => {
  await using test = testMemory();
  await using hosted = await Hosted.begin(test.engine);
  const { client, gate } = hosted.gatedClient({ patience: 30 });
  const ear = new Ear();
  client.listen(ear);
  await publishAll(client, "a:1");
  gate.close();
  for (const ask of [() => client.history([], undefined), () => client.stats()]) {
    const error = await assertRejects(ask, EngineError, "does not answer");
    assertEquals(error.uncertain, false);
  }
  await assertRejects(() => client.channels(), EngineError, "does not answer");
  await assertRejects(() => client.publish(draft("a"), 0), EngineError, "does not answer");
  assertEquals(ear.take(), ["the engine does not answer"]);
  // Only what was asked before that is still to be answered.
  assertEquals(gate.waiting.length, 1);
  gate.open();
  await ear.said("reachable");
  assertEquals((await client.stats()).published, 1);
});

Deno.test("who subscribes while the engine does not answer is told where it stands once it does; who has left is not kept", async () => {
  await using test = testMemory();
  await using hosted = await Hosted.begin(test.engine);
  const { client, gate } = hosted.gatedClient({ patience: 30 });
  const hub = new Hub(client);
  const [first] = await publishAll(client, "a:1");
  gate.close();
  const listener = new Listener(), gone = new Listener();
  const joining = hub.subscribe(listener, ["a"], { from: "all" }, listener.opened);
  const leaving = hub.subscribe(gone, ["a", "b"], { from: "all" }, gone.opened);
  const release = await hub.reserve(["c"]);
  assertEquals(hub.unreachable, "the engine does not answer");
  hub.unsubscribe(gone, "a");
  hub.unsubscribe(gone, "b");
  await leaving;
  assertEquals([listener.log, gone.log, hub.count("a")], [[], [], 1]);
  gate.open();
  await joining;
  release();
  assertEquals(listener.log, [`open ${first} resume ${first!.replace(/1$/, "0")}`, "a:1"]);
});

Deno.test("publishes that wait hold as many bytes as the limit says; one more is refused, until they are answered", async () => {
  const log = new StallingLog();
  await using hosted = await Hosted.begin(new LogEngine(log, ROOMY, () => 0));
  const client = hosted.client({ waiting: 2 * (EACH + 100) });
  log.stall();
  const publish = (size: number) => client.publish(draft("a", "x".repeat(size)), 0);
  const taken = [publish(100), publish(99)];
  const refused = await assertRejects(() => publish(2), EngineError, "too many publishes wait");
  assertEquals([refused.uncertain, client.unreachable], [false, undefined]);
  log.goOn();
  await Promise.all(taken);
  // One is taken, however large.
  log.stall();
  const large = publish(10_000);
  await assertRejects(() => publish(0), EngineError, "too many publishes wait");
  log.goOn();
  await large;
  await publish(0);
});

for (const history of [100, 5]) {
  const whole = history === 100;
  Deno.test(`a thread that takes messages too slowly is told no more than the limit, and then ${whole ? "all that it missed" : "what is remembered, and that some is lost"}`, async () => {
    await using test = testMemory({ history });
    await using hosted = await Hosted.begin(test.engine);
    const { client, gate } = hosted.gatedClient();
    const ear = new Ear();
    client.listen(ear);
    client.interest("a", 1);
    await client.history([], undefined);
    const publisher = hosted.client();
    gate.close();
    const size = (1 << 20) - EACH, count = MAX_AHEAD / (1 << 20) + 10;
    const body = new Uint8Array(size);
    for (let i = 0; i < count; i++) {
      body[0] = 0x30 + i;
      await publisher.publish({ channel: "a", kind: "binary", body: body.slice() }, 0);
    }
    const told = gate.waiting.flatMap((each) => (each as { messages: unknown[] }).messages);
    assertEquals(told.filter((field) => field instanceof Uint8Array).length, count - 9);
    // What is asked meanwhile is not answered before all is told that is in the answer.
    const asked = client.history(["a"], undefined).then(({ seq }) => ear.heard.push(`seq ${seq}`));
    gate.open();
    await asked;
    const numbers = ear.take().map((said) => said.slice(0, 3));
    const all = Array.from({ length: count }, (_, i) => `a:${String.fromCharCode(0x30 + i)}`);
    const wanted = whole ? all : [...all.slice(0, count - 9), "los", ...all.slice(-5)];
    assertEquals(numbers, [...wanted, "seq"]);
    await publishAll(publisher, "a:on");
    await client.history([], undefined);
    assertEquals(ear.take(), ["a:on"]);
  });
}

Deno.test("many who come back at once hold what they missed once, and so many of them are answered at a time", async () => {
  await using test = testMemory();
  await using hosted = await Hosted.begin(test.engine);
  const { client, gate } = hosted.gatedClient();
  await publishAll(client, "a:1", "a:2");
  gate.close();
  const all = Array.from(
    { length: 3 * MAX_HISTORIES + 1 },
    () => client.history(["a"], { from: "all" }),
  );
  const answers = () => gate.waiting.flatMap((told) => (told as { answers: unknown[] }).answers);
  while (answers().length < MAX_HISTORIES) await settled();
  // What says only where it stands does not wait in line, and comes after those that went before.
  const open = client.history(["a"], undefined);
  while (answers().length < MAX_HISTORIES + 1) await settled();
  assertEquals(answers().length, MAX_HISTORIES + 1);
  gate.open();
  await open;
  const [first, ...others] = await Promise.all(all);
  assertEquals(first!.messages.map(word), ["a:1", "a:2"]);
  for (const { messages } of others) {
    for (const [i, message] of messages.entries()) assertStrictEquals(message, first!.messages[i]);
  }
});

import { assertEquals, assertRejects } from "@std/assert";
import { EngineError } from "../../lib/hub/engine.ts";
import { LogEngine } from "../../lib/engine/engine.ts";
import { MemoryEngine } from "../../lib/engine/memory.ts";
import { clientsSuite } from "./clients_suite.ts";
import { after, draft, publishAll, ROOMY, word } from "../../lib/testing/engine_suite.ts";
import { testEngine } from "../../lib/testing/mod.ts";
import { Ear } from "./ear.ts";
import { behindPort, Hosted } from "./hosted.ts";
import { testMemory } from "./memory_engine.ts";
import { testSqlite } from "./sqlite_engine.ts";
import { StallingLog } from "./stalling_log.ts";

const memory = (limits = {}) => Promise.resolve(testMemory(limits));

const { test } = Deno;
testEngine({ name: "RemoteEngine over memory", test, create: behindPort(memory), runs: 60 });
testEngine({
  ...{ name: "RemoteEngine over SQLite", test, create: behindPort(testSqlite) },
  ...{ survives: true, runs: 30 },
});
clientsSuite("EngineHost over memory", memory);
clientsSuite("EngineHost over SQLite", testSqlite);

/** A client that listens, and knows that its interest is known. */
async function listening(hosted: Hosted, ...channels: string[]) {
  const client = hosted.client(), ear = new Ear();
  client.listen(ear);
  for (const channel of channels) client.interest(channel, 1);
  await client.history([], undefined);
  return { client, ear };
}

Deno.test("RemoteEngine is told what the engine took before it ended, once each, and no loss, where it survives", async () => {
  await using test = await testSqlite();
  await using before = await Hosted.begin(test.engine);
  const { client, ear } = await listening(before, "a", "b");
  await publishAll(client, "a:1", "b:2");
  const asked = client.history(["c"], { from: "all" });
  client.detach();
  assertEquals(ear.take(), ["a:1", "b:2", "the engine begins anew"]);
  // It took these, and ended before it could tell.
  await publishAll(test.engine, "b:3", "c:4", "a:5");
  await assertRejects(() => client.publish(draft("a"), 0), EngineError, "begins anew");
  await test.restart();
  await using hosted = await Hosted.begin(test.engine);
  await assertRejects(() => client.history(["c"], undefined), EngineError, "begins anew");
  hosted.take(client);
  await publishAll(test.engine, "a:6");
  assertEquals((await asked).messages.map(word), ["c:4"]);
  await publishAll(client, "b:7");
  assertEquals(ear.take(), ["reachable", "b:3", "a:5", "a:6", "b:7"]);
});

Deno.test("RemoteEngine says epoch where the engine that comes back does not remember", async () => {
  await using one = await Hosted.begin(testMemory().engine);
  const { client, ear } = await listening(one, "a");
  await publishAll(client, "a:1");
  await using two = await Hosted.begin(new MemoryEngine(ROOMY, () => 0, "other"));
  client.detach();
  two.take(client);
  await client.history([], undefined);
  await publishAll(client, "a:2");
  assertEquals(ear.take(), [
    "a:1",
    "the engine begins anew",
    "reachable",
    "lost epoch other.0",
    "a:2",
  ]);
});

Deno.test("RemoteEngine says uncertain of a publish that the engine was asked for when it ended", async () => {
  const log = new StallingLog();
  await using hosted = await Hosted.begin(new LogEngine(log, ROOMY, () => 0));
  const { client } = await listening(hosted, "a");
  log.stall();
  const published = client.publish(draft("a", "1"), 0, "key");
  await log.appending;
  await using other = await Hosted.begin(testMemory().engine);
  other.take(client);
  const error = await assertRejects(() => published, EngineError, "uncertain");
  assertEquals(error.uncertain, true);
  log.goOn();
});

Deno.test("RemoteEngine says uncertain of a publish that is not answered in time, and is told of it all the same", async () => {
  const log = new StallingLog();
  await using hosted = await Hosted.begin(new LogEngine(log, ROOMY, () => 0));
  const client = hosted.client({ patience: 50 }), ear = new Ear();
  client.listen(ear);
  client.interest("a", 1);
  await client.history([], undefined);
  log.stall();
  const error = await assertRejects(() => client.publish(draft("a", "1"), 0, "key"), EngineError);
  assertEquals([error.uncertain, client.unreachable], [true, "the engine does not answer"]);
  // What is refused from now on was certainly not published.
  const refused = await assertRejects(() => client.publish(draft("a", "2"), 0), EngineError);
  assertEquals(refused.uncertain, false);
  log.goOn();
  await ear.said("reachable");
  const { messages } = await client.history(["a"], { from: "all" });
  assertEquals(messages.map(word), ["a:1"]);
  assertEquals(client.unreachable, undefined);
  // The same key is what says whether it was.
  const again = await client.publish(draft("a", "1"), 0, "key");
  assertEquals([again.id, again.replayed], [messages[0]!.id, true]);
  assertEquals(ear.take(), ["the engine does not answer", "a:1", "reachable"]);
});

Deno.test("RemoteEngine refuses while the log cannot be reached, and is told when and when no longer", async () => {
  const log = new StallingLog();
  const engine = new LogEngine(log, ROOMY, () => 0);
  await using hosted = await Hosted.begin(engine);
  const { client, ear } = await listening(hosted, "a");
  const [id] = await publishAll(client, "a:1");
  engine.reachable("the disk is full");
  await client.history([], undefined);
  await assertRejects(() => client.publish(draft("a"), 0), EngineError, "the disk is full");
  await assertRejects(() => engine.publish(draft("a"), 0), EngineError, "the disk is full");
  engine.reachable(undefined);
  await client.history([], undefined);
  await publishAll(client, "a:2");
  assertEquals((await client.history(["a"], after(id!))).messages.map(word), ["a:2"]);
  assertEquals(ear.take(), ["a:1", "the disk is full", "reachable", "a:2"]);
  assertEquals(hosted.reachable, ["the disk is full", undefined]);
});

/**
 * What an engine keeps to whose log stalls, and fails: nobody is told too much, and what is repeated under its key is there
 * once.
 * @module
 */
import { assertEquals, assertRejects } from "@std/assert";
import { type Engine, EngineError } from "../../lib/hub/engine.ts";
import { LogEngine } from "../../lib/engine/engine.ts";
import { Ear } from "./ear.ts";
import { draft, publishAll, ROOMY, word } from "../../lib/testing/engine_suite.ts";
import { Hosted } from "./hosted.ts";
import { StallingLog } from "./stalling_log.ts";

/** An engine, how its log is stalled, and how it is told that the log cannot be reached. */
interface Stalling extends AsyncDisposable {
  engine: Engine;
  log: StallingLog;
  reachable: (why: string | undefined) => void;
}

function direct(): Promise<Stalling> {
  const log = new StallingLog(), engine = new LogEngine(log, ROOMY, () => 0);
  const reachable = (why: string | undefined) => engine.reachable(why);
  return Promise.resolve({
    ...{ engine, log, reachable },
    [Symbol.asyncDispose]: () => engine.close(),
  });
}

async function hosted(): Promise<Stalling> {
  const { engine, log, reachable } = await direct();
  const hosted = await Hosted.begin(engine);
  return {
    ...{ engine: hosted.client(), log, reachable },
    [Symbol.asyncDispose]: () => hosted[Symbol.asyncDispose](),
  };
}

for (const [name, create] of [["LogEngine", direct], ["RemoteEngine", hosted]] as const) {
  /** It, and what a listener of it is told, who wants to know of channel a. */
  const begin = async () => {
    const test = await create(), ear = new Ear();
    test.engine.listen(ear);
    test.engine.interest?.("a", 1);
    await test.engine.history([], undefined);
    return { ...test, ear };
  };
  const remembered = async (engine: Engine) =>
    (await engine.history(["a"], { from: "all" })).messages.map(word);

  Deno.test(`${name} answers while its log stalls, and tells of what waited once it goes on, in order`, async () => {
    await using test = await begin();
    const { engine, log, ear } = test;
    await publishAll(engine, "a:1");
    log.stall();
    const waiting = publishAll(engine, "a:2"), too = publishAll(engine, "a:3");
    await log.appending;
    assertEquals([await remembered(engine), ear.take()], [["a:1"], ["a:1"]]);
    log.goOn();
    await Promise.all([waiting, too]);
    assertEquals([await remembered(engine), ear.take()], [["a:1", "a:2", "a:3"], ["a:2", "a:3"]]);
  });

  Deno.test(`${name} publishes once where a key comes again while its first waits, and again where that failed`, async () => {
    await using test = await begin();
    const { engine, log } = test;
    const publish = (key: string) => engine.publish(draft("a", key), 3, key);
    log.stall();
    const first = publish("key"), second = publish("key");
    await log.appending;
    await engine.stats();
    log.goOn();
    assertEquals(await second, { ...await first, replayed: true });
    log.stall();
    const failed = [publish("other"), publish("other")];
    await log.appending;
    await engine.stats();
    log.fail(new EngineError("no"));
    for (const each of failed) {
      assertEquals((await assertRejects(() => each, EngineError, "no")).uncertain, false);
    }
    assertEquals(await remembered(engine), ["a:key"]);
    assertEquals((await publish("other")).replayed, false);
  });

  Deno.test(`${name} says uncertain where its log does, and knows the key once the log tells of the message`, async () => {
    await using test = await begin();
    const { engine, log, ear } = test;
    const publish = () => engine.publish(draft("a", "1"), 3, "key");
    log.stall();
    const published = publish();
    await log.appending;
    log.fail(new EngineError("the log is gone", true), true);
    const error = await assertRejects(() => published, EngineError, "uncertain");
    assertEquals(error.uncertain, true);
    assertEquals((await publish()).replayed, true);
    assertEquals([await remembered(engine), ear.take()], [["a:1"], ["a:1"]]);
  });

  Deno.test(`${name} refuses while its log cannot be reached, answers meanwhile, and says when and when no longer`, async () => {
    await using test = await begin();
    const { engine, ear, reachable } = test;
    await publishAll(engine, "a:1");
    reachable("the disk is full");
    await engine.stats();
    const refused = await assertRejects(() => publishAll(engine, "a:2"), EngineError, "is full");
    assertEquals([refused.uncertain, await remembered(engine)], [false, ["a:1"]]);
    reachable(undefined);
    await engine.stats();
    await publishAll(engine, "a:3");
    assertEquals(ear.take(), ["a:1", "the disk is full", "reachable", "a:3"]);
  });
}

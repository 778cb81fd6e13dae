/**
 * What an engine keeps to that remembers after a restart: it goes on as if it had not ended.
 * @module
 */
import { assertEquals } from "@std/assert";
import {
  after,
  type CreateEngine,
  draft,
  type Limits,
  listen,
  publishAll,
  type Test,
  type TestEngine,
  word,
} from "./engine_suite.ts";

async function surviving(create: CreateEngine, limits?: Partial<Limits>) {
  const tested = await create(limits);
  if (tested.restart === undefined) throw new TypeError("it remembers nothing after a restart");
  return tested as TestEngine & { restart(): Promise<void> };
}

/** Tests an engine that survives. */
export function restartSuite(test: Test, name: string, create: CreateEngine): void {
  test(`${name} goes on after a restart: the same life, the next number, and every cursor`, async () => {
    await using tested = await surviving(create);
    const ids = await publishAll(tested.engine, "a:1", "b:2", "a:3");
    for (const round of [1, 2]) {
      await tested.restart();
      const heard: string[] = [];
      listen(tested.engine, (message) => heard.push(message.id));
      const { open, lost, messages } = await tested.engine.history(["a", "b"], after(ids[0]!));
      assertEquals([open, lost.size, messages.map((m) => m.id)], [ids.at(-1), 0, ids.slice(1)]);
      assertEquals(await tested.engine.last("b"), ids[1]);
      ids.push(...await publishAll(tested.engine, `a:${round}`));
      // What was before it is not told again.
      assertEquals(heard, ids.slice(-1));
    }
    const [epoch] = ids[0]!.split(".");
    const first = Number(ids[0]!.split(".")[1]);
    assertEquals(ids, ids.map((_, i) => `${epoch}.${first + i}`));
    const { lost } = await tested.engine.history(["a"], after(`${epoch}.${first + ids.length}`));
    assertEquals(lost.get("a"), "unknown");
  });

  test(`${name} keeps who published over a restart`, async () => {
    await using tested = await surviving(create);
    for (const sender of ["ann", undefined]) {
      await tested.engine.publish({ ...draft("a"), sender }, 0, sender);
    }
    await tested.restart();
    const { messages } = await tested.engine.history(["a"], { from: "all" });
    assertEquals(messages.map((m) => m.sender), ["ann", undefined]);
  });

  test(`${name} keeps bytes, kinds and times over a restart`, async () => {
    await using tested = await surviving(create, { historyAge: 1000 });
    const body = Uint8Array.from({ length: 256 }, (_, i) => i);
    await tested.engine.publish({ channel: "a", kind: "binary", body }, 0);
    await tested.pass(600);
    await tested.engine.publish({ channel: "a", kind: "json", body: new Uint8Array([0x31]) }, 0);
    await tested.restart();
    const both = await tested.engine.history(["a"], { from: "all" });
    assertEquals(both.messages.map((m) => m.kind), ["binary", "json"]);
    assertEquals(both.messages[0]!.body, body);
    assertEquals(
      (await tested.engine.history(["a"], { from: "age", age: 500 })).messages.length,
      1,
    );
    await tested.pass(400);
    const { lost, messages } = await tested.engine.history(["a"], { from: "all" });
    assertEquals([lost.get("a"), messages.map((m) => m.kind)], ["expired", ["json"]]);
  });

  test(`${name} knows after a restart what it forgot before, and of whom it forgot nothing`, async () => {
    await using tested = await surviving(create, { history: 2 });
    const [start] = await publishAll(tested.engine, "a:0");
    const ids = await publishAll(tested.engine, "a:1", "a:2", "a:3", "b:4");
    await tested.restart();
    const lossOf = async (channel: string, id: string) => {
      const { lost, messages } = await tested.engine.history([channel], after(id));
      return [lost.get(channel), ...messages.map(word)];
    };
    assertEquals(await lossOf("a", start!), ["expired", "a:2", "a:3"]);
    assertEquals(await lossOf("a", ids[0]!), [undefined, "a:2", "a:3"]);
    assertEquals(await lossOf("b", start!), [undefined, "b:4"]);
  });

  test(`${name} publishes once under a key within 10 minutes, over a restart, also where the message is gone`, async () => {
    await using tested = await surviving(create, { history: 1 });
    tested.engine.interest?.("a", 5);
    const first = await tested.engine.publish(draft("a", "1"), 5, "key");
    await publishAll(tested.engine, "a:2");
    await tested.pass(599_999);
    await tested.restart();
    const again = () => tested.engine.publish(draft("a", "again"), 0, "key");
    assertEquals(await again(), { ...first, replayed: true });
    const other = await tested.engine.publish(draft("b", "1"), 0, "key");
    assertEquals(other.replayed, false);
    await tested.pass(1);
    await tested.restart();
    const later = await again();
    assertEquals(later.replayed, false);
    assertEquals((await again()).id, later.id);
  });
}

/**
 * What every engine keeps to where memory ends: each limit at its edge and one past it, and keys.
 * @module
 */
import { assertEquals } from "@std/assert";
import {
  after,
  type CreateEngine,
  draft,
  listen,
  publishAll,
  type Test,
  word,
} from "./engine_suite.ts";

/** Tests limits and idempotency. */
export function limitsSuite(test: Test, name: string, create: CreateEngine): void {
  test(`${name} remembers as many messages of a channel as the limit says, and tells of one more`, async () => {
    await using tested = await create({ history: 3 });
    const [first, second] = await publishAll(tested.engine, "a:1", "a:2", "b:0", "a:3");
    const history = async (id: string) => {
      const { lost, messages } = await tested.engine.history(["a"], after(id));
      return [lost.get("a"), ...messages.map(word)];
    };
    const { messages, lost } = await tested.engine.history(["a"], { from: "all" });
    assertEquals([lost.size, messages.length], [0, 3]);
    await publishAll(tested.engine, "a:4");
    // The first is gone, which matters only to who has not seen it.
    assertEquals(await history(first!), [undefined, "a:2", "a:3", "a:4"]);
    await publishAll(tested.engine, "a:5");
    assertEquals(await history(first!), ["expired", "a:3", "a:4", "a:5"]);
    assertEquals(await history(second!), [undefined, "a:3", "a:4", "a:5"]);
    const other = await tested.engine.history(["b"], after(first!));
    assertEquals([other.lost.size, other.messages.map(word)], [0, ["b:0"]]);
  });

  test(`${name} remembers a message as long as the limit says, and no ms longer`, async () => {
    await using tested = await create({ historyAge: 1000 });
    const { engine } = tested;
    const { open } = await engine.history(["a"], undefined);
    const [first] = await publishAll(engine, "a:1");
    await tested.pass(500);
    await publishAll(engine, "a:2");
    await tested.pass(499);
    const whole = await engine.history(["a"], after(open));
    assertEquals([whole.lost.size, whole.messages.map(word)], [0, ["a:1", "a:2"]]);
    await tested.pass(1);
    const { lost, messages } = await engine.history(["a"], after(open));
    assertEquals([lost.get("a"), ...messages.map(word)], ["expired", "a:2"]);
    assertEquals((await engine.history(["a"], after(first!))).lost.size, 0);
    // An age within what is kept misses nothing; one beyond it does.
    assertEquals((await engine.history(["a"], { from: "age", age: 1000 })).lost.size, 0);
    const beyond = await engine.history(["a"], { from: "age", age: 1001 });
    assertEquals(beyond.lost.get("a"), "expired");
    assertEquals((await engine.history(["a"], { from: "all" })).lost.get("a"), "expired");
  });

  test(`${name} remembers as many bytes as the limit says, the oldest go first`, async () => {
    await using probe = await create();
    const size = probe.cost(draft("a", "x".repeat(100)));
    const text = "x".repeat(99);
    await using tested = await create({ historyBytes: 3 * size });
    const { engine } = tested;
    const { open } = await engine.history(["a"], undefined);
    const [a, b] = await publishAll(engine, `a:1${text}`, `b:2${text}`, `c:3${text}`);
    const channels = ["a", "b", "c"];
    assertEquals((await engine.history(channels, after(open))).lost.size, 0);
    await publishAll(engine, "c:");
    const history = await engine.history(channels, after(open));
    assertEquals(history.lost.get("a"), "expired");
    assertEquals(history.lost.has("c"), false);
    assertEquals(history.messages.map((m) => m.channel), ["b", "c", "c"]);
    assertEquals((await engine.history(channels, after(a!))).lost.size, 0);
    // One that takes all of it leaves no other, one that takes more not even itself.
    const whole = 3 * size - tested.cost(draft("d"));
    await publishAll(engine, `d:${"x".repeat(whole)}`);
    assertEquals((await engine.history([...channels, "d"], { from: "all" })).messages.length, 1);
    await publishAll(engine, `d:${"x".repeat(whole + 1)}`);
    const none = await engine.history(["d"], after(b!));
    assertEquals([none.lost.get("d"), none.messages.length], ["expired", 0]);
  });

  test(`${name} claims a gap for a forgotten channel, also once it is back`, async () => {
    await using tested = await create({ historyAge: 1000 });
    const [before] = await publishAll(tested.engine, "b:0", "a:1");
    await tested.pass(1000);
    await publishAll(tested.engine, "b:2");
    assertEquals(await tested.engine.last("a"), undefined);
    const lossOf = async (id: string) =>
      (await tested.engine.history(["a"], after(id))).lost.get("a");
    assertEquals(await lossOf(before!), "expired");
    const [back] = await publishAll(tested.engine, "a:3");
    assertEquals(await lossOf(before!), "expired");
    assertEquals(await lossOf(back!), undefined);
  });

  test(`${name} remembers nothing where the limit is 0, and says so`, async () => {
    await using tested = await create({ history: 0 });
    const heard: string[] = [];
    listen(tested.engine, (message) => heard.push(word(message)));
    const [first, second] = await publishAll(tested.engine, "a:1", "a:2");
    assertEquals(heard, ["a:1", "a:2"]);
    const { lost, messages } = await tested.engine.history(["a"], after(first!));
    assertEquals([lost.get("a"), messages.length], ["expired", 0]);
    assertEquals((await tested.engine.history(["a"], after(second!))).lost.size, 0);
  });

  test(`${name} publishes once under a key within 10 minutes`, async () => {
    await using tested = await create({ historyAge: 3_600_000 });
    const heard: string[] = [];
    listen(tested.engine, (message) => heard.push(word(message)));
    tested.engine.interest?.("a", 34);
    const first = await tested.engine.publish(draft("a", "1"), 34, "key");
    assertEquals([first.subscribers, first.replayed], [34, false]);
    const again = async (channel = "a", key = "key") =>
      await tested.engine.publish(draft(channel, "again"), 7, key);
    const replay = { ...first, replayed: true };
    assertEquals(await again(), replay);
    await tested.pass(599_999);
    assertEquals(await again(), replay);
    assertEquals(heard, ["a:1"]);
    const { messages } = await tested.engine.history(["a"], { from: "all" });
    assertEquals(messages.map(word), ["a:1"]);
    await tested.pass(1);
    tested.engine.interest?.("a", 7);
    const later = await again();
    assertEquals([later.replayed, later.subscribers, later.id > first.id], [false, 7, true]);
    // From then on, 10 minutes begin anew.
    await tested.pass(599_999);
    assertEquals(await again(), { ...later, replayed: true });
    assertEquals(heard, ["a:1", "a:again"]);
  });

  test(`${name} takes a key on another channel, and another key, for another message`, async () => {
    await using tested = await create();
    const rows = [["a", "k"], ["b", "k"], ["a", "k2"], ["a/k", "k"], ["a", "k/k"], ["a", "K"]];
    const ids = new Set<string>();
    for (const [channel, key] of rows) {
      const { id, replayed } = await tested.engine.publish(draft(channel!), 0, key);
      assertEquals(replayed, false, `${channel} ${key}`);
      ids.add(id);
    }
    assertEquals(ids.size, rows.length);
    assertEquals((await tested.engine.publish(draft("a"), 0)).replayed, false);
  });

  test(`${name} publishes once where a key comes many times at once`, async () => {
    await using tested = await create();
    const publishes = Array.from(
      { length: 50 },
      () => tested.engine.publish(draft("a", "1"), 0, "key"),
    );
    const receipts = await Promise.all(publishes);
    assertEquals(new Set(receipts.map((r) => r.id)).size, 1);
    assertEquals(receipts.filter((r) => !r.replayed).length, 1);
  });
}

import { assertEquals, assertRejects } from "@std/assert";
import type { Since } from "../../lib/hub/cursor.ts";
import { Hub, MAX_WAITING } from "../../lib/hub/hub.ts";
import { EACH, type Form } from "../../lib/hub/message.ts";
import { after } from "../../lib/testing/engine_suite.ts";
import { LateEngine, Listener, settled } from "../engine/late_engine.ts";

function setUp() {
  const engine = new LateEngine();
  const tally = { delivered: 0 };
  const hub = new Hub(engine, (subscribers) => tally.delivered += subscribers);
  return { engine, hub, tally, listener: new Listener() };
}

Deno.test("Hub delivers what is published to who subscribes, before publish resolves", async () => {
  const { hub, tally, listener } = setUp();
  const other = new Listener();
  await hub.subscribe(listener, ["a", "b"], undefined, listener.opened);
  await hub.subscribe(other, ["b"], undefined, other.opened);
  assertEquals([hub.count("a"), hub.count("b"), hub.count("c")], [1, 2, 0]);
  const receipts = [];
  for (const channel of ["a", "b", "c"]) {
    receipts.push(await hub.publish({ channel, kind: "text", body: new Uint8Array(0) }));
  }
  assertEquals(receipts.map((r) => r.subscribers), [1, 2, 0]);
  assertEquals(listener.take(), ["open e.0", "a:", "b:"]);
  assertEquals(other.take(), ["open e.0", "b:"]);
  assertEquals(tally.delivered, 3);
  assertEquals(await hub.channels(), [
    { name: "a", subscribers: 1, last: "e.1" },
    { name: "b", subscribers: 2, last: "e.2" },
  ]);
  assertEquals(hub.unsubscribe(listener, "a"), true);
  assertEquals(hub.unsubscribe(listener, "a"), false);
  assertEquals((await hub.channels()).map((c) => c.name), ["b"]);
});

Deno.test("Hub tells first where a subscriber stands, then what it missed, then what comes", async () => {
  const { engine, hub, listener } = setUp();
  engine.say("a:1", "b:2", "a:3", "b:4");
  await hub.subscribe(listener, ["a"], after("e.1"), listener.opened);
  engine.say("a:5");
  // Who is cut off here comes back to before the first that it missed.
  assertEquals(listener.take(), ["open e.4 resume e.2", "a:3", "a:5"]);
  const lost = new Listener();
  await hub.subscribe(lost, ["a", "b"], after("x.1"), lost.opened);
  assertEquals(lost.take()[0], "open e.5 resume e.0 a epoch b epoch");
});

Deno.test("Hub loses nothing that is published between a subscriber's question and its answer", async () => {
  const rows: [Since | undefined, missed: string[]][] = [
    [undefined, []],
    [after("e.1"), ["a:2"]],
    [{ from: "all" }, ["a:1", "a:2"]],
  ];
  for (const [since, missed] of rows) {
    const { engine, hub, listener } = setUp();
    engine.say("a:1");
    engine.late = true;
    const joining = hub.subscribe(listener, ["a"], since, listener.opened);
    engine.say("a:2", "b:3");
    await engine.look();
    engine.say("a:4", "b:5", "a:6");
    assertEquals(listener.take(), []);
    await engine.arrive();
    engine.say("a:7");
    await joining;
    engine.say("a:8");
    const [open, ...rest] = listener.take();
    assertEquals(open!.slice(0, 8), "open e.3");
    assertEquals(rest, [...missed, "a:4", "a:6", "a:7", "a:8"]);
  }
});

Deno.test("Hub delivers in the same turn's publish to who has asked a microtask before", async () => {
  const { engine, hub, listener } = setUp();
  const joining = hub.subscribe(listener, ["a"], undefined, listener.opened);
  engine.say("a:1");
  await joining;
  assertEquals(listener.take(), ["open e.0", "a:1"]);
});

Deno.test("Hub gives what was missed no faster than it is taken, and what comes meanwhile behind it", async () => {
  const { engine, hub, listener } = setUp();
  engine.say("a:1", "a:2", "a:3", "a:4");
  listener.room = 2;
  const joining = hub.subscribe(listener, ["a"], { from: "all" }, listener.opened);
  await settled();
  assertEquals(listener.take(), ["open e.4 resume e.0", "a:1", "a:2"]);
  await listener.drain(2);
  assertEquals(listener.take(), ["a:3", "a:4"]);
  engine.say("a:5", "a:6", "a:7");
  assertEquals(listener.take(), []);
  await listener.drain(1);
  assertEquals(listener.take(), ["a:5"]);
  engine.say("a:8");
  await listener.drain(2);
  assertEquals(listener.take(), ["a:6", "a:7"]);
  engine.say("a:9");
  await listener.drain(9);
  await joining;
  assertEquals(listener.take(), ["a:8", "a:9"]);
  // From here on it is told at once, and its queue is its own.
  engine.say("a:10");
  assertEquals(listener.take(), ["a:10"]);
});

Deno.test("Hub lets nothing on other channels overtake what a subscriber missed on a new one", async () => {
  const { engine, hub, listener } = setUp();
  await hub.subscribe(listener, ["a", "b"], undefined, listener.opened);
  engine.say("c:1", "a:2", "c:3");
  assertEquals(listener.take(), ["open e.0", "a:2"]);
  engine.late = true;
  const joining = hub.subscribe(listener, ["c"], { from: "all" }, listener.opened, ["a", "b"]);
  engine.say("a:4", "c:5");
  await engine.look();
  engine.say("b:6", "c:7");
  listener.room = 3;
  await engine.arrive();
  assertEquals(listener.take(), ["open e.5 resume e.0", "c:1", "c:3", "a:4"]);
  engine.say("a:8", "b:9", "c:10");
  assertEquals(hub.unsubscribe(listener, "b"), true);
  assertEquals([hub.count("a"), hub.count("b"), hub.count("c")], [1, 0, 1]);
  await listener.drain(99);
  await joining;
  engine.say("c:11", "b:12", "a:13");
  assertEquals(listener.take(), ["c:5", "c:7", "a:8", "c:10", "c:11", "a:13"]);
});

Deno.test("Hub forgets who leaves before the answer to its question arrives", async () => {
  const { engine, hub, listener } = setUp();
  engine.late = true;
  engine.say("a:1", "b:2");
  const joining = hub.subscribe(listener, ["a", "b"], { from: "all" }, listener.opened);
  await engine.look();
  assertEquals(hub.unsubscribe(listener, "a"), true);
  assertEquals(hub.unsubscribe(listener, "a"), false);
  assertEquals((await hub.channels()).map((c) => c.name), ["b"]);
  await engine.arrive();
  await joining;
  engine.say("a:3", "b:4");
  assertEquals(listener.take(), ["open e.2 resume e.0", "b:2", "b:4"]);
});

Deno.test("Hub tells who leaves while it catches up nothing more", async () => {
  const { engine, hub, listener } = setUp();
  engine.say("a:1", "b:2", "a:3", "b:4");
  listener.room = 1;
  const joining = hub.subscribe(listener, ["a", "b"], { from: "all" }, listener.opened);
  await settled();
  await listener.drain(1);
  assertEquals(listener.take(), ["open e.4 resume e.0", "a:1", "b:2"]);
  engine.say("a:5");
  hub.unsubscribe(listener, "a");
  hub.unsubscribe(listener, "b");
  await listener.drain(99);
  await joining;
  engine.say("a:6");
  assertEquals(listener.take(), []);
  assertEquals(await hub.channels(), []);
});

Deno.test("Hub delivers to everybody else where somebody leaves within a delivery", async () => {
  const { engine, hub } = setUp();
  const second = new Listener(), last = new Listener();
  const first: Listener = new Listener(({ channel }) => {
    hub.unsubscribe(first, channel);
    hub.unsubscribe(second, channel);
  });
  for (const each of [first, second, last]) {
    await hub.subscribe(each, ["a"], undefined, () => {});
  }
  engine.say("a:1", "a:2");
  assertEquals([first.log, second.log, last.log], [["a:1"], [], ["a:1", "a:2"]]);
  assertEquals(hub.count("a"), 1);
});

Deno.test("Hub takes a subscriber back that has left", async () => {
  const { engine, hub, listener } = setUp();
  await hub.subscribe(listener, ["a"], undefined, listener.opened);
  hub.unsubscribe(listener, "a");
  engine.say("a:1");
  await hub.subscribe(listener, ["a"], after("e.0"), listener.opened);
  engine.say("a:2");
  assertEquals(listener.take(), ["open e.0", "open e.1 resume e.0", "a:1", "a:2"]);
});

Deno.test("Hub keeps for who joins as much as the limit says, and gives up at one byte more, once", async () => {
  const { engine, hub, listener } = setUp();
  const patient = new Listener();
  engine.late = true;
  const joining = hub.subscribe(listener, ["a", "b"], undefined, listener.opened);
  const other = hub.subscribe(patient, ["a"], undefined, patient.opened);
  await engine.look();
  const publish = (channel: string, length: number) =>
    hub.publish({ channel, kind: "binary", body: new Uint8Array(length) });
  await publish("a", MAX_WAITING / 2 - EACH);
  await publish("b", EACH);
  await publish("a", MAX_WAITING / 2 - 3 * EACH);
  assertEquals([listener.take(), patient.take()], [[], []]);
  await publish("b", 0);
  await publish("b", 0);
  await publish("a", EACH);
  assertEquals([listener.take(), patient.take()], [["overrun"], []]);
  await engine.arrive();
  await Promise.all([joining, other]);
  // What waited for who is too slow was let go of.
  assertEquals(listener.take(), ["open e.0"]);
  assertEquals(patient.take().length, 4);
});

Deno.test("Hub tells who joins what waits for it meanwhile, and when that waits no more", async () => {
  const { engine, hub } = setUp();
  const kept = new Set<number>(), sizes: number[] = [];
  const listener = Object.assign(new Listener(() => sizes.push(kept.size)), {
    keep: ({ seq }: { seq: number }) => void kept.add(seq),
    letGo: ({ seq }: { seq: number }) => void kept.delete(seq),
  });
  engine.say("a:1", "a:2", "b:3");
  engine.late = true;
  const joining = hub.subscribe(listener, ["a", "b"], after("e.1"), listener.opened);
  await engine.look();
  engine.say("a:4", "b:5");
  assertEquals([...kept], [4, 5]);
  await engine.arrive();
  await joining;
  // What is missed and what has come, each let go of as it is delivered.
  assertEquals([sizes, kept.size], [[3, 2, 1, 0], 0]);
  assertEquals(listener.take(), ["open e.3 resume e.1", "a:2", "b:3", "a:4", "b:5"]);
});

Deno.test("Hub bounds the number of messages that wait, where their bodies are empty", async () => {
  const { engine, hub, listener } = setUp();
  engine.late = true;
  const joining = hub.subscribe(listener, ["a"], undefined, listener.opened);
  const publish = () => engine.say("a:");
  for (let i = 0; i < MAX_WAITING / EACH; i++) publish();
  assertEquals(listener.take(), []);
  publish();
  assertEquals(listener.take(), ["overrun"]);
  await engine.look();
  await engine.arrive();
  await joining;
});

Deno.test("Hub encodes a message once for all of its subscribers, and lets go of it", async () => {
  const { engine, hub } = setUp();
  let encoded = 0;
  const form: Form = { slot: 0, encode: () => Uint8Array.of(++encoded) };
  const seen: Uint8Array[] = [];
  for (let i = 0; i < 3; i++) {
    const listener = new Listener((message) => seen.push(message.as(form)));
    await hub.subscribe(listener, ["a"], undefined, () => {});
  }
  engine.say("a:1", "a:2");
  assertEquals(seen.map((s) => s[0]), [1, 1, 1, 2, 2, 2]);
  const { messages } = await hub.history(["a"], { from: "all" }, 1);
  messages[0]!.as(form);
  assertEquals(encoded, 3);
});

Deno.test("Hub tells who joins of a loss on the channels that the answer to its question does not know of", async () => {
  const { engine, hub, listener } = setUp();
  await hub.subscribe(listener, ["a"], undefined, listener.opened);
  engine.late = true;
  const joining = hub.subscribe(listener, ["b"], undefined, listener.opened, ["a"]);
  engine.lost("expired");
  await engine.look();
  await engine.arrive();
  await joining;
  assertEquals(listener.take(), ["open e.0", "open e.0", "lost e.0 a expired"]);
  engine.lost("expired");
  assertEquals(listener.take(), ["lost e.0 b expired a expired"]);
});

Deno.test("Hub passes on why the engine cannot answer", async () => {
  const { engine, hub, listener } = setUp();
  engine.history = () => Promise.reject(new Error("no memory"));
  const joining = hub.subscribe(listener, ["a"], { from: "all" }, listener.opened);
  await assertRejects(() => joining, Error, "no memory");
  assertEquals(listener.take(), []);
});

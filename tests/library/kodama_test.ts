/** The whole service inside a program: publishing, hearing, its log, and how it begins and ends. */
import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { getLogger } from "@logtape/logtape";
import { configure, type LogRecord, reset } from "@logtape/logtape";
import manifest from "../../deno.json" with { type: "json" };
import { EngineError, kodama } from "../../lib/kodama.ts";
import { LogEngine } from "../../lib/engine/mod.ts";
import { StallingLog } from "../engine/stalling_log.ts";
import { ROOMY } from "../../lib/testing/engine_suite.ts";
import { post, remembered, Subscriber } from "../tools/channels.ts";
import { program } from "../tools/program.ts";

Deno.test("what a program publishes is what others get, as text, bytes or JSON, and once under a key", async () => {
  await using service = await program();
  using subscriber = await Subscriber.open(service, "/a?since=all");
  await subscriber.json();
  const first = await service.publish("a", "echo", { key: "1" });
  assertMatch(first.id, /^[0-9a-f]{8}\.1$/);
  assertEquals([first.subscribers, first.replayed], [1, false]);
  const again = await service.publish("a", "echo", { key: "1" });
  assertEquals(again, { ...first, replayed: true });
  const bytes = Uint8Array.of(1, 2, 255);
  const sent = service.publish("a", bytes);
  // What was published is not what becomes of the program's own.
  bytes.fill(0);
  await sent;
  await service.publish("a", { price: [1.5, null] });
  const got = [await subscriber.json(), await subscriber.json(), await subscriber.json()];
  assertEquals(got.map(({ data, base64 }) => data ?? base64), ["echo", "AQL/", {
    price: [1.5, null],
  }]);
  assertEquals((await remembered(service, "a")).length, 3);
});

Deno.test("what cannot be published is said, and nothing is", async () => {
  await using service = await program({ maxMessage: 4 });
  type Row = [channel: unknown, data: unknown, key: string | undefined, error: ErrorConstructor];
  const refused: Row[] = [
    ["a b", "x", undefined, TypeError],
    ["", "x", undefined, TypeError],
    ["app", "x", undefined, TypeError],
    [1, "x", undefined, TypeError],
    ["a", undefined, undefined, TypeError],
    ["a", () => {}, undefined, TypeError],
    ["a", 1n, undefined, TypeError],
    ["a", "x", "", TypeError],
    ["a", "x", "k".repeat(129), TypeError],
    ["a", "12345", undefined, RangeError],
    ["a", "éé!", undefined, RangeError],
  ];
  for (const [channel, data, key, error] of refused) {
    const publish = () =>
      service.publish(channel as string, data, key === undefined ? {} : { key });
    await assertRejects(publish, error);
  }
  assertEquals(await remembered(service, "a"), []);
  assertEquals((await service.publish("a", "1234", { key: "k".repeat(128) })).replayed, false);
});

Deno.test("a program hears what others publish, from the call on, in order, each as what it is", async () => {
  await using service = await program();
  const heard = service.subscribe(["a", "b"]);
  const one = await post(service, "a", "text");
  await post(service, "b", '{"n":1}', "application/json");
  await post(service, "c", "of nobody here");
  await post(service, "a", Uint8Array.of(7), "application/octet-stream");
  const got = [];
  for await (const message of heard) {
    got.push(message);
    if (got.length === 3) break;
  }
  assertEquals(got[0], { id: one.id, channel: "a", kind: "text", data: "text" });
  assertEquals(got.map(({ channel, kind, data }) => [channel, kind, data]), [
    ["a", "text", "text"],
    ["b", "json", { n: 1 }],
    ["a", "binary", Uint8Array.of(7)],
  ]);
  // Who has left is told nothing, and is nobody's subscriber.
  assertEquals((await service.publish("a", "later")).subscribers, 0);
  assertEquals(await heard.next(), { done: true, value: undefined });
});

Deno.test("a program hears what is remembered, and where something is missing it is told so", async () => {
  await using service = await program({ history: 2 });
  const ids: string[] = [];
  for (const text of ["1", "2", "3", "4"]) ids.push((await service.publish("a", text)).id);
  const take = async (since: string, count: number) => {
    const got: unknown[] = [];
    await using heard = service.subscribe("a", { since });
    while (got.length < count) {
      const { value } = await heard.next();
      got.push(value.lost === undefined ? value.data : [value.data, value.lost]);
    }
    return got;
  };
  assertEquals(await take(ids[1]!, 2), ["3", "4"]);
  assertEquals(await take(ids[0]!, 2), [["3", "expired"], "4"]);
  assertEquals(await take("other.1", 2), [["3", "epoch"], "4"]);
  assertEquals(await take("all", 2), [["3", "expired"], "4"]);
  for (const since of ["", "soon", "1"]) {
    assertThrows(() => service.subscribe("a", { since }), TypeError, "since must be");
  }
  for (const name of ["a b", [], ["a", "-/x"]]) {
    assertThrows(() => service.subscribe(name), TypeError);
  }
});

Deno.test("hearing ends at once with its signal, and with the service once what has come is read", async () => {
  const service = await program();
  const stop = new AbortController();
  const heard = service.subscribe("a", { signal: stop.signal }), waiting = service.subscribe("b");
  await service.publish("a", "1");
  stop.abort();
  assertEquals((await service.publish("a", "2")).subscribers, 0);
  assertEquals((await heard.next()).done, true);
  await service.publish("b", "3");
  const next = service.subscribe("c").next();
  await service.shutdown();
  assertEquals((await next).done, true);
  const all = [];
  for await (const { data } of waiting) all.push(data);
  assertEquals(all, ["3"]);
  const late = service.subscribe("a", { signal: AbortSignal.abort() });
  assertEquals((await late.next()).done, true);
});

Deno.test("a publish that the engine cannot take is an EngineError", async () => {
  const engine = new LogEngine(new StallingLog(), ROOMY, () => 0);
  await using service = await program({ engine });
  engine.reachable("the disk is full");
  await assertRejects(() => service.publish("a", "x"), EngineError, "the disk is full");
  engine.reachable(undefined);
  await service.publish("a", "x");
  const { level, message } = service.lines[1]!;
  assertEquals([level, message], ["error", "publishes are refused"]);
});

Deno.test("two services in one program have channels and logs of their own", async () => {
  await using one = await program();
  await using two = await program({ logLevel: "error" });
  assert(one.port !== two.port);
  await one.publish("a", "1");
  assertEquals([await remembered(one, "a"), await remembered(two, "a")].map((m) => m.length), [
    1,
    0,
  ]);
  const [{ level, message, fields, time }] = one.lines as [typeof one.lines[number]];
  assertEquals([level, message, fields.version, fields.url], [
    "info",
    "started",
    manifest.version,
    one.url,
  ]);
  assert(Math.abs(Date.now() - time) < 60_000);
  assertEquals(two.lines, []);
});

Deno.test("its lines go to LogTape under a category, where the program has configured it", async () => {
  const records: LogRecord[] = [];
  await configure({
    sinks: { kept: (record) => records.push(record) },
    loggers: [
      { category: ["mine"], lowestLevel: "info", sinks: ["kept"] },
      { category: ["logtape", "meta"], lowestLevel: "error", sinks: ["kept"] },
    ],
  });
  try {
    await using _ = await program({ log: ["mine", "push"] });
    getLogger(["mine"]).info("still the program's own");
  } finally {
    await reset();
  }
  assertEquals(records.map(({ category, message }) => [category.join("."), message[0]]), [
    ["mine.push", "started"],
    ["mine", "still the program's own"],
  ]);
});

Deno.test("a log that throws is told of, and ends nothing", async () => {
  const told: unknown[] = [], { error } = console;
  console.error = (...what) => told.push(...what);
  try {
    await using service = await program({
      log: () => {
        throw new Error("no disk");
      },
    });
    await service.publish("a", "1");
  } finally {
    console.error = error;
  }
  assertEquals(told.map(String), ["Error: no disk"]);
});

Deno.test("its signal ends the start or the service, and a port that is taken is said", async () => {
  const reason = new Error("not today");
  const start = () => kodama({ port: 0, signal: AbortSignal.abort(reason), log: () => {} });
  assertEquals(await assertRejects(start, Error), reason);
  const stop = new AbortController();
  const service = await program({ signal: stop.signal });
  const taken = () => kodama({ port: service.port, log: () => {} });
  await assertRejects(taken, Deno.errors.AddrInUse);
  using subscriber = await Subscriber.open(service, "/a");
  stop.abort();
  assertEquals(await subscriber.closed(), "1001 shutting down");
  await service.finished;
  // A second end is none.
  await service.shutdown();
  await service.reload();
});

for (const [what, options] of [["two workers", { workers: 2 }], ["SQLite", {}]] as const) {
  Deno.test(`a program publishes and hears where others serve [${what}]`, async () => {
    const folder = await Deno.makeTempDir();
    await using cleaning = new AsyncDisposableStack();
    cleaning.defer(() => Deno.remove(folder, { recursive: true }));
    const engine = what === "SQLite" ? { engine: `sqlite:${folder}/log.db` } : {};
    const service = cleaning.use(await program({ ...options, ...engine }));
    await service.publish("a", "1");
    const heard = service.subscribe("a", { since: "all" });
    assertEquals((await heard.next()).value.data, "1");
    using subscriber = await Subscriber.open(service, "/a");
    assertEquals((await service.publish("a", "2", { key: "k" })).subscribers, 2);
    await post(service, "a", "3");
    assertEquals([await subscriber.text(), await subscriber.text()], ["2", "3"]);
    assertEquals([await heard.next(), await heard.next()].map(({ value }) => value.data), [
      "2",
      "3",
    ]);
    assertEquals((await service.publish("a", "2", { key: "k" })).replayed, true);
    await service.shutdown();
    assertEquals((await heard.next()).done, true);
  });
}

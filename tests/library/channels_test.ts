/** Channels in a program: publishing, sockets and programs that subscribe, what they missed, and what is told of that. */
import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { type ChannelMessage, EngineError, type RunningServer } from "../../lib/mod.ts";
import type { LogEntry, OwnLog } from "../../lib/engine/mod.ts";
import { MemoryEngine } from "../../lib/engine/memory.ts";
import { noise } from "../tools/bytes.ts";
import { textOf } from "../tools/raw.ts";
import { closeCode } from "../tools/websocket.ts";
import { Heard, Once, rawClient, testServer } from "../tools/library.ts";

const ID = /^[\w-]+\.\d+$/;

/** A server whose sockets subscribe to the channels, and as, that they connect with. */
function channelServer(options: Parameters<typeof testServer>[0] = {}): RunningServer {
  return testServer({
    upgrade: ({ url }) => ({ data: new URL(url) }),
    async open(socket) {
      const { pathname, searchParams } = socket.data;
      await socket.subscribe(pathname.slice(1).split(","), {
        since: searchParams.get("since"),
        envelope: searchParams.has("envelope"),
      });
      socket.send("subscribed");
    },
    ...options as object,
  });
}

async function subscribed(server: RunningServer, target: string): Promise<Heard> {
  const heard = await Heard.open(server.url + target);
  if (!target.includes("?")) assertEquals(await heard.next(), "subscribed");
  return heard;
}

Deno.test("publish() tells sockets a text as text, bytes as binary, and all else as JSON", async () => {
  await using server = channelServer();
  await using heard = await subscribed(server, "btc");
  const bytes = new Uint8Array([0, 1, 255]);
  const values = ["hé", bytes, bytes.buffer, { price: 42 }, [1], 7, null, false];
  for (const value of values) {
    const { id, subscribers, replayed } = await server.publish("btc", value);
    assertMatch(id, ID);
    assertEquals([subscribers, replayed], [1, false]);
  }
  assertEquals(
    await heard.take(values.length),
    ["hé", bytes, bytes, '{"price":42}', "[1]", "7", "null", "false"],
  );
});

Deno.test("publish() copies bytes: who changes them after changes no message", async () => {
  await using server = channelServer();
  const bytes = new Uint8Array([1]);
  await server.publish("btc", bytes);
  bytes[0] = 2;
  for await (const { data } of server.subscribe("btc", { since: "all" })) {
    assertEquals(data, new Uint8Array([1]));
    data[0] = 3;
    break;
  }
  for await (const { data } of server.subscribe("btc", { since: "all" })) {
    assertEquals(data, new Uint8Array([1]));
    break;
  }
});

Deno.test("the same key on the same channel publishes once", async () => {
  await using server = channelServer();
  const first = await server.publish("btc", "once", { key: "a" });
  assertEquals(await server.publish("btc", "once", { key: "a" }), { ...first, replayed: true });
  assertEquals((await server.publish("eth", "once", { key: "a" })).replayed, false);
});

const cyclic: Record<string, unknown> = {};
cyclic.self = cyclic;
for (
  const [what, channel, data, options, says] of [
    ["a name that there is not", "a b", 1, {}, "a channel name has a character other than"],
    ["a name that is none", 5, 1, {}, "a channel name is a string"],
    ["what JSON has no word for", "a", undefined, {}, "a undefined cannot be published"],
    ["what goes in circles", "a", cyclic, {}, "circular"],
    ["a key that is none", "a", 1, { key: "ü" }, "key must be 1 to 128 visible ASCII"],
    ["more than maxMessage", "a", "x".repeat(11), {}, "a message of 11 bytes is over 10"],
  ] as const
) {
  Deno.test(`publish() refuses ${what}, and tells error where nobody waits for it`, async () => {
    const told = new Once<unknown>();
    await using server = testServer({ maxMessage: 10, error: told.come });
    const publish = () => server.publish(channel as string, data, options);
    await assertRejects(publish, Error, says);
    publish();
    assertMatch(String(await told.value), new RegExp(says));
  });
}

Deno.test("publish() takes a message of maxMessage", async () => {
  await using server = testServer({ maxMessage: 10 });
  assertMatch((await server.publish("a", "x".repeat(10))).id, ID);
});

Deno.test("a handler's publish that nobody waits for, and fails, ends nobody", async () => {
  const told = new Once<unknown>();
  await using server: RunningServer = testServer({
    message(socket, data) {
      server.publish(String(data), 1);
      socket.send("alive");
    },
    error: told.come,
  });
  await using heard = await Heard.open(server.url);
  heard.client.send("no such name");
  assertEquals(await heard.next(), "alive");
  assertMatch(String(await told.value), /a channel name has a character/);
});

Deno.test("a socket that subscribes in open() hears what is published in the same turn", async () => {
  await using server: RunningServer = testServer({
    open(socket) {
      socket.subscribe("a");
      socket.subscribe("b");
      server.publish("b", "1");
      server.publish("a", "2");
      assertEquals(socket.subscriptions, ["a", "b"]);
      assertEquals(server.subscriberCount("a"), 1);
    },
  });
  await using heard = await Heard.open(server.url);
  assertEquals((await heard.take(2)).sort(), ["1", "2"]);
});

Deno.test("unsubscribe() ends a subscription, also one that is only beginning", async () => {
  const said: unknown[] = [];
  await using server = testServer({
    message(socket, channel) {
      const ended = socket.subscribe("begun").catch((error) => error.name);
      said.push(socket.unsubscribe("begun"), socket.unsubscribe("begun"));
      ended.then((name) => {
        said.push(name, socket.unsubscribe(String(channel)), socket.subscriptions);
        socket.send("done");
      });
    },
    open: (socket) => socket.subscribe(["a", "b"]),
  });
  await using heard = await Heard.open(server.url);
  heard.client.send("a");
  assertEquals(await heard.next(), "done");
  assertEquals(said, [true, false, "AbortError", true, ["b"]]);
  await server.publish("begun", "0");
  await server.publish("a", "1");
  await server.publish("b", "2");
  assertEquals(await heard.next(), "2");
});

Deno.test("a socket that ends subscribes to nothing any more", async () => {
  const gone = new Once();
  await using server = channelServer({ close: () => gone.come() });
  const heard = await subscribed(server, "a,b");
  assertEquals([server.subscriberCount("a"), server.subscriberCount("b")], [1, 1]);
  await heard[Symbol.asyncDispose]();
  await gone.value;
  assertEquals([server.subscriberCount("a"), server.subscriberCount("b")], [0, 0]);
});

Deno.test("to subscribe again begins anew, with what is remembered", async () => {
  await using server = testServer({
    open: (socket) => socket.subscribe("a"),
    message: (socket) => socket.subscribe("a", { since: "all" }),
  });
  await server.publish("a", "1");
  await using heard = await Heard.open(server.url);
  heard.client.send("again");
  assertEquals(await heard.next(), "1");
  assertEquals((await server.publish("a", "2")).subscribers, 1);
  assertEquals(await heard.next(), "2");
});

Deno.test("since sends what was missed first, in bodies or in envelopes that say where they stand", async () => {
  await using server = channelServer();
  const { id } = await server.publish("btc", "1");
  const { id: second } = await server.publish("btc", { n: 2 });
  const { id: third } = await server.publish("eth", new Uint8Array([3]));
  await using raw = await subscribed(server, `btc?since=${id}`);
  assertEquals(await raw.take(2), ['{"n":2}', "subscribed"]);
  await using both = await subscribed(server, `btc,eth?envelope&since=${id}`);
  assertEquals((await both.take(4)).map((text) => text), [
    `{"open":"${third}","channels":["btc","eth"],"gap":false}`,
    `{"id":"${second}","ch":"btc","data":{"n":2}}`,
    `{"id":"${third}","ch":"eth","base64":"Aw=="}`,
    "subscribed",
  ]);
  const { id: fourth } = await server.publish("eth", "4");
  assertEquals(await both.next(), `{"id":"${fourth}","ch":"eth","data":"4"}`);
});

Deno.test("what is remembered no longer is told: in the answer to subscribe(), and in envelopes", async () => {
  const began = new Once<unknown>();
  await using server = testServer({
    history: 2,
    upgrade: ({ url }) => ({ data: new URL(url).searchParams }),
    async open(socket) {
      const { data } = socket, envelope = data.has("envelope");
      const begin = await socket.subscribe("a", { since: data.get("since"), envelope });
      if (!envelope) began.come(begin);
    },
  });
  const { id } = await server.publish("a", "1");
  for (const text of ["2", "3", "4"]) await server.publish("a", text);
  await using raw = await Heard.open(`${server.url}?since=${id}`);
  assertEquals(await raw.take(2), ["3", "4"]);
  const last = id.replace(/\d+$/, "4");
  assertEquals(await began.value, { id: last, lost: { a: "expired" } });
  await using told = await Heard.open(`${server.url}?envelope&since=${id}`);
  assertEquals(JSON.parse(String(await told.next())), {
    ...{ open: last, channels: ["a"] },
    ...{ gap: true, lost: { a: "expired" } },
  });
});

Deno.test("subscribe() of a socket throws for a name or a point that there is not", async () => {
  const done = new Once();
  await using server = testServer({
    open(socket) {
      assertThrows(() => socket.subscribe("a b"), TypeError, "a channel name has a character");
      assertThrows(() => socket.subscribe([]), TypeError, "a channel is needed");
      assertThrows(() => socket.subscribe("a", { since: "x" }), TypeError, "since must be an id");
      assertEquals(socket.subscriptions, []);
      done.come();
    },
  });
  await using _ = await Heard.open(server.url);
  await done.value;
});

Deno.test("a burst of more than a queue holds reaches a client that reads, all of it and in order", async () => {
  await using server = channelServer({ maxBuffered: 100_000 });
  await using heard = await subscribed(server, "a");
  const messages = Array.from({ length: 80 }, (_, i) => noise(10_000 + i));
  for (const message of messages) server.publish("a", message);
  for (const message of messages) assertEquals(await heard.next(), message);
  const { subscribers } = await server.publish("a", "and on");
  assertEquals(await heard.next(), "and on");
  assertEquals(subscribers, 1);
});

Deno.test("a socket whose own messages fill its queue gets the channel's behind them", async () => {
  let taken = 0;
  await using server: RunningServer = testServer({
    maxBuffered: 100_000,
    async message(socket) {
      await socket.subscribe("a");
      while (socket.send(noise(10_000)) !== 0) taken++;
      for (const text of ["1", "2"]) server.publish("a", text);
    },
  });
  await using heard = await Heard.open(server.url);
  heard.client.send("go");
  const all = [await heard.next()];
  while (all.length < taken + 2) all.push(await heard.next());
  assertEquals(all.slice(-2), ["1", "2"]);
  assertEquals((await server.publish("a", "3")).subscribers, 1);
  assertEquals(await heard.next(), "3");
});

/** More than a client's and a server's system hold between them, in messages of this many bytes. */
const LONG = 400_000, MANY = 60;

for (const [how, target] of [["gap()", "a"], ["an envelope", "a?envelope"]] as const) {
  Deno.test(`who reads late gets what is remembered, and is told by ${how} what is not`, async () => {
    const told = new Once<unknown>();
    await using server = channelServer({
      ...{ maxBuffered: 100_000, history: 5 },
      gap: (_, gap) => told.come(gap),
    });
    using client = await rawClient(server, target);
    while (!server.subscriberCount("a")) await client.next();
    let id = "";
    for (let i = 0; i < MANY; i++) {
      id = (await server.publish("a", String(i).padEnd(LONG))).id;
      // So that what can be written is.
      await new Promise((resolve) => setImmediate(resolve));
    }
    const numbers: string[] = [], gaps: unknown[] = [];
    while (numbers.at(-1) !== String(MANY - 1)) {
      const text = textOf((await client.next())!.payload);
      if (text.startsWith('{"gap"')) gaps.push(JSON.parse(text));
      const number = /^(?:\{.*"data":")?(\d+) {9}/.exec(text)?.[1];
      if (number !== undefined) numbers.push(number);
    }
    assert(numbers.length < MANY, `${numbers}`);
    // What was remembered came all the same.
    assertEquals(numbers.slice(-5), ["55", "56", "57", "58", "59"]);
    if (target === "a") assertEquals(await told.value, { id, lost: { a: "expired" } });
    else assertEquals(gaps, [{ gap: true, lost: { a: "expired" }, open: id }]);
  });
}

Deno.test("who is told of gaps by nobody is closed with 1012, to begin anew", async () => {
  await using server = channelServer({ maxBuffered: 100_000, history: 5, closeTimeout: 100 });
  using client = await rawClient(server, "a");
  while (!server.subscriberCount("a")) await client.next();
  for (let i = 0; i < MANY; i++) {
    await server.publish("a", noise(LONG));
    await new Promise((resolve) => setImmediate(resolve));
  }
  const frames = await client.rest();
  assertEquals(closeCode(frames.at(-1)), 1012);
  assertEquals(textOf(frames.at(-1)!.payload.subarray(2)), "messages may have been missed");
  assert(frames.length < MANY);
});

Deno.test("a subscriber that reads nothing is ended by writeTimeout, and keeps nobody else waiting", async () => {
  const ended = new Once<number>();
  await using server = channelServer({
    ...{ writeTimeout: 200, closeTimeout: 100, maxBuffered: 100_000 },
    close: (_, code) => ended.come(code),
  });
  using slow = await rawClient(server);
  await using heard = await subscribed(server, "chat");
  const stop = new AbortController();
  const all = (async () => {
    for (let i = 0; !stop.signal.aborted; i++) {
      await server.publish("chat", noise(50_000));
      await heard.next();
    }
  })();
  assertEquals(await ended.value, 1013);
  stop.abort();
  await all;
  slow.raw.close();
});

Deno.test("a program hears messages with their ids, as what they were published as", async () => {
  await using server = testServer({});
  const told: ChannelMessage[] = [], stop = new AbortController();
  const messages = server.subscribe(["a", "b"], { signal: stop.signal });
  const ids = [];
  for (
    const [channel, data] of [
      ["a", "text"],
      ["b", { n: 1 }],
      ["c", "nobody's"],
      ["a", new Uint8Array([1])],
    ] as const
  ) ids.push((await server.publish(channel, data)).id);
  for await (const message of messages) {
    told.push(message);
    if (told.length === 3) stop.abort();
  }
  assertEquals(told, [
    { id: ids[0]!, channel: "a", kind: "text", data: "text" },
    { id: ids[1]!, channel: "b", kind: "json", data: { n: 1 } },
    { id: ids[3]!, channel: "a", kind: "binary", data: new Uint8Array([1]) },
  ]);
  assertEquals(server.subscriberCount("a"), 0);
});

Deno.test("a program that takes its time is caught up, and told what is remembered no longer", async () => {
  const gaps: unknown[] = [];
  await using server = testServer({ history: 10 });
  const messages = server.subscribe("a", { gap: (gap) => gaps.push(gap) });
  assertEquals((await server.publish("a", "first")).subscribers, 1);
  assertEquals((await messages.next()).value.data, "first");
  const body = "x".repeat(100_000);
  for (let i = 0; i < 40; i++) await server.publish("a", body);
  await server.publish("a", "last");
  let taken = 0, lost;
  for await (const message of messages) {
    lost ??= message.lost;
    if (message.data === "last") break;
    taken++;
  }
  assertEquals([lost, gaps.length], ["expired", 1]);
  // What had been taken in, and what is remembered.
  assert(taken >= 19 && taken < 40, String(taken));
});

Deno.test("a loop over messages ends with the server, behind what has come", async () => {
  const server = testServer({});
  const messages = server.subscribe("a");
  await server.publish("a", "1");
  await server.publish("a", "2");
  const ended = server.shutdown();
  const told = [];
  for await (const { data } of messages) told.push(data);
  assertEquals(told, ["1", "2"]);
  await ended;
  await assertRejects(() => server.publish("a", "3"), Error, "the server has ended");
  assertThrows(() => server.subscribe("a"), Error, "the server has ended");
});

Deno.test("what a program's gap throws ends its loop", async () => {
  await using server = testServer({ history: 0 });
  const { id } = await server.publish("a", "1");
  const messages = server.subscribe("a", {
    since: id.replace(/\.\d+$/, ".0"),
    gap: () => {
      throw new Error("oops");
    },
  });
  await assertRejects(() => messages.next(), Error, "oops");
});

Deno.test("a program's own engine is used, and ended with the server", async () => {
  const limits = { history: 10, historyAge: 60_000, historyBytes: 1 << 20 };
  const engine = new MemoryEngine(limits, () => performance.now(), "own");
  const ended = new Once(), { close } = engine;
  engine.close = () => {
    ended.come();
    return close.call(engine);
  };
  const server = testServer({ engine });
  const messages = server.subscribe("a");
  assertEquals((await server.publish("a", "1")).id, "own.1");
  assertEquals((await messages.next()).value.data, "1");
  await server.shutdown();
  await ended.value;
});

Deno.test("a client that leaves before its subscription has begun is nobody's fault", async () => {
  const limits = { history: 10, historyAge: 60_000, historyBytes: 1 << 20 };
  const engine = new MemoryEngine(limits, () => performance.now(), "late");
  const asked = new Once(), left = new Once(), { history } = engine;
  engine.history = async (...what) => {
    asked.come();
    await left.value;
    return await history.apply(engine, what);
  };
  const errors: unknown[] = [];
  await using server = testServer({
    engine,
    open: (socket) => socket.subscribe("a", { since: "all" }),
    close: () => left.come(),
    error: (error) => errors.push(error),
  });
  const heard = await Heard.open(server.url);
  await asked.value;
  await heard[Symbol.asyncDispose]();
  await left.value;
  await server.publish("a", "1");
  assertEquals([server.subscriberCount("a"), errors], [0, []]);
});

Deno.test("a program's own log keeps what an engine made of it remembers", async () => {
  let tell: ((entry: LogEntry) => void) | undefined, seq = 0;
  const engine: OwnLog = {
    now: () => performance.now(),
    follow(listener) {
      tell = (entry) => listener.entry(entry);
      return { epoch: "log", forgotten: { seq: 0, time: 0 }, keys: [], entries: [] };
    },
    append(record) {
      tell!({ ...record, seq: ++seq, time: performance.now() });
      return Promise.resolve(seq);
    },
    drop() {},
    dropKeys() {},
    close: () => Promise.resolve(),
  };
  await using server = testServer({ engine, history: 1 });
  for (const data of [1, 2]) await server.publish("a", data);
  for await (const { id, data } of server.subscribe("a", { since: "all" })) {
    assertEquals([id, data], ["log.2", 2]);
    break;
  }
});

Deno.test("an engine of a file remembers over a restart, and sockets go on where they stood", async () => {
  const file = await Deno.makeTempFile({ suffix: ".db" });
  const engine = `sqlite:${file}`;
  try {
    const first = channelServer({ engine });
    const { id } = await first.publish("a", "1");
    await first.publish("a", "2");
    await first.shutdown();
    await using second = channelServer({ engine });
    await using heard = await subscribed(second, `a?since=${id}`);
    assertEquals(await heard.take(2), ["2", "subscribed"]);
    assertEquals((await second.publish("a", "3")).subscribers, 1);
    assertEquals(await heard.next(), "3");
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("an engine that cannot be opened refuses publishes, says why, and is tried again", async () => {
  const path = await Deno.makeTempFile(), errors: string[] = [];
  await using server = testServer({
    engine: `sqlite:${path}/log.db`,
    error: (error) => errors.push(String(error)),
  });
  await assertRejects(() => server.publish("a", "1"), Error, "log.db");
  const messages = server.subscribe("a");
  await assertRejects(() => messages.next(), Error, "log.db");
  await Deno.remove(path);
  await Deno.mkdir(path);
  assertMatch((await server.publish("a", "1")).id, ID);
  assertEquals(errors, []);
  await server.shutdown();
  await Deno.remove(path, { recursive: true });
});

Deno.test("an engine that refuses gives an EngineError, which says whether it is certain", async () => {
  const limits = { history: 10, historyAge: 60_000, historyBytes: 1 << 20 };
  const engine = new MemoryEngine(limits, () => performance.now(), "own");
  const told = new Once<unknown>();
  await using server = testServer({ engine, error: told.come });
  await server.publish("a", "1");
  engine.reachable("gone");
  const error = await server.publish("a", "2").catch((error) => error);
  assert(error instanceof EngineError);
  assertEquals([error.reason, error.uncertain], ["gone", false]);
  assertEquals(String(await told.value), "Error: publishes are refused: gone");
  engine.reachable(undefined);
  assertEquals((await server.publish("a", "2")).id, "own.2");
});

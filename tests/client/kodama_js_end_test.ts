/**
 * kodama.js at the end of connections: which ends it survives, where it goes on, as whom, and when.
 */
import { assertEquals, assertMatch, assertStrictEquals } from "@std/assert";
import { mintToken } from "../../lib/auth/mint.ts";
import { post } from "../tools/channels.ts";
import { proxy } from "../tools/proxy.ts";
import { testService } from "../tools/service.ts";
import { atOnce, Listener } from "./listener.ts";
import { opening, type Scripted, scriptedServer } from "./scripted.ts";

const secret = "a secret of at least thirty-two bytes";

Deno.test("the id of the first envelope is the cursor once what was missed has arrived", async () => {
  await using server = scriptedServer(
    // Cut off before anything that was missed: back to where it was.
    (it) => (it.say(opening("e.9")), it.close(1001)),
    async (it) => {
      it.say(opening("e.9"));
      it.say({ id: "e.5", ch: "c", data: 5 });
      await it.leave();
      it.close(1001);
    },
    // Nothing was missed.
    async (it) => (it.say(opening("e.12")), await it.leave(), it.close(1001)),
    (it) => it.say(opening("e.12")),
  );
  await using listener = new Listener(server.url, {
    since: "e.3",
    onstate: atOnce,
  });
  await listener.until(() => listener.names.filter((name) => name === "open").length === 4);
  const asked = server.connections.map(({ query }) => query.get("since"));
  assertEquals(asked, ["e.3", "e.3", "e.5", "e.12"]);
  assertEquals(listener.subscription.cursor, "e.12");
});

Deno.test("without since, the id of the first envelope is the cursor at once", async () => {
  await using server = scriptedServer(
    (it) => (it.say(opening("e.9")), it.close(1001)),
    (it) => it.say(opening("e.20")),
  );
  await using listener = new Listener(server.url, { onstate: atOnce });
  assertStrictEquals(listener.subscription.cursor, undefined);
  await listener.until(() => listener.names.filter((name) => name === "open").length === 2);
  assertEquals(server.connections.map(({ query }) => query.get("since")), [null, "e.9"]);
  assertEquals(listener.subscription.cursor, "e.9");
});

Deno.test("a gap in the midst is told, and it goes on from there", async () => {
  await using server = scriptedServer(
    async (it) => {
      it.say(opening("e.9"));
      it.say({ id: "e.10", ch: "c", data: 10 });
      await it.leave();
      it.say({ gap: true, lost: { c: "epoch" }, open: "f.3" });
      it.close(1001);
    },
    (it) => it.say({ id: "f.4", ch: "c", data: 4 }),
  );
  await using listener = new Listener(server.url, { onstate: atOnce });
  await listener.count(2);
  assertEquals([listener.gaps, listener.data], [[{ c: "epoch" }], [10, 4]]);
  assertEquals(server.connections.map(({ query }) => query.get("since")), [null, "f.3"]);
});

Deno.test("all and an age begin again where nothing has arrived, the age as of the call", async () => {
  const cut = (it: Scripted) => (it.say(opening("e.9")), it.close(1001));
  for (
    const [since, asked] of [["all", /^all$/], ["2h", /^72\d{5}ms$/], ["5s", /^5\d{3}ms$/]] as const
  ) {
    await using server = scriptedServer(cut, cut, (it) => it.say(opening("e.9")));
    await using listener = new Listener(server.url, { since, onstate: atOnce });
    assertStrictEquals(listener.subscription.cursor, undefined);
    await listener.until(() => listener.names.filter((name) => name === "open").length === 3);
    for (const { query } of server.connections) assertMatch(query.get("since")!, asked);
  }
});

const ends: [code: number, reason: string, renewable: boolean, comesBack: boolean][] = [
  [1000, "", false, true],
  [1001, "shutting down", false, true],
  [1011, "internal error", false, true],
  [1013, "reading too slowly", false, true],
  [1003, "JSON is spoken here", false, false],
  [1007, "", false, false],
  [1008, "too many messages", true, false],
  [1008, "token expired", false, false],
  [1008, "token expired", true, true],
  [4000, "go away", true, false],
];
for (const [code, reason, renewable, comesBack] of ends) {
  const token = renewable ? " with a token that can be renewed" : "";
  Deno.test(`it ${comesBack ? "comes back" : "ends"} after ${code} ${reason}${token}`, async () => {
    await using server = scriptedServer((it) => (it.say(opening("e.9")), it.close(code, reason)));
    await using listener = new Listener(server.url, {
      token: renewable ? () => "a.b.c" : "a.b.c",
    });
    const state = await listener.state(comesBack ? "waiting" : "closed");
    assertEquals([state.code, state.reason], [code, reason]);
    assertEquals(server.connections[0]!.offered, ["kodama.v1", "kodama.token.a.b.c"]);
  });
}

Deno.test("a function is asked for a token at each connection, and what it throws is told", async () => {
  await using server = scriptedServer((it) => (it.say(opening("e.9")), it.close(1001)));
  const tokens = [
    () => "first",
    () => Promise.resolve("second"),
    () => Promise.reject(new Error("signed out")),
    () => undefined,
    () => new Promise<string>(() => {}),
  ];
  await using listener = new Listener(server.url, {
    token: () => tokens.shift()!(),
    onstate: atOnce,
  });
  await listener.until(() => listener.names.filter((name) => name === "connecting").length === 5);
  assertEquals(server.connections.map(({ offered }) => offered[1]), [
    "kodama.token.first",
    "kodama.token.second",
    undefined,
  ]);
  const [error] = listener.states.flatMap(({ error }) => error instanceof Error ? [error] : []);
  assertEquals(error?.message, "signed out");
});

Deno.test("a token that expires is followed by a new one, without loss", async () => {
  await using service = await testService("--secret", secret);
  const claims = { read: ["c"], write: ["c"], subject: "" };
  const ttls = [2000, 60_000];
  let asked = 0;
  await using listener = new Listener(`${service.url}c`, {
    token: () => mintToken(secret, { ...claims, ttl: ttls[asked++]! }, Date.now()),
  });
  await listener.state("open");
  const { code, reason } = await listener.state("waiting");
  assertEquals([code, reason], [1008, "token expired"]);
  const writer = await mintToken(secret, { ...claims, ttl: 60_000 }, Date.now());
  const published = await fetch(`${service.url}c`, {
    method: "POST",
    body: "meanwhile",
    headers: { Authorization: `Bearer ${writer}` },
  });
  await published.body!.cancel();
  await listener.count(1);
  assertEquals([listener.data, listener.gaps, asked], [["meanwhile"], [], 2]);
  assertEquals(JSON.stringify(service.log.lines).includes(writer.split(".")[2]!), false);
});

Deno.test("the wait is random, below a ceiling that doubles from half a second to 30 s", async () => {
  // Nobody listens there any more.
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr as Deno.NetAddr;
  taken.close();
  const random = Math.random;
  Math.random = () => 0.75;
  try {
    await using listener = new Listener(`ws://127.0.0.1:${port}/c`, { onstate: atOnce });
    await listener.until(() => listener.names.filter((name) => name === "waiting").length >= 9);
    const delays = listener.states.flatMap(({ delay }) => delay ?? []).slice(0, 9);
    const ceilings = [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000];
    assertEquals(delays, ceilings.map((ceiling) => ceiling * 0.75));
  } finally {
    Math.random = random;
  }
});

Deno.test("the ceiling is low again after a connection that was open for a while", async () => {
  await using server = scriptedServer(
    (it) => it.close(1001),
    (it) => it.close(1001),
    (it) => it.say(opening("e.9")),
  );
  const { now } = Date;
  const random = Math.random;
  Math.random = () => 1;
  try {
    await using listener = new Listener(server.url, { onstate: atOnce });
    await listener.state("open");
    const began = now();
    Date.now = () => began + 6000;
    // Ends the connection.
    server.connections[2]!.close(1001);
    await listener.until(() => listener.names.filter((name) => name === "waiting").length === 3);
    assertEquals(listener.states.flatMap(({ delay }) => delay ?? []), [500, 1000, 500]);
  } finally {
    Math.random = random;
    Date.now = now;
  }
});

Deno.test("a connection that has died without a word is given up, and nothing is lost", async () => {
  await using service = await testService();
  await using between = proxy(service.port);
  const real = globalThis.setInterval;
  const ticks: (() => void)[] = [];
  globalThis.setInterval = ((tick: () => void, ms: number) => {
    if (ms === 30_000) ticks.push(tick);
    return real(tick, ms);
  }) as typeof setInterval;
  try {
    const options = { onstate: atOnce };
    await using listener = new Listener(`http://127.0.0.1:${between.port}/c`, options);
    await listener.state("open");
    await post(service, "c", "1");
    await listener.count(1);
    // Alive: each question is answered before the next.
    ticks[0]!();
    await post(service, "c", "2");
    await listener.count(2);
    between.hold();
    ticks[0]!();
    await post(service, "c", "3");
    ticks[0]!();
    await listener.count(3);
    assertEquals(listener.data, ["1", "2", "3"]);
    const waits = listener.states.filter(({ name }) => name === "waiting");
    assertEquals(waits.map(({ reason }) => reason), ["no answer"]);
    between.cut();
  } finally {
    globalThis.setInterval = real;
  }
});

Deno.test("after close() nothing is told but the state, whatever it was doing", async () => {
  await using service = await testService();
  for (const n of ["1", "2", "3"]) await post(service, "c", n);
  const url = `${service.url}c`;
  {
    await using listener = new Listener(url, {
      since: "all",
      onmessage: () => listener.subscription.close(),
    });
    await listener.state("closed");
    assertEquals(listener.data, ["1"]);
    assertEquals(listener.states.at(-1)!.code, 1000);
    listener.subscription.close();
    assertEquals(listener.names, ["connecting", "open", "closed"]);
  }
  {
    await using listener = new Listener(url, {
      since: "old.1",
      onstate: ({ name }) => name === "open" && listener.subscription.close(),
    });
    await listener.state("closed");
    assertEquals([listener.data, listener.gaps], [[], []]);
  }
  {
    await using listener = new Listener(service.url, {
      onstate: ({ name }) => name === "waiting" && listener.subscription.close(),
    });
    await listener.state("closed");
    assertEquals(listener.names, ["connecting", "waiting", "closed"]);
  }
  {
    const listener = new Listener(url);
    listener.subscription.close();
    assertEquals(listener.names, ["closed"]);
  }
  {
    const asked = Promise.withResolvers<void>(), token = Promise.withResolvers<string>();
    const listener = new Listener(url, { token: () => (asked.resolve(), token.promise) });
    await asked.promise;
    listener.subscription.close();
    token.resolve("late");
    await token.promise;
    assertEquals(listener.names, ["connecting", "closed"]);
  }
});

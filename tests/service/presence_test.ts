/**
 * Who is there, as those who watch are told, whichever thread they are connected to.
 */
import { assert, assertEquals } from "@std/assert";
import { ask, EventStream, post, type RequestFields, Subscriber } from "../tools/channels.ts";
import { soon } from "../tools/nats.ts";
import { scrape } from "../tools/scrape.ts";
import { type TestService, testService } from "../tools/service.ts";
import { threadTest } from "../tools/threads.ts";
import { SECRET, sign } from "../tools/tokens.ts";

const flags = ["--secret", SECRET];

/** The token of somebody, as a field. */
async function as(sub: string | undefined, info?: unknown): Promise<RequestFields> {
  const token = await sign({
    r: ["**"],
    w: ["**"],
    ...sub && { sub },
    ...info !== undefined && { info },
  });
  return { Authorization: `Bearer ${token}` };
}

/** Who is there, as it is answered. */
// deno-lint-ignore no-explicit-any
async function who(service: TestService, channel: string): Promise<any> {
  const answer = await ask(service, `GET /${channel}?presence`, await as(undefined));
  assertEquals(answer.status, 200, answer.body);
  return JSON.parse(answer.body);
}

function bySub(a: { sub: string }, b: { sub: string }): number {
  return a.sub < b.sub ? -1 : 1;
}

threadTest(
  "who is there is told by connections of each sub, with its info, and of all",
  flags,
  async (start) => {
    await using service = await start();
    assertEquals(await who(service, "room"), { channel: "room", connections: 0, members: [] });
    const ann = { name: "Ann", "木": [1, null] };
    const open: Disposable[] = [];
    for (let i = 0; i < 3; i++) {
      open.push(await Subscriber.open(service, "/room", await as("ann", ann)));
      open.push(await Subscriber.open(service, "/room?since=all", await as("bob")));
      open.push(await EventStream.open(service, "/room", await as("bob")));
      open.push(await Subscriber.open(service, "/room", await as(undefined)));
    }
    open.push(await Subscriber.open(service, "/else", await as("cy")));
    await soon("all of them", async () => (await who(service, "room")).connections === 12);
    const { channel, members } = await who(service, "room");
    assertEquals(channel, "room");
    assertEquals(members.sort(bySub), [
      { sub: "ann", connections: 3, info: ann },
      { sub: "bob", connections: 6 },
    ]);
    for (const each of open) each[Symbol.dispose]();
    await soon("nobody", async () => (await who(service, "room")).connections === 0);
  },
);

threadTest(
  "a subscription with ?presence is told who is there after its opening, then who joins and leaves",
  flags,
  async (start) => {
    await using service = await start();
    using before = await Subscriber.open(service, "/room", await as("ann", 1));
    await post1(service, "room", "missed");
    using watcher = await Subscriber.open(service, "/room?since=all&presence", await as("bob"));
    assertEquals((await watcher.json()).channels, ["room"]);
    const { presence, members } = await watcher.json();
    assertEquals([presence, members.sort(bySub)], ["room", [{ sub: "ann", info: 1 }, {
      sub: "bob",
    }]]);
    assertEquals((await watcher.json()).data, "missed");
    const cy = await Subscriber.open(service, "/room", await as("cy", "c"));
    assertEquals(await watcher.json(), { join: { sub: "cy", info: "c" }, ch: "room" });
    // Others of the same sub say nothing, nor does one of them that leaves.
    const second = await Subscriber.open(service, "/room", await as("cy", "c"));
    using nobody = await Subscriber.open(service, "/room", await as(undefined));
    await nobody.say("between");
    assertEquals((await watcher.json()).data, "between");
    cy[Symbol.dispose]();
    await post1(service, "room", "still there");
    assertEquals((await watcher.json()).data, "still there");
    second[Symbol.dispose]();
    const left = performance.now();
    assertEquals(await watcher.json(), { leave: { sub: "cy" }, ch: "room" });
    assert(performance.now() - left > 1500, "it left at once");
    void before;
  },
);

/** Publishes with a token. */
async function post1(service: TestService, channel: string, text: string): Promise<void> {
  const { status } = await ask(service, `POST /${channel}`, await as(undefined), text);
  assertEquals(status, 200);
}

threadTest(
  "a stream of events is told who is there, too, and its cursor stays as it is",
  flags,
  async (start) => {
    await using service = await start();
    using stream = await EventStream.open(service, "/a,b?presence", await as("ann"));
    assertEquals((await stream.next()).data.channels, ["a", "b"]);
    for (const channel of ["a", "b"]) {
      const list = { presence: channel, members: [{ sub: "ann" }] };
      assertEquals(await stream.block(), `data: ${JSON.stringify(list)}`);
    }
    using bob = await Subscriber.open(service, "/b", await as("bob"));
    assertEquals(await stream.block(), 'data: {"join":{"sub":"bob"},"ch":"b"}');
    void bob;
  },
);

threadTest(
  "a channel that is added is watched where that is asked for, and no more once it is left",
  flags,
  async (start) => {
    await using service = await start();
    using socket = await Subscriber.open(service, "/a?since=all", await as("ann"));
    await socket.json();
    await socket.say({ sub: "b", presence: true, ref: 1 });
    assertEquals((await socket.json()).sub, "b");
    assertEquals(await socket.json(), { presence: "b", members: [{ sub: "ann" }] });
    await socket.say({ sub: "c", presence: 1, ref: 2 });
    assertEquals(await socket.json(), { error: "presence is neither true nor false", ref: 2 });
    using bob = await Subscriber.open(service, "/a,b", await as("bob"));
    assertEquals(await socket.json(), { join: { sub: "bob" }, ch: "b" });
    await socket.say({ unsub: "b" });
    assertEquals(await socket.json(), { unsub: "b" });
    using cy = await Subscriber.open(service, "/b", await as("cy"));
    await soon("cy", async () => (await who(service, "b")).connections === 2);
    await post1(service, "a", "next");
    assertEquals((await socket.json()).data, "next");
    void [bob, cy];
  },
);

threadTest("those who come at once are told in few messages, each once", flags, async (start) => {
  await using service = await start();
  using watcher = await Subscriber.open(service, "/room?presence", await as("ann"));
  await watcher.json();
  await watcher.json();
  const count = 50,
    fields = await Promise.all(Array.from({ length: count }, (_, i) => as(`m${i}`)));
  const open = await Promise.all(fields.map((f) => Subscriber.open(service, "/room", f)));
  const subs: string[] = [];
  while (subs.length < count) {
    const { join, ch } = await watcher.json();
    assertEquals(ch, "room");
    // One as it is, several as a list.
    assert(!Array.isArray(join) || join.length > 1);
    subs.push(...[join].flat().map(({ sub }: { sub: string }) => sub));
  }
  assertEquals(subs.sort(), Array.from({ length: count }, (_, i) => `m${i}`).sort());
  for (const each of open) each[Symbol.dispose]();
  const left: string[] = [];
  while (left.length < count) {
    const { leave } = await watcher.json();
    left.push(...[leave].flat().map(({ sub }: { sub: string }) => sub));
  }
  assertEquals(left.sort(), subs);
  const found = await scrape(service);
  assertEquals(found.value("kodama_bus_missed_total"), 0);
});

Deno.test("who is there is for whoever may read the channel, one at a time", async () => {
  await using service = await testService("--secret", SECRET, "--drain", "50ms");
  const rows: [line: string, claims: Record<string, unknown> | undefined, status: number][] = [
    ["GET /room?presence", undefined, 401],
    ["GET /room?presence", { w: ["**"] }, 403],
    ["GET /room?presence", { r: ["room"] }, 200],
    ["HEAD /room?presence", { r: ["room"] }, 200],
    ["GET /public/room?presence=1", undefined, 200],
    ["GET /a,b?presence", { r: ["**"] }, 400],
  ];
  for (const [line, claims, status] of rows) {
    const fields = claims && { Authorization: `Bearer ${await sign(claims)}` };
    assertEquals((await ask(service, line, fields)).status, status, line);
  }
});

Deno.test("without tokens connections count, and nobody is a member", async () => {
  await using service = await testService("--drain", "50ms");
  using watcher = await Subscriber.open(service, "/room?presence");
  assertEquals((await watcher.json()).channels, ["room"]);
  assertEquals(await watcher.json(), { presence: "room", members: [] });
  const { body } = await ask(service, "GET /room?presence");
  assertEquals(body, '{"channel":"room","connections":1,"members":[]}\n');
  await post(service, "room", "x");
  assertEquals((await watcher.json()).data, "x");
});

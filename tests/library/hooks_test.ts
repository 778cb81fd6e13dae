/** What a program says where the service is part of it: rights, publishes, and requests before and after. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { Hono } from "hono";
import type { KodamaOptions, Publisher } from "../../lib/kodama.ts";
import { answers, hasAnswers } from "../tools/answers.ts";
import {
  addressOf,
  ask,
  askLines,
  post,
  postLines,
  remembered,
  requestBytes,
  Subscriber,
  UPGRADE,
} from "../tools/channels.ts";
import { program } from "../tools/program.ts";
import { APP, askApi, RawPusher } from "../tools/pusher.ts";
import { join, RawClient } from "../tools/raw.ts";
import { SECRET, sign } from "../tools/tokens.ts";

/** Who asks, by a field of the request. */
const by: NonNullable<KodamaOptions["authorize"]> = (request) => {
  switch (request.headers.get("x-user")) {
    case "ann":
      return { sub: "ann", info: { name: "Ann" }, r: ["**"], w: ["news/*"] };
    case "bob":
      return { sub: "bob", r: ["news/*"] };
    case "eve":
      return new Response("not you, eve", { status: 403, headers: { "X-Why": "eve" } });
    case "old":
      return { r: ["**"], exp: 1 };
    default:
      return undefined;
  }
};

Deno.test("authorize is told what is about to be done, and where", async () => {
  const asked: unknown[] = [];
  await using service = await program({
    authorize: async (request, action, channels, { peer }) => {
      await Promise.resolve();
      const { pathname } = new URL(request.url);
      asked.push([request.method, pathname, action, channels, peer.hostname, request.body]);
      return { r: ["**"], w: ["**"] };
    },
  });
  const own = ["127.0.0.1", null];
  await post(service, "a/b", "x");
  await postLines(service, ['{"ch":"a","data":1}']);
  await ask(service, "GET /a,b?since=all");
  using _ = await Subscriber.open(service, "/c?since=all");
  assertEquals(asked, [
    ["POST", "/a/b", "write", ["a/b"], ...own],
    ["POST", "/-/publish", "write", [], ...own],
    ["GET", "/a,b", "read", ["a", "b"], ...own],
    ["GET", "/c", "read", ["c"], ...own],
  ]);
  assertEquals(await remembered(service, "a/b"), [{ ch: "a/b", data: "x" }]);
});

Deno.test("authorize is told who is behind a proxy that is believed", async () => {
  const asked: string[] = [];
  await using service = await program({
    trustProxy: ["127.0.0.1"],
    authorize: (_request, _action, _channels, { peer }) => {
      asked.push(peer.hostname);
      return { r: ["**"] };
    },
    before: (_request, { remoteAddr }) => void asked.push(remoteAddr.hostname),
  });
  await ask(service, "GET /a?since=all", { "X-Forwarded-For": "192.0.2.1" });
  using _ = await Subscriber.open(service, "/a?since=all", { "X-Forwarded-For": "192.0.2.2" });
  assertEquals(asked, ["192.0.2.1", "192.0.2.1", "192.0.2.2"]);
});

Deno.test("what authorize grants holds for HTTP, a batch, and what a WebSocket asks for later", async () => {
  await using service = await program({ authorize: by });
  const as = (user: string) => ({ "X-User": user });
  const rows: [line: string, user: string, status: number, body: RegExp][] = [
    ["POST /news/1", "ann", 200, /"id"/],
    ["POST /other", "ann", 403, /^not allowed to write other\n$/],
    ["GET /other", "ann", 200, /"messages"/],
    ["POST /news/1", "bob", 403, /^not allowed to write news\/1\n$/],
    ["GET /news/1", "bob", 200, /"messages"/],
    ["GET /other", "bob", 403, /^not allowed to read other\n$/],
    ["POST /news/1", "eve", 403, /^not you, eve$/],
    ["GET /news/1", "eve", 403, /^not you, eve$/],
    // Nobody in particular: as the settings say, which is protected mode, and this machine may.
    ["POST /other", "nobody", 200, /"id"/],
  ];
  for (const [line, user, status, body] of rows) {
    const answer = await ask(service, line, as(user), line.startsWith("POST") ? "x" : undefined);
    assertEquals(answer.status, status, `${line} ${user}`);
    assertMatch(answer.body, body);
  }
  const refused = await ask(service, "GET /news/1", { ...UPGRADE, ...as("eve") });
  assertEquals([refused.status, refused.headers.get("x-why"), refused.body], [
    403,
    "eve",
    "not you, eve",
  ]);
  const lines = ['{"ch":"news/1","data":1}', '{"ch":"other","data":1}'];
  const [good, bad] = await postLines(service, lines, as("ann"));
  assertEquals([typeof good.id, bad], ["string", { error: "forbidden", status: 403 }]);
  assertEquals((await askLines(service, lines, as("bob"))).status, 403);
  using socket = await Subscriber.open(service, "/news/1?since=all", as("bob"));
  await socket.json();
  while ((await socket.json()).data !== 1);
  await socket.say({ sub: "other" });
  assertEquals(await socket.json(), { error: "forbidden" });
  await socket.say({ pub: "news/1", data: 1 });
  assertEquals(await socket.json(), { error: "forbidden" });
  using old = await Subscriber.open(service, "/a", as("old"));
  assertEquals(await old.closed(), "1008 token expired");
});

Deno.test("where authorize says nothing, tokens are verified as always", async () => {
  await using service = await program({ authorize: by, secret: SECRET });
  const token = await sign({ w: ["a"] });
  const status = async (fields: Record<string, string>) =>
    (await ask(service, "POST /a", fields, "x")).status;
  assertEquals(await status({}), 401);
  assertEquals(await status({ Authorization: `Bearer ${token}` }), 200);
  assertEquals(await status({ Authorization: `Bearer ${token}`, "X-User": "bob" }), 403);
});

Deno.test("claims that are none, and an authorize that throws, are 500 and a line, and let nobody in", async () => {
  // deno-lint-ignore no-explicit-any
  const wrong: any[] = [1, null, { r: "a" }, { w: [1] }, { exp: "soon" }, { sub: "" }];
  for (const claims of wrong) {
    await using service = await program({ authorize: () => claims });
    const { status, body } = await ask(service, "POST /a", {}, "x");
    assertEquals([status, body], [500, "internal error\n"], JSON.stringify(claims));
    assertMatch(String(service.lines.at(-1)?.fields.error), /^TypeError: authorize must return/);
    assertEquals((await ask(service, "GET /a", UPGRADE)).status, 500);
  }
  await using service = await program({
    authorize: () => Promise.reject(new Error("no database")),
  });
  assertEquals((await ask(service, "GET /a")).status, 500);
  assertMatch(String(service.lines.at(-1)?.fields.error), /^Error: no database/);
});

/** Says no to `no`, makes capitals of `up`, and lets the rest be. */
const onpublish: NonNullable<KodamaOptions["onpublish"]> = ({ data }) => {
  if (data === "no") return new Response("we do not say no\nhere", { status: 422 });
  if (data === "up") return { data: { up: "UP" } };
  return data === "long" ? Promise.resolve({ data: "x".repeat(65) }) : undefined;
};

Deno.test("onpublish lets a message be, changes it or refuses it, whichever way it comes", async () => {
  await using service = await program({ onpublish, maxMessage: 64 });
  const text = { "Content-Type": "text/plain" };
  const http = async (body: string) => {
    const { status, body: answer } = await ask(service, "POST /a", text, body);
    return [status, status === 200 ? "" : answer];
  };
  assertEquals(await http("as it is"), [200, ""]);
  assertEquals(await http("up"), [200, ""]);
  assertEquals(await http("no"), [422, "we do not say no\nhere"]);
  assertEquals(await http("long"), [413, "the message is over 64 bytes\n"]);
  const line = (data: string) => JSON.stringify({ ch: "b", data });
  const answers = await postLines(service, [line("1"), line("no"), line("up"), line("2")]);
  assertEquals(answers.map((answer) => answer.error), [
    undefined,
    "we do not say no",
    undefined,
    undefined,
  ]);
  assertEquals(answers[1].status, 422);
  using socket = await Subscriber.open(service, "/c?since=all");
  await socket.json();
  await socket.say({ pub: "d", data: "no", ref: 1 });
  await socket.say({ pub: "d", data: "up", ref: 2 });
  assertEquals(await socket.json(), { error: "we do not say no", ref: 1 });
  assertEquals((await socket.json()).ref, 2);
  using raw = await Subscriber.open(service, "/e");
  await raw.say("up");
  assertEquals(await raw.text(), '{"up":"UP"}');
  await raw.say("no");
  assertEquals(await raw.closed(), "1008 we do not say no");
  const all = await Promise.all(["a", "b", "d", "e"].map((name) => remembered(service, name)));
  assertEquals(all.map((messages) => messages.map(({ data }) => data)), [
    ["as it is", { up: "UP" }],
    ["1", { up: "UP" }, "2"],
    [{ up: "UP" }],
    [{ up: "UP" }],
  ]);
});

Deno.test("onpublish is told how it came, from whom, with its key; and not asked about the program's own", async () => {
  const told: unknown[] = [];
  await using service = await program({
    authorize: by,
    onpublish({ channel, kind, body, key }, { way, request, sub, info }: Publisher) {
      const { pathname } = new URL(request.url);
      told.push([channel, kind, body.length, key, way, pathname, sub, info]);
    },
  });
  const ann = { "X-User": "ann" }, who = ["ann", { name: "Ann" }];
  await ask(service, "POST /news/1", { ...ann, "Idempotency-Key": "k" }, "four");
  await postLines(service, ['{"ch":"news/2","base64":"AAA=","key":"l"}'], ann);
  using socket = await Subscriber.open(service, "/news/3?since=all", ann);
  await socket.json();
  await socket.say({ pub: "news/4", data: {} });
  await socket.json();
  using raw = await Subscriber.open(service, "/news/5", ann);
  await raw.say("x");
  await raw.text();
  await post(service, "other", "x");
  await service.publish("news/6", "x");
  assertEquals(told, [
    ["news/1", "text", 4, "k", "http", "/news/1", ...who],
    ["news/2", "binary", 2, "l", "batch", "/-/publish", ...who],
    ["news/4", "json", 2, undefined, "envelope", "/news/3", ...who],
    ["news/5", "text", 1, undefined, "raw", "/news/5", ...who],
    ["other", "text", 1, undefined, "http", "/other", undefined, undefined],
  ]);
});

Deno.test("an onpublish that takes its time keeps the order of a batch and of a connection", async () => {
  const release: (() => void)[] = [];
  await using service = await program({
    // The first waits until the second has come, or would have.
    async onpublish({ data }) {
      if (data !== "1") return release.forEach((go) => go());
      await Promise.race([
        new Promise<void>((go) => release.push(go)),
        new Promise((go) => setTimeout(go, 20)),
      ]);
    },
  });
  await postLines(service, ["1", "2", "3"].map((data) => JSON.stringify({ ch: "a", data })));
  using socket = await Subscriber.open(service, "/b");
  for (const text of ["1", "2", "3"]) await socket.say(text);
  assertEquals([await socket.text(), await socket.text(), await socket.text()], ["1", "2", "3"]);
  assertEquals((await remembered(service, "a")).map(({ data }) => data), ["1", "2", "3"]);
});

Deno.test("an onpublish that throws, or returns what is nothing, is a fault, and nothing is published", async () => {
  const faults: NonNullable<KodamaOptions["onpublish"]>[] = [
    () => {
      throw new Error("no");
    },
    // deno-lint-ignore no-explicit-any
    () => "changed" as any,
    () => ({ data: undefined }),
  ];
  for (const onpublish of faults) {
    await using service = await program({ onpublish });
    assertEquals((await ask(service, "POST /a", {}, "x")).status, 500);
    const [line] = await postLines(service, ['{"ch":"a","data":1}']);
    assertEquals(line, { error: "internal error", status: 500 });
    using socket = await Subscriber.open(service, "/a");
    await socket.say("x");
    assertEquals(await socket.closed(), "1011 internal error");
    assertEquals(service.lines.filter(({ message }) => message === "fault").length, 3);
    assertEquals(await remembered(service, "a"), []);
  }
});

Deno.test("before is asked first about what is no WebSocket, and after about what would be 404", async () => {
  const asked: string[] = [];
  await using service = await program({
    before(request, { remoteAddr }) {
      const { pathname } = new URL(request.url);
      asked.push(pathname);
      if (pathname === "/hello") return new Response(`hello ${remoteAddr.hostname}`);
      if (pathname !== "/-/health") return undefined;
      return Response.json({ own: true }, { status: 418 });
    },
    after(request) {
      const { pathname } = new URL(request.url);
      return pathname.startsWith("/apps") ? new Response("an app", { status: 200 }) : undefined;
    },
  });
  const answer = async (line: string, body?: string) => {
    const { status, body: text } = await ask(service, line, {}, body);
    return [status, text];
  };
  assertEquals(await answer("GET /hello"), [200, "hello 127.0.0.1"]);
  assertEquals(await answer("GET /-/health"), [418, '{"own":true}']);
  assertEquals(await answer("GET /apps/1"), [200, "an app"]);
  assertEquals(await answer("GET /-/nothing"), [404, "nothing is here\n"]);
  // What it has not looked at is there as always.
  assertEquals((await answer("POST /hello2", "a body"))[0], 200);
  assertEquals(await remembered(service, "hello2"), [{ ch: "hello2", data: "a body" }]);
  asked.length = 0;
  using socket = await Subscriber.open(service, "/hello");
  await service.publish("hello", "by WebSocket");
  assertEquals([await socket.text(), asked], ["by WebSocket", []]);
  // Another Host than this server's is none of the program's either.
  assertEquals((await ask(service, "GET /hello", { Host: "evil.example" })).status, 421);
  assertEquals(asked, []);
});

Deno.test("what before has looked at of a body is published as it came, and nothing of the next request", async () => {
  const looks: [name: string, look: (request: Request) => unknown][] = [
    ["not at all", () => {}],
    ["at whether there is one", (request) => request.body !== null],
    ["at a clone", (request) => request.clone().text()],
    ["at another request made of it", (request) => new Request(request.clone()).bytes()],
  ];
  for (const [name, look] of looks) {
    await using service = await program({ maxMessage: 5, before: async (r) => void await look(r) });
    const post = (body: string) => requestBytes(service.port, "POST /a", {}, body);
    using raw = await RawClient.connect(addressOf(service.port));
    await raw.send(join(post("12345"), post("1"), post("123456")));
    const got = answers(await raw.until(hasAnswers(3))).map(({ status }) => status);
    assertEquals(got, [200, 200, 413], name);
    assertEquals((await remembered(service, "a")).map(({ data }) => data), ["12345", "1"], name);
  }
});

Deno.test("a before that has read the body and says nothing is a fault, and nothing behind it is taken for the body", async () => {
  await using service = await program({ before: async (request) => void await request.text() });
  const post = (body: string) => requestBytes(service.port, "POST /a", {}, body);
  for (const body of ["12345", "x".repeat(100_000)]) {
    using raw = await RawClient.connect(addressOf(service.port));
    await raw.send(join(post(body), requestBytes(service.port, "GET /-/health")));
    const got = answers(await raw.until(hasAnswers(2))).map(({ status }) => status);
    assertEquals(got, [500]);
    const { error } = service.lines.at(-1)!.fields;
    assertMatch(String(error), /^TypeError: before has read the body and returned nothing/);
  }
  assertEquals(await remembered(service, "a"), []);
});

Deno.test("a before or after that throws is 500 and a line, and the next request is served", async () => {
  const fail = () => {
    throw new Error("no");
  };
  for (const options of [{ before: fail }, { after: fail }]) {
    await using service = await program(options);
    assertEquals((await ask(service, "GET /-/nothing")).status, 500);
    assertMatch(String(service.lines.at(-1)?.fields.error), /^Error: no/);
    assertEquals((await service.publish("a", "x")).subscribers, 0);
  }
});

Deno.test("a Hono application is beside it on one port, and publishes", async () => {
  const app = new Hono();
  await using service = await program({
    before: (request) =>
      new URL(request.url).pathname.startsWith("/api/") ? app.fetch(request) : undefined,
  });
  app.post("/api/orders", async (c) => {
    const { id } = await service.publish("orders", await c.req.json());
    return c.json({ id }, 201);
  });
  app.get("/api/big", (c) =>
    c.body(
      new ReadableStream({
        start(controller) {
          for (let i = 0; i < 16; i++) controller.enqueue(new Uint8Array(64 * 1024).fill(i));
          controller.close();
        },
      }),
    ));
  using socket = await Subscriber.open(service, "/orders");
  const order = await fetch(`${service.url}api/orders`, { method: "POST", body: '{"n":1}' });
  assertEquals([order.status, await socket.text()], [201, '{"n":1}']);
  assert((await order.json()).id);
  const big = await fetch(`${service.url}api/big`).then((response) => response.bytes());
  assertEquals([big.length, big.at(-1)], [1 << 20, 15]);
  const missing = await fetch(`${service.url}api/nothing`);
  assertEquals([missing.status, await missing.text()], [404, "404 Not Found"]);
  const page = await fetch(service.url, { headers: { Accept: "text/html" } });
  assertMatch(await page.text(), /Kodama/);
});

Deno.test("onpublish is asked about events of the Pusher protocol, and what it refuses is refused there", async () => {
  const ways: string[] = [];
  await using service = await program({
    pusher: [APP],
    onpublish({ data }, { way }) {
      ways.push(way);
      if (JSON.stringify(data).includes("no")) return new Response("not this", { status: 403 });
      return undefined;
    },
  });
  using ann = await RawPusher.open(service);
  using bob = await RawPusher.open(service);
  for (const client of [ann, bob]) await client.subscribe("private-x");
  const event = (data: string) => ({ name: "e", channel: "private-x", data });
  const batch = { batch: ["1", "2", "3"].map(event) };
  assertEquals((await askApi(service, "POST /batch_events", batch)).status, 200);
  assertEquals((await askApi(service, "POST /events", event("no"))).status, 403);
  await ann.say("client-e", "no", "private-x");
  await ann.say("client-e", "4", "private-x");
  const came = [];
  for (let i = 0; i < 4; i++) came.push((await bob.next()).data);
  assertEquals(came, [1, 2, 3, 4]);
  for (let i = 0; i < 3; i++) await ann.next();
  const { event: name, data } = await ann.next();
  assertEquals([name, data.code], ["pusher:error", 4301]);
  assertEquals(ways, Array(6).fill("pusher"));
});

/**
 * Tokens on open connections: one that follows another, and all of somebody's that are closed.
 */
import { assertEquals, assertMatch } from "@std/assert";
import { ask, EventStream, type RequestFields, Subscriber } from "../tools/channels.ts";
import { soon } from "../tools/nats.ts";
import { type TestService, testService } from "../tools/service.ts";
import { threadTest } from "../tools/threads.ts";
import { inSeconds, SECRET, sign } from "../tools/tokens.ts";

const flags = ["--secret", SECRET];

async function bearer(claims: Record<string, unknown>): Promise<RequestFields> {
  return { Authorization: `Bearer ${await sign(claims)}` };
}

Deno.test("another token of the same sub renews what may be done, and for how long", async () => {
  await using service = await testService(...flags, "--drain", "50ms");
  const first = await bearer({ sub: "ann", r: ["a", "b"] });
  using socket = await Subscriber.open(service, "/a,b?since=all", first);
  assertEquals((await socket.json()).channels, ["a", "b"]);
  await socket.say({ pub: "a", data: 1, ref: 1 });
  assertEquals(await socket.json(), { error: "forbidden", ref: 1 });
  const exp = Math.floor(inSeconds(100));
  const token = await sign({ sub: "ann", r: ["a", "c"], w: ["a"], exp });
  await socket.say({ token, ref: 2 });
  // Asked right behind it: done after it.
  await socket.say({ sub: "b", ref: 3 });
  await socket.say({ sub: "c", ref: 4 });
  await socket.say({ pub: "a", data: 1, ref: 5 });
  assertEquals(await socket.json(), { unsub: "b", error: "forbidden" });
  assertEquals(await socket.json(), { token: "ok", expires: exp, ref: 2 });
  assertEquals(await socket.json(), { error: "forbidden", ref: 3 });
  assertEquals((await socket.json()).sub, "c");
  assertEquals((await socket.json()).data, 1);
  assertEquals((await socket.json()).ref, 5);
  await socket.say({ token: await sign({ sub: "ann", r: ["a"] }) });
  assertEquals(await socket.json(), { unsub: "c", error: "forbidden" });
  assertEquals(await socket.json(), { token: "ok" });
  // It is the last one that ends.
  await socket.say({ token: await sign({ sub: "ann", r: ["a"], exp: inSeconds(4) }) });
  assertEquals((await socket.json()).token, "ok");
  assertEquals(await socket.closed(), "1008 token expired");
});

Deno.test("a token that is no good changes nothing, and one of somebody else ends the connection", async () => {
  await using service = await testService(...flags, "--drain", "50ms");
  const rows: [token: unknown, answer: string][] = [
    ["x", "the token is not valid"],
    [1, "the token is not a text"],
    [await sign({ sub: "ann", r: ["a"], exp: inSeconds(-5) }), "the token has expired"],
    [await sign({ sub: "ann", r: "a" }), "the token's claim r is not a list of channel globs"],
  ];
  using socket = await Subscriber.open(
    service,
    "/a?since=all",
    await bearer({ sub: "ann", r: ["a"] }),
  );
  await socket.json();
  for (const [token, error] of rows) {
    await socket.say({ token });
    assertEquals(await socket.json(), { error });
  }
  await socket.say({ token: "x", sub: "a" });
  assertEquals(await socket.json(), { error: "one of sub, unsub, pub and token is needed" });
  await socket.say({ token: await sign({ sub: "bob", r: ["a"] }) });
  assertEquals(await socket.closed(), "1008 the token is somebody else's");
  using nobody = await Subscriber.open(service, "/public/a?since=all");
  await nobody.say({ token: await sign({ sub: "ann", r: ["**"] }) });
  assertEquals(await nobody.closed(), "1008 the token is somebody else's");
});

Deno.test("where nothing verifies tokens, a connection says so", async () => {
  await using service = await testService("--drain", "50ms");
  using socket = await Subscriber.open(service, "/a?since=all");
  await socket.json();
  await socket.say({ token: await sign({ r: ["a"] }) });
  assertEquals(await socket.json(), { error: "nothing verifies tokens here" });
});

async function close(service: TestService, sub: string): Promise<unknown> {
  const fields = await bearer({ w: ["-/connections"] });
  const { status, body } = await ask(service, `DELETE /-/connections?sub=${sub}`, fields);
  assertEquals(status, 200, body);
  return JSON.parse(body);
}

threadTest(
  "all connections of somebody are closed, on every thread, and nobody else's",
  flags,
  async (start) => {
    await using service = await start();
    const sockets: Subscriber[] = [], streams: EventStream[] = [];
    for (let i = 0; i < 6; i++) {
      const ann = await bearer({ sub: "ann", r: ["**"] });
      sockets.push(await Subscriber.open(service, "/a", ann));
      sockets.push(await Subscriber.open(service, "/a?since=all", ann));
      streams.push(await EventStream.open(service, "/a", ann));
    }
    using bob = await Subscriber.open(
      service,
      "/a?since=all",
      await bearer({ sub: "bob", r: ["a"] }),
    );
    assertEquals((await bob.json()).channels, ["a"]);
    const before = await bearer({ r: ["a"] });
    await soon("19 connections", async () => {
      const { body } = await ask(service, "GET /a?presence", before);
      return JSON.parse(body).connections === 19;
    });
    assertEquals(await close(service, "ann"), { closed: 18 });
    for (const socket of sockets) assertEquals(await socket.closed(), "1008 closed by an operator");
    for (const stream of streams) {
      while (await stream.block() !== undefined);
      assertEquals(stream.ended, true);
      stream[Symbol.dispose]();
    }
    for (const socket of sockets) socket[Symbol.dispose]();
    await bob.say({ unsub: "x" });
    assertEquals(await bob.json(), { unsub: "x" });
    assertEquals(await close(service, "ann"), { closed: 0 });
    const said = await service.log.line(({ message }) => message === "connections closed");
    assertEquals(said.fields, { sub: "ann", closed: 18 });
  },
);

Deno.test("connections are closed by whoever may write -/connections, and by nobody else", async () => {
  await using service = await testService(...flags, "--drain", "50ms");
  const rows: [line: string, claims: Record<string, unknown> | undefined, answer: RegExp][] = [
    ["DELETE /-/connections?sub=ann", undefined, /^401 a token is needed to write -\/connections/],
    ["DELETE /-/connections?sub=ann", { r: ["**"], w: ["*"] }, /^403 not allowed to write/],
    ["DELETE /-/connections?sub=ann", { w: ["-/connections"] }, /^200 \{"closed":0\}/],
    ["DELETE /-/connections", { w: ["-/connections"] }, /^400 sub is needed/],
    ["DELETE /-/connections?sub=", { w: ["-/connections"] }, /^400 sub is needed/],
    ["GET /-/connections?sub=ann", { w: ["-/connections"] }, /^405 DELETE is understood here/],
    ["POST /-/connections?sub=ann", { w: ["-/connections"] }, /^405 /],
  ];
  for (const [line, claims, answer] of rows) {
    const { status, body } = await ask(service, line, claims && await bearer(claims));
    assertMatch(`${status} ${body}`, answer, line);
  }
  const foreign = {
    ...await bearer({ w: ["-/connections"] }),
    Origin: "https://elsewhere.example",
  };
  assertEquals((await ask(service, "DELETE /-/connections?sub=ann", foreign)).status, 403);
});

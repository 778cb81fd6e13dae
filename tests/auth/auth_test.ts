/**
 * Tokens over sockets: who may do what, and what is said to whom it is refused.
 */
import { assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { parseCommand } from "../../lib/settings/command.ts";
import { ConfigError } from "../../lib/settings/setting.ts";
import { mintToken } from "../../lib/auth/mint.ts";
import { utf8 } from "../tools/bytes.ts";
import { ask, deserted, EventStream, post, Subscriber, UPGRADE } from "../tools/channels.ts";
import { testService } from "../tools/service.ts";
import { inSeconds, SECRET, sign, unsigned } from "../tools/tokens.ts";

const flags = ["--secret", SECRET, "--drain", "50ms"];
const v1 = { "Sec-WebSocket-Protocol": "kodama.v1" };
const other = utf8("another secret of 32 bytes, or so");

const all = { r: ["**"], w: ["**"] };
const bad = "the token is not valid";
const tampered = async (claims: object) => {
  const [head, , signature] = (await sign({ r: ["eth"] })).split(".");
  return `${head}.${unsigned({ ...claims }).split(".")[1]}.${signature}`;
};
const verdicts: [what: string, token: () => string | Promise<string>, why: string | undefined][] = [
  ["a good one", () => sign({ ...all, sub: "ann", exp: inSeconds(60) }), undefined],
  ["one that does not expire", () => sign(all), undefined],
  [
    "one that was minted",
    () =>
      mintToken(SECRET, { read: ["**"], write: ["**"], ttl: 60_000, subject: "ann" }, Date.now()),
    undefined,
  ],
  ["one that has expired", () => sign({ ...all, exp: inSeconds(-5) }), "the token has expired"],
  ["one that is not valid yet", () => sign({ ...all, nbf: inSeconds(60) }), bad],
  ["an expiry that is no number", () => sign({ ...all, exp: "x" as unknown as number }), bad],
  ["another secret's", () => sign(all, other), bad],
  ["one that was changed", () => tampered(all), bad],
  ["one that is cut", async () => (await sign(all)).slice(0, -1), bad],
  ["alg none", () => unsigned(all), bad],
  ["alg None", () => unsigned(all, "None"), bad],
  ["no signature", () => unsigned(all, "HS256"), bad],
  ["another algorithm", () => sign(all, utf8(SECRET.repeat(2)), { alg: "HS512" }), bad],
  ["rubbish", () => "rubbish", bad],
  ["dots", () => "..", bad],
  ["claims that are a list", () => `${unsigned(all).split(".")[0]}.W10.`, bad],
  [
    "r that is a text",
    () => sign({ r: "btc", w: [] }),
    "the token's claim r is not a list of channel globs",
  ],
  [
    "w that is a list of something else",
    () => sign({ r: [], w: [1] }),
    "the token's claim w is not a list of channel globs",
  ],
];
for (const [what, token, why] of verdicts) {
  Deno.test(`a token: ${what}: ${why ?? "good"}`, async () => {
    await using service = await testService(...flags);
    const fields = { Authorization: `Bearer ${await token()}` };
    for (const line of ["GET /btc", "POST /btc", "GET /public/x"]) {
      const { status, headers, body } = await ask(
        service,
        line,
        fields,
        line[0] === "P" ? "x" : undefined,
      );
      assertEquals(status, why === undefined ? 200 : 401, line);
      if (why === undefined) continue;
      assertEquals([body, headers.get("www-authenticate")], [`${why}\n`, 'Bearer realm="kodama"']);
    }
    const { status } = await ask(service, "GET /btc", { ...UPGRADE, ...fields });
    assertEquals(status, why === undefined ? 101 : 401);
  });
}

type Right = [line: string, claims: object | undefined, status: number, why?: string];
const rights: Right[] = [
  ["GET /btc", undefined, 401, "a token is needed to read btc"],
  ["GET /public/x", undefined, 200],
  ["GET /public/x/y", undefined, 200],
  ["GET /public", undefined, 200],
  ["GET /publicity", undefined, 401, "a token is needed to read publicity"],
  ["GET /public/x,btc", undefined, 401, "a token is needed to read btc"],
  ["POST /btc", undefined, 401, "a token is needed to write btc"],
  ["POST /public/x", undefined, 401, "a token is needed to write public/x"],
  ["GET /btc", {}, 403, "not allowed to read btc"],
  ["GET /public/x", {}, 200],
  ["GET /btc", { r: ["btc"] }, 200],
  ["GET /btc", { r: ["eth", "b*"] }, 403, "not allowed to read btc"],
  ["GET /btc,eth", { r: ["btc"] }, 403, "not allowed to read eth"],
  ["GET /btc,eth,public/x", { r: ["btc", "eth"] }, 200],
  ["GET /orders/1", { r: ["orders/*"] }, 200],
  ["GET /orders/1/items", { r: ["orders/*"] }, 403, "not allowed to read orders/1/items"],
  ["GET /orders/1/items", { r: ["orders/**"] }, 200],
  ["GET /orders/1/items", { r: ["**/items"] }, 200],
  ["GET /btc", { w: ["**"] }, 403, "not allowed to read btc"],
  ["POST /btc", { r: ["**"] }, 403, "not allowed to write btc"],
  ["POST /btc", { w: ["btc"] }, 200],
  ["PUT /btc", { w: ["eth"] }, 403, "not allowed to write btc"],
  ["POST /orders/1", { w: ["orders/*"] }, 200],
  ["GET /", undefined, 200],
  ["GET /-/health", undefined, 200],
  ["GET /-/assets/app.js", undefined, 200],
];
Deno.test("reading and writing need a token that allows it, but for what is public", async () => {
  await using service = await testService(...flags);
  for (const [line, claims, status, why] of rights) {
    const token = claims && await sign({ ...claims });
    const fields = { Authorization: token && `Bearer ${token}` };
    const body = line.startsWith("GET") ? undefined : "x";
    const answer = await ask(service, line, fields, body);
    const what = `${line} with ${JSON.stringify(claims)}`;
    assertEquals(answer.status, status, what);
    if (why !== undefined) assertEquals(answer.body, `${why}\n`, what);
    if (status === 401) {
      assertEquals(answer.headers.get("www-authenticate"), 'Bearer realm="kodama"');
    }
    const reads = line.startsWith("GET /") && !/^GET \/(-|$)/.test(line);
    if (!reads) continue;
    // Whoever may read the history may subscribe, and nobody else.
    const upgraded = await ask(service, line, { ...UPGRADE, ...fields });
    assertEquals(upgraded.status, status === 200 ? 101 : status, what);
    const events = { Accept: "text/event-stream", ...fields };
    assertEquals((await ask(service, line.replace("GET", "HEAD"), events)).status, status, what);
  }
});

Deno.test("--public says what is public, instead of public/**", async () => {
  await using service = await testService(...flags, "--public", "news/*", "--public", "btc,eth");
  const read: [target: string, status: number][] = [
    ["/news/a", 200],
    ["/btc,eth", 200],
    ["/news/a/b", 401],
    ["/public/x", 401],
  ];
  for (const [target, status] of read) {
    assertEquals((await ask(service, `GET ${target}`)).status, status, target);
  }
  assertEquals((await ask(service, "POST /btc", {}, "x")).status, 401);
});

Deno.test("the ticker and the echo are open", async () => {
  await using service = await testService(...flags);
  using ticker = await Subscriber.open(service, "/");
  assertEquals(await ticker.text(), "echo 1");
  using echo = await Subscriber.open(service, "/-/echo");
  await echo.say("x");
  assertEquals(await echo.text(), "x");
});

Deno.test("in the envelope what is not allowed is forbidden, and what is goes on", async () => {
  await using service = await testService(...flags);
  const token = await sign({ r: ["btc", "eth"], w: ["eth"] });
  using subscriber = await Subscriber.open(service, `/btc?token=${token}`, v1);
  await subscriber.json();
  const exchanges: [request: object, error: string | undefined][] = [
    [{ sub: "doge" }, "forbidden"],
    [{ pub: "btc", data: 1 }, "forbidden"],
    [{ pub: "-/metrics", data: 1 }, '"-" is reserved'],
    [{ sub: "public/x" }, undefined],
    [{ pub: "public/x", data: 1 }, "forbidden"],
    [{ sub: "eth" }, undefined],
  ];
  for (const [request, error] of exchanges) {
    await subscriber.say(request);
    assertEquals((await subscriber.json()).error, error, JSON.stringify(request));
  }
  await subscriber.say({ pub: "eth", data: 1, ref: 1 });
  assertEquals((await subscriber.json()).ch, "eth");
  assertEquals((await subscriber.json()).ref, 1);
});

Deno.test("raw: who may read only is closed with 1008 when it writes", async () => {
  await using service = await testService(...flags);
  const token = await sign({ r: ["btc"], w: ["eth"] });
  using subscriber = await Subscriber.open(service, `/btc?token=${token}`);
  await subscriber.say("x");
  assertEquals(await subscriber.closed(), "1008 not allowed to write");
});

Deno.test("when its token expires a WebSocket is closed with 1008, and a stream ends", async () => {
  await using service = await testService(...flags);
  const token = await sign({ ...all, exp: inSeconds(0.4) });
  using raw = await Subscriber.open(service, `/btc?token=${token}`);
  using enveloped = await Subscriber.open(service, `/btc?token=${token}`, v1);
  using stream = await EventStream.open(service, `/btc?token=${token}`);
  using lasting = await Subscriber.open(service, `/btc?token=${await sign(all)}`, v1);
  assertEquals(await raw.closed(), "1008 token expired");
  assertEquals(await enveloped.closed(), "1008 token expired");
  await stream.next();
  assertEquals(await stream.block(), undefined);
  await lasting.json();
  await lasting.say({ pub: "btc", data: "still here" });
  assertEquals((await lasting.json()).data, "still here");
  lasting.client.raw.close();
  for (const client of [raw.client.raw, enveloped.client.raw, stream.raw]) client.close();
  await deserted(service);
});

const refusedSecrets = ["x", "x".repeat(31), "é".repeat(15)];
Deno.test("a secret of less than 32 bytes is refused, and never shown", () => {
  for (const secret of refusedSecrets) {
    const sources: [args: string[], env: string | undefined, name: string][] = [
      [["--secret", secret], undefined, "--secret"],
      [[`--secret=${secret}`], undefined, "--secret"],
      [[], secret, "KODAMA_SECRET"],
    ];
    for (const [args, env, name] of sources) {
      const error = assertThrows(
        () => parseCommand(args, (key) => key === "KODAMA_SECRET" ? env : undefined),
        ConfigError,
      );
      assertEquals(error.message, `${name} must be 32 bytes or more`);
    }
  }
  for (const secret of ["x".repeat(32), "é".repeat(16)]) {
    assertEquals(parseCommand(["--secret", secret], () => undefined).run, "serve");
  }
  assertMatch(
    assertThrows(() => parseCommand(["--jwks", "keys.json"], () => undefined), ConfigError).message,
    /^--jwks must be an http or https URL/,
  );
});

Deno.test("without a token, what was published by one who has one is read where it is public", async () => {
  await using service = await testService(...flags);
  using reader = await Subscriber.open(service, "/public/x");
  await assertRejects(
    () => post(service, "public/x", "x"),
    Error,
    "answered 401 a token is needed",
  );
  const fields = { Authorization: `bearer ${await sign({ w: ["public/*"] })}` };
  const answer = await ask(service, "POST /public/x", fields, "hello");
  assertEquals([answer.status, JSON.parse(answer.body).subscribers], [200, 1]);
  assertEquals(await reader.text(), "hello");
});

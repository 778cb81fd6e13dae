/**
 * Tokens over sockets: who may do what, and what is said to whom it is refused.
 */
import { assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { parseCommand } from "../../lib/settings/command.ts";
import { ConfigError } from "../../lib/settings/setting.ts";
import { mintToken } from "../../lib/auth/mint.ts";
import { ask, deserted, EventStream, post, Subscriber, UPGRADE } from "../tools/channels.ts";
import { testService } from "../tools/service.ts";
import { badTokens, rights } from "../cases/tokens.ts";
import { inSeconds, SECRET, sign } from "../tools/tokens.ts";

const flags = ["--secret", SECRET, "--drain", "50ms"];
const v1 = { "Sec-WebSocket-Protocol": "kodama.v1" };
const all = { r: ["**"], w: ["**"] };
const verdicts: [what: string, token: string, why: string | undefined][] = [
  ["a good one", await sign({ ...all, sub: "ann", exp: inSeconds(60) }), undefined],
  ["one that does not expire", await sign(all), undefined],
  [
    "one that was minted",
    await mintToken(
      SECRET,
      { read: ["**"], write: ["**"], ttl: 60_000, subject: "ann" },
      Date.now(),
    ),
    undefined,
  ],
  ...badTokens,
];
for (const [what, token, why] of verdicts) {
  Deno.test(`a token: ${what}: ${why ?? "good"}`, async () => {
    await using service = await testService(...flags);
    const fields = { Authorization: `Bearer ${token}` };
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

/** What is open to everybody, besides what is public. */
const open: typeof rights = [
  ["GET /", undefined],
  ["GET /-/health", undefined],
  ["GET /-/assets/app.js", undefined],
];
Deno.test("reading and writing need a token that allows it, but for what is public", async () => {
  await using service = await testService(...flags);
  for (const [line, claims, refusal] of [...rights, ...open]) {
    const [, code = "200", why] = /^(\d+)c (.*)$/.exec(refusal ?? "") ?? [];
    const status = Number(code);
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

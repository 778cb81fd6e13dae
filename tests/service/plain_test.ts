import { assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { ListenError } from "../../lib/net/conn.ts";
import { openPlain, type Plain, plainRoutes } from "../../lib/service/plain.ts";
import { defaults } from "../../lib/settings/config.ts";
import { type Answer, answers } from "../tools/answers.ts";
import { makePair, writePair } from "../tools/certificates.ts";
import { RawClient } from "../tools/raw.ts";
import { TestServer } from "../tools/server.ts";
import { testService } from "../tools/service.ts";

const challenges = new Map([["token-1", "token-1.thumbprint"]]);

/** What a public server with two names answers to one request. */
async function ask(request: string, own = 80, secure: number | undefined = 443): Promise<Answer> {
  const config = { ...defaults, hostname: "0.0.0.0", host: ["kodama.test", "www.kodama.test"] };
  const routes = plainRoutes({ config, challenges }, own, () => secure);
  await using server = new TestServer(routes);
  using raw = await server.connect();
  await raw.send(request.replaceAll("\n", "\r\n"));
  const [answer] = answers(await raw.readAll(), request.startsWith("HEAD"));
  return answer!;
}

const get = (target: string, host = "kodama.test") =>
  `GET ${target} HTTP/1.1\nHost: ${host}\nConnection: close\n\n`;

const redirects: [what: string, request: string, location: string, ports?: [number, number]][] = [
  ["a page", get("/"), "https://kodama.test/"],
  ["a path and a query", get("/a/b?c=%0d&d"), "https://kodama.test/a/b?c=%0d&d"],
  ["another of its names", get("/", "www.kodama.test"), "https://www.kodama.test/"],
  ["a name with the port", get("/", "kodama.test:80"), "https://kodama.test/"],
  ["a path that looks like a host", get("//evil.test/x"), "https://kodama.test//evil.test/x"],
  ["a path with an @", get("/@evil.test"), "https://kodama.test/@evil.test"],
  ["a target with a host", get("http://kodama.test/x", "evil.test"), "https://kodama.test/x"],
  ["a publish, with its method", get("/btc").replace("GET", "POST"), "https://kodama.test/btc"],
  ["https on another port", get("/", "kodama.test:8080"), "https://kodama.test:8443/", [
    8080,
    8443,
  ]],
  ["https behind ports of something else", get("/"), "https://kodama.test/", [8080, 8443]],
];
for (const [what, request, location, ports] of redirects) {
  Deno.test(`${what} is at ${location} (308)`, async () => {
    const { status, headers, body } = await ask(request, ...ports ?? []);
    assertEquals([status, headers.get("location")], [308, location]);
    assertEquals(body, `this is at ${location}\n`);
  });
}

const others: [what: string, request: string, status: number, body: string][] = [
  [
    "a name that is not its own",
    get("/", "evil.test"),
    421,
    "this server does not go by that name; see --host\n",
  ],
  ["its address", get("/", "192.0.2.1"), 421, "this server does not go by that name; see --host\n"],
  ["no name", "GET / HTTP/1.0\n\n", 400, "no Host\n"],
  ["a target that is no path", get("*").replace("GET", "OPTIONS"), 404, "nothing is here\n"],
  ["a challenge", get("/.well-known/acme-challenge/token-1"), 200, "token-1.thumbprint"],
  [
    "a challenge by address",
    get("/.well-known/acme-challenge/token-1", "192.0.2.1"),
    200,
    "token-1.thumbprint",
  ],
  ["another challenge", get("/.well-known/acme-challenge/token-2"), 404, "no such challenge\n"],
  ["no challenge", get("/.well-known/acme-challenge/"), 404, "no such challenge\n"],
  [
    "a challenge with more behind it",
    get("/.well-known/acme-challenge/token-1/.."),
    404,
    "no such challenge\n",
  ],
  [
    "a challenge that is posted to",
    get("/.well-known/acme-challenge/token-1").replace("GET", "POST"),
    405,
    "GET and HEAD are understood here\n",
  ],
];
for (const [what, request, status, body] of others) {
  Deno.test(`${what} is ${status} on the plain port`, async () => {
    const answer = await ask(request);
    assertEquals([answer.status, answer.body], [status, body]);
    assertEquals(answer.headers.get("location"), undefined);
  });
}

Deno.test("a challenge comes as bytes, to HEAD without them", async () => {
  const target = "/.well-known/acme-challenge/token-1";
  const { headers } = await ask(get(target));
  assertEquals(headers.get("content-type"), "application/octet-stream");
  const head = await ask(get(target).replace("GET", "HEAD"));
  assertEquals([head.status, head.headers.get("content-length"), head.body], [200, "18", ""]);
});

/** An open plain port, and what it answers. */
function open(): Plain {
  const fault = (error: unknown) => {
    throw error;
  };
  return openPlain({ config: defaults, challenges, fault }, 0);
}

async function first(raw: RawClient, target: string): Promise<number> {
  await raw.send(get(target, "localhost").replaceAll("\n", "\r\n"));
  const received = await raw.until((bytes) => answers(bytes).length > 0);
  return answers(received)[0]!.status;
}

Deno.test("until https listens it is 503, and then 308", async () => {
  await using plain = open();
  using before = await RawClient.connect(plain.addr);
  assertEquals(await first(before, "/"), 503);
  plain.redirect(443);
  using after = await RawClient.connect(plain.addr);
  assertEquals(await first(after, "/"), 308);
});

Deno.test("256 connections are served at once; one more is 503, but for a challenge", async () => {
  await using plain = open();
  plain.redirect(443);
  using all = new DisposableStack();
  const connect = async () => all.use(await RawClient.connect(plain.addr));
  for (let i = 0; i < 255; i++) await connect();
  assertEquals(await first(await connect(), "/"), 308);
  await connect();
  assertEquals(await first(await connect(), "/"), 503);
  assertEquals(await first(await connect(), "/.well-known/acme-challenge/token-1"), 200);
});

Deno.test("a port that is in use is told, with the flag that chooses another", async () => {
  await using plain = open();
  const context = { config: defaults, challenges, fault: () => {} };
  const error = assertThrows(() => openPlain(context, plain.addr.port), ListenError);
  assertMatch(error.message, /^127\.0\.0\.1 port \d+ is in use; choose another with --http-port$/);
});

Deno.test("beside --cert it sends people to the port that speaks https, until the server shuts down", async () => {
  using files = writePair(await makePair());
  const service = await testService(...files.flags, "--http-port", "0");
  const { fields } = await service.log.line(({ message }) => message === "plain HTTP");
  const port = Number(fields.port);
  const url = `http://127.0.0.1:${port}/btc?since=all`;
  const answer = await fetch(url, { redirect: "manual" });
  await answer.body?.cancel();
  const location = `https://127.0.0.1:${service.port}/btc?since=all`;
  assertEquals([answer.status, answer.headers.get("location")], [308, location]);
  await service.shutdown();
  await assertRejects(
    () => Deno.connect({ hostname: "127.0.0.1", port }),
    Deno.errors.ConnectionRefused,
  );
});

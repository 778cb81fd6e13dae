/**
 * A service that asks a backend: who is let in, and what a backend that is slow, gone or confused does to whom.
 */
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { kodama } from "../../lib/kodama.ts";
import { parseCommand } from "../../lib/settings/command.ts";
import { ConfigError } from "../../lib/settings/setting.ts";
import { Backend, type Came, never } from "../tools/backend.ts";
import { makePair } from "../tools/certificates.ts";
import { ask, EventStream, post, Subscriber, UPGRADE } from "../tools/channels.ts";
import { tried } from "../tools/engines.ts";
import { freePorts } from "../tools/ports.ts";
import { RawClient } from "../tools/raw.ts";
import { scrape, scraped } from "../tools/scrape.ts";
import { type Line, testService } from "../tools/service.ts";
import { inSeconds, SECRET, sign } from "../tools/tokens.ts";

const v1 = { "Sec-WebSocket-Protocol": "kodama.v1" };
const ann = { Cookie: "session=ann" }, bob = { Cookie: "session=bob" };

/** An application with sessions: ann reads all rooms and writes to her own, bob is barred, others are nobody. */
function application({ body }: Came): Response {
  const [, name] = /\bsession=(\w+)/.exec(body.headers.cookie ?? "") ?? [];
  if (name === undefined) return new Response("who?", { status: 401 });
  if (name !== "ann") return new Response("barred", { status: 403 });
  return Response.json({ sub: name, r: ["rooms/*"], w: ["rooms/ann"] });
}

/** The lines about the backend. */
function told({ log }: { log: { lines: Line[] } }): string[] {
  return log.lines.filter(({ message }) => message.startsWith("the backend"))
    .map(({ message, fields }) => `${message}: ${fields.why ?? ""}`);
}

const ndjson = { "Content-Type": "application/x-ndjson" };
const requests: [
  line: string,
  fields: Record<string, string>,
  body: string | undefined,
  status: number,
  asked: [action: string, channels: string[]] | undefined,
][] = [
  ["GET /rooms/1", ann, undefined, 200, ["read", ["rooms/1"]]],
  ["GET /rooms/1,rooms/2", ann, undefined, 200, ["read", ["rooms/1", "rooms/2"]]],
  ["GET /rooms/1,else", ann, undefined, 403, ["read", ["rooms/1", "else"]]],
  ["GET /rooms/1", { ...ann, ...UPGRADE }, undefined, 101, ["read", ["rooms/1"]]],
  ["HEAD /rooms/1", { ...ann, Accept: "text/event-stream" }, undefined, 200, ["read", ["rooms/1"]]],
  ["POST /rooms/ann", ann, "x", 200, ["write", ["rooms/ann"]]],
  ["POST /rooms/1", ann, "x", 403, ["write", ["rooms/1"]]],
  ["POST /-/publish", { ...ann, ...ndjson }, '{"ch":"rooms/ann","data":1}', 200, ["write", []]],
  ["GET /rooms/1?presence", ann, undefined, 200, ["read", ["rooms/1"]]],
  ["GET /rooms/1?presence", bob, undefined, 403, ["read", ["rooms/1"]]],
  ["GET /rooms/1", bob, undefined, 403, ["read", ["rooms/1"]]],
  ["GET /rooms/1", { ...bob, ...UPGRADE }, undefined, 403, ["read", ["rooms/1"]]],
  ["GET /rooms/1", {}, undefined, 401, ["read", ["rooms/1"]]],
  ["POST /rooms/ann", {}, "x", 401, ["write", ["rooms/ann"]]],
  ["POST /-/publish", { ...ndjson }, '{"ch":"rooms/ann","data":1}', 401, ["write", []]],
  ["GET /public/x", {}, undefined, 200, undefined],
  ["GET /-/metrics", ann, undefined, 200, undefined],
  ["GET /-/metrics", { ...ann, "X-Forwarded-For": "192.0.2.1" }, undefined, 401, undefined],
  ["DELETE /-/connections?sub=ann", ann, undefined, 401, undefined],
  ["GET /", {}, undefined, 200, undefined],
  ["GET /-/health", {}, undefined, 200, undefined],
  ["GET /rooms/1", { Accept: "text/html" }, undefined, 200, undefined],
  ["GET /rooms/1", { ...ann, ...UPGRADE, Origin: "http://evil.test" }, undefined, 403, undefined],
  ["POST /rooms/ann", { ...ann, Origin: "http://evil.test" }, "x", 403, undefined],
];
for (const secret of [[], ["--secret", SECRET]]) {
  const how = secret.length === 0 ? "alone" : "beside a secret";
  Deno.test(`a backend ${how} is asked about who comes without a token, and its answer holds`, async () => {
    await using backend = new Backend(application);
    await using service = await testService("--authorize", backend.url, ...secret);
    for (const [line, fields, body, status, asked] of requests) {
      const before = backend.came.length, what = `${line} ${JSON.stringify(fields)}`;
      assertEquals((await ask(service, line, fields, body)).status, status, what);
      const { action, channels, address } = backend.came[before]?.body ?? {};
      const wanted = asked ?? [undefined, undefined];
      assertEquals([action, channels], wanted, what);
      if (asked !== undefined) assertEquals(address, "127.0.0.1");
    }
    const signed = backend.came[0]!.headers.get("kodama-signature");
    if (secret.length === 0) assertEquals(signed, null);
    else assertMatch(signed!, /^sha256=[0-9a-f]{64}$/);
    const token = { Authorization: `Bearer ${await sign({ r: ["rooms/1"] })}` };
    const count = backend.came.length;
    const { status } = await ask(service, "GET /rooms/1", token);
    // Without a verifier it is a header like any other.
    assertEquals([status, backend.came.length - count], secret.length === 0 ? [401, 1] : [200, 0]);
  });
}

Deno.test("what the first answer allows holds on the open connection, and nobody is asked again", async () => {
  await using backend = new Backend(application);
  await using service = await testService("--authorize", backend.url);
  using subscriber = await Subscriber.open(service, "/rooms/1", { ...ann, ...v1 });
  await subscriber.json();
  const exchanges: [request: object, error: string | undefined][] = [
    [{ sub: "rooms/2" }, undefined],
    [{ sub: "else" }, "forbidden"],
    [{ sub: "public/x" }, undefined],
    [{ pub: "rooms/1", data: 1 }, "forbidden"],
    [{ pub: "rooms/ann", data: 1 }, undefined],
  ];
  for (const [request, error] of exchanges) {
    await subscriber.say(request);
    assertEquals((await subscriber.json()).error, error, JSON.stringify(request));
  }
  using raw = await Subscriber.open(service, "/rooms/ann", ann);
  await raw.say("hello");
  assertEquals(await raw.text(), "hello");
  assertEquals(backend.came.length, 2);
});

Deno.test("when the answer's exp passes a WebSocket is closed with 1008, and a stream ends", async () => {
  await using backend = new Backend(() => Response.json({ r: ["btc"], exp: inSeconds(0.4) }));
  await using service = await testService("--authorize", backend.url);
  using raw = await Subscriber.open(service, "/btc");
  using stream = await EventStream.open(service, "/btc");
  assertEquals(await raw.closed(), "1008 token expired");
  await stream.next();
  assertEquals(await stream.block(), undefined);
});

for (const { name, flags } of tried.filter(({ name }) => name.startsWith("memory"))) {
  Deno.test(`while a backend hangs, those who are connected, who have a token and who read what is public have all [${name}]`, async () => {
    const folder = await Deno.makeTempDir();
    await using backend = new Backend(application);
    await using service = await testService(
      ...[...flags(folder), "--secret", SECRET, "--authorize", backend.url, "--drain", "50ms"],
    );
    using raw = await Subscriber.open(service, "/rooms/1", ann);
    using enveloped = await Subscriber.open(service, "/rooms/1", { ...ann, ...v1 });
    using stream = await EventStream.open(service, "/rooms/1", ann);
    for (const each of [() => enveloped.json(), () => stream.next()]) await each();
    backend.answer = never;
    // More than may be under way.
    const waiting = await Promise.all(Array.from({ length: 150 }, async (_, i) => {
      const client = await RawClient.connect({
        transport: "tcp",
        hostname: "127.0.0.1",
        port: service.port,
      });
      await client.send(
        `GET /rooms/1 HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: session=ann; n=${i}\r\n\r\n`,
      );
      return client;
    }));
    const pending = (count: number) =>
      scraped(service, (now) => now.value("kodama_authorize_pending") === count, 20_000);
    await pending(150);
    const writer = { Authorization: `Bearer ${await sign({ r: ["**"], w: ["**"] })}` };
    using late = await Subscriber.open(service, "/rooms/1", writer);
    using open = await Subscriber.open(service, "/public/x");
    for (let i = 0; i < 20; i++) {
      for (const channel of ["rooms/1", "public/x"]) {
        assertEquals((await ask(service, `POST /${channel}`, writer, `${i}`)).status, 200);
      }
      const said = [await raw.text(), (await enveloped.json()).data, await late.text()];
      assertEquals(
        [...said, (await stream.next()).data.data, await open.text()],
        Array(5).fill(`${i}`),
      );
    }
    // None of those was answered meanwhile, as nobody has answered here.
    assertEquals((await scrape(service)).value("kodama_authorize_pending"), 150);
    assert(backend.came.length <= 3 + 100, `${backend.came.length} asked at once`);
    for (const client of waiting) client.close();
    await Deno.remove(folder, { recursive: true });
  });
}

Deno.test("whatever a backend does that it should not, who comes gets 503; it is said once, and all is well when it answers again", async () => {
  const [port] = freePorts(1) as [number];
  await using service = await testService("--authorize", `http://127.0.0.1:${port}/asked`);
  using open = await Subscriber.open(service, "/public/x");
  const refused = async () => {
    const { status, headers, body } = await ask(service, "GET /rooms/1", ann);
    assertEquals([status, headers.get("retry-after")], [503, "5"]);
    assertEquals(body, "who may do this cannot be asked now\n");
    assertEquals((await ask(service, "GET /rooms/1", { ...ann, ...UPGRADE })).status, 503);
  };
  // Nobody listens there; then somebody hangs up.
  await refused();
  const listener = Deno.listen({ hostname: "127.0.0.1", port });
  const ended = (async () => {
    for await (const conn of listener) conn.close();
  })();
  await refused();
  listener.close();
  await ended;
  await using backend = new Backend(application, port);
  const answers = [
    () => new Response("no", { status: 500 }),
    () => Response.redirect("http://127.0.0.1:1/"),
    () => new Response("<html>not JSON</html>"),
    () => Response.json({ r: "rooms/1" }),
    () => new Response("x".repeat(1 << 20)),
  ];
  for (const answer of answers) {
    // A redirect has fields that cannot be changed.
    backend.answer = () => new Response(answer().body, answer());
    await refused();
  }
  assertEquals(told(service).length, 1);
  assertMatch(told(service)[0]!, /^the backend cannot be asked: .*[Cc]onnection refused/);
  backend.answer = application;
  using subscriber = await Subscriber.open(service, "/rooms/ann", ann);
  await subscriber.say("hello");
  assertEquals(await subscriber.text(), "hello");
  await open.say("x");
  assertEquals(await open.closed(), "1008 not allowed to write");
  const counted = await scrape(service);
  const count = (outcome: string) => counted.value("kodama_authorize_total", { outcome });
  assertEquals([count("failed"), count("allowed"), count("late")], [2 * 7, 1, 0]);
});

Deno.test("a backend whose certificate nobody knows is not asked", async () => {
  const pair = await makePair();
  let asked = 0;
  const where = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
  const server = Deno.serve({ ...where, ...pair }, () => {
    asked++;
    return Response.json({ r: ["**"] });
  });
  await using service = await testService("--authorize", `https://127.0.0.1:${server.addr.port}/`);
  assertEquals((await ask(service, "GET /rooms/1", ann)).status, 503);
  assertMatch(told(service)[0]!, /^the backend cannot be asked: .*certificate/i);
  assertEquals(asked, 0);
  await server.shutdown();
});

Deno.test("pages of the origins that are named may come with their cookies", async () => {
  await using backend = new Backend(application);
  const origin = "https://app.test";
  await using service = await testService("--authorize", backend.url, "--origin", origin);
  await using other = await testService("--origin", origin);
  for (const [line, status] of [["GET /rooms/1", 200], ["OPTIONS /rooms/1", 204]] as const) {
    const { status: answered, headers } = await ask(service, line, { ...ann, Origin: origin });
    assertEquals([answered, headers.get("access-control-allow-origin")], [status, origin]);
    assertEquals(headers.get("access-control-allow-credentials"), "true");
    const without = await ask(other, line, { Origin: origin });
    assertEquals(without.headers.get("access-control-allow-credentials"), undefined);
  }
  const evil = await ask(service, "GET /rooms/1", { ...ann, Origin: "https://evil.test" });
  assertEquals(evil.headers.get("access-control-allow-credentials"), undefined);
});

Deno.test("--authorize is an http or https URL, and not for pages of any origin", () => {
  const wrong: [args: string[], message: RegExp][] = [
    [["--authorize", "backend:3000"], /^--authorize must be an http or https URL$/],
    [["--authorize", "ftp://user:secret@backend"], /^--authorize must be an http or https URL$/],
    [["--authorize", "http://"], /^--authorize must be an http or https URL$/],
    [["--authorize", "http://backend", "--origin", "*"], /^--authorize and --origin \* do not go/],
  ];
  for (const [args, message] of wrong) {
    assertMatch(
      assertThrows(() => parseCommand(args, () => undefined), ConfigError).message,
      message,
    );
  }
  parseCommand(
    ["--authorize", "https://backend/x", "--origin", "https://app.test"],
    () => undefined,
  );
});

Deno.test("a program can name a backend, too", async () => {
  await using backend = new Backend(application);
  await using service = await kodama({ port: 0, authorize: backend.url, log: () => {} });
  const port = Number(new URL(service.url).port);
  for (const [fields, status] of [[ann, 200], [bob, 403], [{}, 401]] as const) {
    assertEquals((await ask({ port }, "GET /rooms/1", fields)).status, status);
  }
});

Deno.test("the first line of the log says that a backend is asked, without where", async () => {
  await using backend = new Backend(application);
  await using alone = await testService("--authorize", backend.url);
  await using both = await testService("--authorize", backend.url, "--secret", SECRET);
  assertEquals([alone.about.access, both.about.access], ["authorize", "secret and authorize"]);
  assert(!JSON.stringify(both.about).includes("asked"));
  await post(both, "public/x", "x").catch(() => {});
});

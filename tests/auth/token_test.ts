/**
 * Where a token comes from, and where it never goes.
 */
import { assert, assertEquals } from "@std/assert";
import { findToken } from "../../lib/auth/auth.ts";
import { ask, EventStream, type RequestFields, Subscriber, UPGRADE } from "../tools/channels.ts";
import { testService } from "../tools/service.ts";
import { inSeconds, SECRET, sign } from "../tools/tokens.ts";

type Place = [what: string, fields: Record<string, string>, query: string, token?: string];
const places: Place[] = [
  ["nowhere", {}, ""],
  ["the header", { authorization: "Bearer a.b.c" }, "", "a.b.c"],
  ["the header, in any case", { authorization: "bEARER  a.b.c" }, "", "a.b.c"],
  ["another scheme", { authorization: "Basic a.b.c" }, ""],
  ["a header without token", { authorization: "Bearer" }, ""],
  ["a header with more", { authorization: "Bearer a b" }, ""],
  ["a cookie", { cookie: "kodama_token=a.b.c" }, "", "a.b.c"],
  ["a cookie among others", { cookie: "x=y; kodama_token=a.b.c;z" }, "", "a.b.c"],
  ["a cookie in quotes", { cookie: 'kodama_token="a.b.c"' }, "", "a.b.c"],
  ["a cookie of another name", { cookie: "xkodama_token=a; Kodama_Token=b" }, ""],
  ["an empty cookie", { cookie: "kodama_token=" }, ""],
  ["the query", {}, "?token=a.b.c", "a.b.c"],
  ["the query, among others", {}, "?since=all&token=a.b.c&x=y", "a.b.c"],
  ["the query, twice", {}, "?token=a&token=b", "a"],
  ["an empty query", {}, "?token=&x=y"],
  ["a query of another name", {}, "?xtoken=a"],
  ["a subprotocol", { "sec-websocket-protocol": "kodama.token.a.b.c" }, "", "a.b.c"],
  [
    "a subprotocol among others",
    { "sec-websocket-protocol": "kodama.v1,kodama.token.a.b.c, x" },
    "",
    "a.b.c",
  ],
  [
    "the header before all",
    {
      authorization: "Bearer header",
      cookie: "kodama_token=cookie",
      "sec-websocket-protocol": "kodama.token.offer",
    },
    "?token=query",
    "header",
  ],
  [
    "the cookie before the query",
    {
      cookie: "kodama_token=cookie",
      "sec-websocket-protocol": "kodama.token.offer",
    },
    "?token=query",
    "cookie",
  ],
  [
    "the query before the subprotocol",
    { "sec-websocket-protocol": "kodama.token.offer" },
    "?token=query",
    "query",
  ],
];
for (const [what, fields, query, token] of places) {
  Deno.test(`findToken() in ${what}: ${token ?? "none"}`, () => {
    const headers = new Map(Object.entries(fields));
    assertEquals(findToken({ headers, target: `/btc${query}` }), token);
  });
}

const flags = ["--secret", SECRET, "--drain", "50ms"];

/** The four places, each with a token in it. */
function fieldsWith(token: string): [what: string, query: string, fields: RequestFields][] {
  return [
    ["the header", "", { Authorization: `Bearer ${token}` }],
    ["the cookie", "", { Cookie: `kodama_token=${token}` }],
    ["the query", `?token=${token}`, {}],
    ["the subprotocol", "", { "Sec-WebSocket-Protocol": `kodama.v1, kodama.token.${token}` }],
  ];
}

Deno.test("a good token opens from each place, by WebSocket and over HTTP; a bad one does not", async () => {
  await using service = await testService(...flags);
  const good = await sign({ r: ["btc"], w: ["btc"], exp: inSeconds(60) });
  for (const [token, status] of [[good, 200], [good.slice(1), 401]] as const) {
    for (const [what, query, fields] of fieldsWith(token)) {
      const get = await ask(service, `GET /btc${query}`, fields);
      assertEquals(get.status, status, what);
      assertEquals((await ask(service, `POST /btc${query}`, fields, "x")).status, status, what);
      const upgraded = await ask(service, `GET /btc${query}`, { ...UPGRADE, ...fields });
      assertEquals(upgraded.status, status === 200 ? 101 : 401, what);
    }
  }
});

Deno.test("a bad token in the first place is not made good by one in the next", async () => {
  await using service = await testService(...flags);
  const good = await sign({ r: ["btc"] });
  const { status } = await ask(service, `GET /btc?token=${good}`, { Authorization: "Bearer bad" });
  assertEquals(status, 401);
});

Deno.test("the subprotocol with the token is never echoed", async () => {
  await using service = await testService(...flags);
  const token = `kodama.token.${await sign({ r: ["btc"] })}`;
  const offers: [offer: string, answer: string | undefined][] = [
    [token, undefined],
    [`${token}, kodama.v1`, "kodama.v1"],
    [`kodama.v1, ${token}`, "kodama.v1"],
  ];
  for (const [offer, answer] of offers) {
    const fields = { ...UPGRADE, "Sec-WebSocket-Protocol": offer };
    const { status, headers } = await ask(service, "GET /btc", fields);
    assertEquals([status, headers.get("sec-websocket-protocol")], [101, answer]);
  }
});

Deno.test("no token appears in the log, the metrics or any answer", async () => {
  await using service = await testService(...flags, "--log-level", "debug");
  const tokens = [
    await sign({ r: ["**"], w: ["**"] }),
    await sign({ r: [], w: [] }),
    await sign({ r: ["**"], exp: inSeconds(-5) }),
    await sign({ r: "none" }),
    `${await sign({ r: ["**"] })}x`,
  ];
  let told = "";
  const lines = ["GET /btc", "GET /btc,%20", "POST /btc", "GET /-/metrics", "GET /-/channels"];
  lines.push("GET /", "GET /nowhere/", "DELETE /btc", "OPTIONS /btc", "GET /app/x", "GET /-/echo");
  for (const token of tokens) {
    for (const [, query, fields] of fieldsWith(token)) {
      for (const line of lines) {
        const body = line.startsWith("POST") ? "x" : undefined;
        // As from elsewhere, so that the token counts on an operator's paths, too.
        const remote = { ...fields, "X-Forwarded-For": "192.0.2.1" };
        for (const upgrade of [{}, UPGRADE]) {
          const answer = await ask(service, line + query, { ...remote, ...upgrade }, body);
          told += JSON.stringify([...answer.headers]) + answer.body;
        }
      }
    }
  }
  const [good] = tokens;
  using stream = await EventStream.open(service, `/btc?token=${good}`);
  using socket = await Subscriber.open(service, `/btc?since=all&token=${good}`);
  using ticker = await Subscriber.open(service, `/?token=${good}`);
  await ticker.say("client: echo 1");
  await service.log.line(({ fields }) => fields.text === "client: echo 1");
  told += JSON.stringify([await stream.next(), await socket.json(), await ticker.text()]);
  told += (await ask(service, "GET /-/metrics")).body + JSON.stringify(service.log.lines);
  assert(told.length > 10_000);
  for (const token of [...tokens, SECRET]) {
    for (const part of token.split(".")) {
      if (part.length > 12) assert(!told.includes(part), part);
    }
  }
});

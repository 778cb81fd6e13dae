/**
 * Protected mode: without a verifier whoever can connect may read, and only this machine may write.
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { createAuthorize } from "../../lib/auth/auth.ts";
import { isLocal } from "../../lib/auth/proxy.ts";
import type { Request } from "../../lib/net/connection.ts";
import { HttpError } from "../../lib/http/error.ts";
import { ask, Subscriber } from "../tools/channels.ts";
import { testService } from "../tools/service.ts";
import { SECRET, sign } from "../tools/tokens.ts";

/** A request of a peer. */
function requestOf(hostname: string, fields: Record<string, string> = {}): Request {
  return {
    method: "POST",
    target: "/btc",
    minor: 1,
    headers: new Map(Object.entries(fields)),
    keepAlive: true,
    peer: { hostname, port: 40_000 },
    secure: false,
    hasBody: true,
    body: () => Promise.resolve(new Uint8Array(0)),
  };
}

const REMOTE = "192.0.2.1";
type Row = [
  what: string,
  peer: string,
  fields: Record<string, string>,
  local: { off: boolean; on: boolean },
];
const never = { off: false, on: false }, always = { off: true, on: true };
const trusted = { off: false, on: true };
const peers: Row[] = [
  ["this machine", "127.0.0.1", {}, always],
  ["this machine, IPv6", "::1", {}, always],
  ["this machine, IPv4 within IPv6", "::ffff:127.0.0.1", {}, always],
  ["a Unix socket", "", {}, always],
  ["another machine", REMOTE, {}, never],
  ["another machine, IPv6", "2001:db8::1", {}, never],
  ["another machine, IPv4 within IPv6", `::ffff:${REMOTE}`, {}, never],
  ["a proxy here, for another machine", "127.0.0.1", { "x-forwarded-for": REMOTE }, never],
  ["a proxy here, for this machine", "127.0.0.1", { "x-forwarded-for": "127.0.0.1" }, trusted],
  ["a proxy at a Unix socket, for this machine", "", { "x-forwarded-for": "::1" }, trusted],
  [
    "a proxy here, for another machine that claims to be this one",
    "127.0.0.1",
    { "x-forwarded-for": `127.0.0.1, ${REMOTE}` },
    never,
  ],
  [
    "a proxy here, for this machine that claims to be another",
    "127.0.0.1",
    { "x-forwarded-for": `${REMOTE}, 127.0.0.1` },
    trusted,
  ],
  ["a proxy here, that says nothing", "127.0.0.1", { "x-forwarded-for": "" }, never],
  ["a proxy here, by the other field", "127.0.0.1", { forwarded: "for=127.0.0.1" }, never],
  ["another machine that claims to be this one", REMOTE, { "x-forwarded-for": "127.0.0.1" }, never],
  ["a proxy elsewhere, for its own machine", "10.0.0.1", { "x-forwarded-for": "::1" }, never],
];
for (const [what, peer, fields, local] of peers) {
  for (const trustProxy of ["off", "on"] as const) {
    const may = local[trustProxy] ? "may" : "may not";
    Deno.test(`${what}, with --trust-proxy ${trustProxy}: reads, and ${may} write`, async () => {
      const request = requestOf(peer, fields);
      assertEquals(isLocal(request, trustProxy), local[trustProxy]);
      const authorize = createAuthorize({ secret: "", jwks: "", public: [], trustProxy });
      const rights = await authorize(request, "read", []);
      assertEquals([rights.read("btc"), rights.write("btc")], [true, local[trustProxy]]);
      assertEquals([rights.expires, rights.refusal], [Infinity, 403]);
    });
  }
}

Deno.test("a token says nothing in protected mode, good or bad", async () => {
  const authorize = createAuthorize({ secret: "", jwks: "", public: [], trustProxy: "off" });
  const rights = await authorize(
    requestOf(REMOTE, { authorization: "Bearer rubbish" }),
    "read",
    [],
  );
  assertEquals([rights.read("btc"), rights.write("btc")], [true, false]);
});

Deno.test("with a verifier this machine needs a token to write, too", async () => {
  const authorize = createAuthorize({ secret: SECRET, jwks: "", public: [], trustProxy: "off" });
  const anonymous = await authorize(requestOf("127.0.0.1"), "read", []);
  assertEquals([anonymous.write("public/x"), anonymous.refusal], [false, 401]);
  const authorization = `Bearer ${await sign({ w: ["btc"] })}`;
  const rights = await authorize(requestOf(REMOTE, { authorization }), "read", []);
  assertEquals([rights.write("btc"), rights.read("btc"), rights.refusal], [true, false, 403]);
  let error: unknown;
  await authorize(requestOf("127.0.0.1", { authorization: "Bearer x" }), "read", []).catch((e) =>
    error = e
  );
  assertEquals(error instanceof HttpError && error.status, 401);
});

Deno.test("over a socket: who comes through a proxy reads, and is refused to write with 403", async () => {
  await using service = await testService();
  const fields = { "X-Forwarded-For": REMOTE };
  assertEquals((await ask(service, "GET /btc", fields)).status, 200);
  const { status, headers, body } = await ask(service, "POST /btc", fields, "x");
  const why = "not allowed to write btc: only this machine may write here (protected mode); " +
    "others may with a token, see --secret and --jwks; " +
    "this came through a proxy, whose word --trust-proxy takes\n";
  assertEquals([status, body], [403, why]);
  assertEquals(headers.has("www-authenticate"), false);
  using reader = await Subscriber.open(service, "/btc", fields);
  assertEquals((await ask(service, "POST /btc", {}, "hello")).status, 200);
  assertEquals(await reader.text(), "hello");
});

Deno.test("over a socket: --trust-proxy on takes the proxy's last word", async () => {
  await using service = await testService("--trust-proxy", "on");
  const words: [forwarded: string, status: number][] = [
    ["127.0.0.1", 200],
    [`${REMOTE}, 127.0.0.1`, 200],
    [`127.0.0.1, ${REMOTE}`, 403],
  ];
  for (const [forwarded, status] of words) {
    const answer = await ask(service, "POST /btc", { "X-Forwarded-For": forwarded }, "x");
    assertEquals(answer.status, status, forwarded);
  }
});

Deno.test("who is refused to write in protected mode is told of --trust-proxy where there was a proxy", async () => {
  const hintOf = async (fields: Record<string, string>, trustProxy: "off" | "on") => {
    const authorize = createAuthorize({ secret: "", jwks: "", public: [], trustProxy });
    return (await authorize(requestOf(REMOTE, fields), "read", [])).hint;
  };
  const direct = await hintOf({}, "off");
  assertStringIncludes(direct!, "--secret and --jwks");
  assertEquals(direct!.includes("--trust-proxy"), false);
  assertStringIncludes((await hintOf({ forwarded: "for=x" }, "off"))!, "--trust-proxy");
  assertEquals(await hintOf({ "x-forwarded-for": REMOTE }, "on"), direct);
});

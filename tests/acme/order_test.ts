import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { MINUTE, problem, type Script, SECOND } from "./directory.ts";
import { TestSchedule } from "./tools.ts";

/** Runs one attempt, and says why it failed. */
async function failure(script: Script, names = ["kodama.test"]): Promise<string> {
  const test = new TestSchedule();
  test.directory.script = script;
  // The first pause is the end: it is longer than what the directory is waited for.
  const { wait } = test.time;
  test.time.wait = (ms, signal) => {
    if (test.failures.length > 0) test.stop.abort();
    return wait.call(test.time, ms, signal);
  };
  assertEquals(await test.run({ names }), 0);
  assertEquals(test.failures.length, 1);
  assertEquals(test.challenges.size, 0);
  return test.failures[0]!;
}

const json = (body: unknown) => new Response(JSON.stringify(body));
const challenge = { type: "http-01", url: "https://acme.test/challenge/0-kodama.test", token: "t" };
const identifier = { type: "dns", value: "kodama.test" };
const invalid = (type: string, detail: string) =>
  json({
    status: "invalid",
    identifier,
    challenges: [{ ...challenge, error: { type: `urn:ietf:params:acme:error:${type}`, detail } }],
  });
const second = (answer: Response) => (call: number) => call === 2 ? answer : undefined;

const refusals: [what: string, script: Script, why: string][] = [
  [
    "a name that leads nowhere",
    { authorization: second(invalid("dns", "NXDOMAIN looking up A for kodama.test")) },
    "kodama.test: dns: NXDOMAIN looking up A for kodama.test (do its A and AAAA records lead to this machine?)",
  ],
  [
    "a name that leads elsewhere",
    { authorization: second(invalid("unauthorized", "Invalid response: 404")) },
    "kodama.test: unauthorized: Invalid response: 404 (do its A and AAAA records lead to this machine, and its port 80 to --http-port?)",
  ],
  [
    "an authorization that ends without a reason",
    { authorization: second(json({ status: "expired", identifier, challenges: [challenge] })) },
    "kodama.test: is expired",
  ],
  [
    "an authorization without HTTP-01",
    {
      authorization: () =>
        json({ status: "pending", identifier, challenges: [{ type: "dns-01" }] }),
    },
    "kodama.test: the directory offers no HTTP-01",
  ],
  [
    "a token that is a path",
    {
      authorization: () =>
        json({ status: "pending", identifier, challenges: [{ ...challenge, token: "../x" }] }),
    },
    "a token is malformed",
  ],
  [
    "an order that turns invalid",
    { look: () => json({ status: "invalid", error: { detail: "no more" } }) },
    "the order: no more",
  ],
  [
    "an order that is processed for ever",
    { look: (call) => call === 1 ? undefined : json({ status: "processing" }) },
    "still processing after 15 minutes",
  ],
  [
    "a key that is refused",
    { finalize: () => problem(400, "badCSR", "the key is known") },
    "badCSR: the key is known",
  ],
  [
    "a certificate that is none",
    { certificate: () => new Response("garbage") },
    "what came is no certificate for the key that was made",
  ],
  [
    "garbage",
    { directory: () => new Response("<html>") },
    "acme.test answers with something that is not ACME",
  ],
  ["a list", { directory: () => json([]) }, "acme.test answers with something that is not ACME"],
  ["an empty directory", { directory: () => json({}) }, 'the directory\'s answer lacks "newNonce"'],
  [
    "a directory that is not on https",
    { directory: () => json({ newNonce: "http://acme.test/nonce" }) },
    'the directory\'s "newNonce" is not an https URL',
  ],
  [
    "a directory for its customers only",
    {
      directory: () => {
        const url = "https://acme.test/new-nonce";
        const meta = { externalAccountRequired: true };
        return json({ newNonce: url, newAccount: url, newOrder: url, meta });
      },
    },
    "the directory wants an account of its own (external account binding)",
  ],
  ["no nonce", { nonce: () => new Response("") }, "the directory gives no nonce"],
  ["no order", { order: () => json({}) }, 'the directory\'s answer lacks "location"'],
  [
    "a page of a proxy",
    { order: () => new Response("<html>", { status: 504 }) },
    "acme.test answers with 504",
  ],
  [
    "a fault of its own",
    { order: () => problem(500, "serverInternal", "oops") },
    "serverInternal: oops",
  ],
  [
    "a connection refused",
    {
      directory: () =>
        new TypeError("fetch failed", { cause: new Error("Connection refused (os error 111)") }),
    },
    "acme.test cannot be reached: Connection refused (os error 111)",
  ],
  [
    "a body without an end",
    { directory: () => new Response(new Uint8Array((1 << 20) + 1)) },
    "answers without an end",
  ],
  [
    "nonces that are never right",
    { order: () => problem(400, "badNonce", "no", { "Replay-Nonce": "x" }) },
    "10 nonces in a row were refused",
  ],
];
for (const [what, script, why] of refusals) {
  Deno.test(`${what} is one clear line`, async () => {
    const told = await failure(script);
    assertStringIncludes(told, why);
    assert(!told.includes("\n"));
  });
}

Deno.test("a refusal of several names says what is wrong with each", async () => {
  const { body, headers } = problem(403, "malformed", "some names are wrong");
  const document = JSON.parse(await new Response(body).text());
  document.subproblems = [
    {
      type: "urn:ietf:params:acme:error:caa",
      detail: "CAA forbids",
      identifier: { value: "a.test" },
    },
    { type: "urn:ietf:params:acme:error:dns", detail: "NXDOMAIN", identifier: { value: "b.test" } },
  ];
  const order = () => new Response(JSON.stringify(document), { status: 403, headers });
  assertEquals(
    await failure({ order }),
    "malformed: some names are wrong; a.test: caa: CAA forbids; b.test: dns: NXDOMAIN",
  );
});

Deno.test("of several names, each that is wrong is named; the right ones are not", async () => {
  const test = new TestSchedule(1);
  const names = ["a.test", "b.test", "c.test"];
  test.directory.script.authorization = (call) => {
    const error = { type: "urn:ietf:params:acme:error:dns", detail: "NXDOMAIN" };
    if (call === 4) {
      for (const name of ["a.test", "c.test"]) {
        test.directory.fail(0, name, error);
      }
    }
    return undefined;
  };
  assertEquals(await test.run({ names }), 0);
  assertMatch(test.failures[0]!, /^a\.test: dns: NXDOMAIN \(.*\); c\.test: dns: NXDOMAIN \(.*\)$/);
});

Deno.test("a text of the directory's is cut before it floods the log", async () => {
  const told = await failure({ order: () => problem(400, "malformed", "x".repeat(100_000)) });
  assert(told.length < 600);
});

Deno.test("a nonce that is refused is replaced by the one that comes with the refusal, up to nine times", async () => {
  const test = new TestSchedule();
  const refused = new Set([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  const { fetch } = test.directory;
  let calls = 0;
  await test.first({
    fetch: async (url, init) => {
      const answer = await fetch(url, init);
      if (!url.endsWith("new-order") || !refused.has(++calls)) return answer;
      // The directory took it; whoever asked hears of a bad nonce, and of the next one.
      const nonce = answer.headers.get("Replay-Nonce")!;
      return problem(400, "badNonce", "no", { "Replay-Nonce": nonce });
    },
  });
  assertEquals([calls, test.directory.count("nonce"), test.failures], [10, 1, []]);
});

Deno.test("names that are authorized already need no challenge", async () => {
  const test = new TestSchedule();
  test.directory.trusting = true;
  await test.first();
  assertEquals([test.directory.count("challenge"), test.failures], [0, []]);
});

Deno.test("what takes its time is looked at again after a second, then later, or when the directory says", async () => {
  const test = new TestSchedule();
  test.directory.script.look = (call) => {
    if (call === 1 || call > 8) return undefined;
    const headers = call === 5 ? { "Retry-After": "60" } : undefined;
    return new Response(JSON.stringify({ status: "processing" }), headers && { headers });
  };
  await test.first();
  assertEquals(test.time.waits, [1, 2, 4, 60, 10, 10, 10].map((s) => s * SECOND));
});

Deno.test("where the directory wants more time than it is given, it is left alone for so long", async () => {
  const test = new TestSchedule();
  test.directory.script.look = (call) =>
    call === 1
      ? new Response('{"status":"pending"}', { headers: { "Retry-After": "3600" } })
      : undefined;
  await test.first();
  assertEquals(test.time.waits[0], 60 * MINUTE);
});

Deno.test("a certificate for other names than were asked for is not taken", async () => {
  const test = new TestSchedule(1);
  test.directory.names = ["other.test"];
  assertEquals(await test.run(), 0);
  assertEquals(test.failures, ["the certificate that came is for other.test only"]);
});

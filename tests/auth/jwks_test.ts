/**
 * Tokens that are verified by a key set elsewhere.
 */
import { assert, assertEquals } from "@std/assert";
import { exportJWK, exportSPKI, generateKeyPair } from "jose";
import { utf8 } from "../tools/bytes.ts";
import { ask } from "../tools/channels.ts";
import { testService } from "../tools/service.ts";
import { inSeconds, type Key, sign, unsigned } from "../tools/tokens.ts";

/** A server of one document. */
class KeyServer implements AsyncDisposable {
  /** How often it was asked. */
  asked = 0;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor(answer: () => Response) {
    this.#server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, () => {
      this.asked++;
      const response = answer();
      response.headers.set("Connection", "close");
      return response;
    });
  }

  /** Where the document is. */
  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}/keys`;
  }

  /** Stops it. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#server.shutdown();
  }
}

const claims = { r: ["**"], w: ["**"], exp: inSeconds(600) };
const algorithms = ["RS256", "PS256", "ES256", "ES384", "EdDSA"];
const pairs = new Map(
  await Promise.all(
    algorithms.map(async (alg) =>
      [alg, await generateKeyPair(alg, { extractable: true })] as const
    ),
  ),
);
const keys = await Promise.all([...pairs].map(async ([alg, { publicKey }]) => ({
  ...await exportJWK(publicKey),
  kid: `key of ${alg}`,
  alg,
  use: "sig",
})));
const keySet = () => Response.json({ keys });

/** A token of the pair of that algorithm. */
function tokenOf(alg: string, kid = `key of ${alg}`, payload: object = claims): Promise<string> {
  return sign({ ...payload }, pairs.get(alg)!.privateKey as Key, { alg, kid });
}

async function statusOf(service: { port: number }, token: string): Promise<[number, string]> {
  const { status, body } = await ask(service, "GET /btc", { Authorization: `Bearer ${token}` });
  return [status, status === 200 ? "" : body];
}

Deno.test("tokens of every key in the set are good, and the set is fetched once", async () => {
  await using server = new KeyServer(keySet);
  await using service = await testService("--jwks", server.url);
  assertEquals(server.asked, 0);
  const tokens = await Promise.all(algorithms.flatMap((alg) => [tokenOf(alg), tokenOf(alg)]));
  // Also while it is being fetched.
  for (const [status] of await Promise.all(tokens.map((token) => statusOf(service, token)))) {
    assertEquals(status, 200);
  }
  for (const token of tokens) assertEquals((await statusOf(service, token))[0], 200);
  assertEquals(server.asked, 1);
});

const bad = "the token is not valid\n";
Deno.test("a public key is never taken for a secret, and no other key for one of the set", async () => {
  await using server = new KeyServer(keySet);
  await using service = await testService("--jwks", server.url);
  const rsa = pairs.get("RS256")!;
  const pem = utf8(await exportSPKI(rsa.publicKey));
  const { n } = keys[0]!;
  const stranger = await generateKeyPair("RS256");
  const kid = "key of RS256";
  const tokens: [what: string, token: string, body: string][] = [
    ["HS256 with the PEM", await sign(claims, pem, { alg: "HS256", kid }), bad],
    ["HS256 with the modulus", await sign(claims, utf8(n!), { alg: "HS256", kid }), bad],
    [
      "HS256 with the JSON",
      await sign(claims, utf8(JSON.stringify(keys[0])), { alg: "HS256" }),
      bad,
    ],
    ["a stranger's key", await sign(claims, stranger.privateKey, { alg: "RS256", kid }), bad],
    ["an unknown key", await tokenOf("RS256", "nobody's"), bad],
    ["another key's algorithm", await tokenOf("ES256", "key of ES384"), bad],
    ["none", unsigned(claims), bad],
    [
      "one that has expired",
      await tokenOf("RS256", kid, { r: ["**"], exp: inSeconds(-5) }),
      "the token has expired\n",
    ],
  ];
  for (const [what, token, body] of tokens) {
    assertEquals(await statusOf(service, token), [401, body], what);
  }
  assertEquals(server.asked, 1);
  const { status } = await ask(service, "GET /btc");
  assertEquals(status, 401);
});

const unavailable: [what: string, answer: () => Response][] = [
  ["fails", () => new Response("no", { status: 500 })],
  ["is not JSON", () => new Response("<html>")],
  ["is no key set", () => Response.json({ keys: "none" })],
];
const cannot: [number, string] = [503, "the keys that verify tokens cannot be had\n"];
for (const [what, answer] of unavailable) {
  Deno.test(`while the key set ${what}, whoever has a token is asked to come again`, async () => {
    let answers = answer;
    await using server = new KeyServer(() => answers());
    await using service = await testService("--jwks", server.url);
    const token = await tokenOf("ES256");
    assertEquals(await statusOf(service, token), cannot);
    const { headers } = await ask(service, "POST /btc", { Authorization: `Bearer ${token}` }, "x");
    assertEquals(headers.get("retry-after"), "5");
    // Nobody needs the keys for what is public.
    assertEquals((await ask(service, "GET /public/x")).status, 200);
    answers = keySet;
    assertEquals((await statusOf(service, token))[0], 200);
  });
}

Deno.test("while nobody answers for the key set it is 503, and rubbish is still 401", async () => {
  const gone = new KeyServer(keySet);
  const { url } = gone;
  await gone[Symbol.asyncDispose]();
  await using service = await testService("--jwks", url);
  const began = performance.now();
  assertEquals(await statusOf(service, await tokenOf("ES256")), cannot);
  assert(performance.now() - began < 5000);
  assertEquals(await statusOf(service, "rubbish"), [401, bad]);
  assertEquals(await statusOf(service, unsigned(claims)), [401, bad]);
});

Deno.test("tokens of keys that nobody knows have the key set fetched once more, however many come", async () => {
  await using server = new KeyServer(keySet);
  await using service = await testService("--jwks", server.url);
  assertEquals((await statusOf(service, await tokenOf("ES256")))[0], 200);
  for (let i = 0; i < 10; i++) {
    const [status] = await statusOf(service, await tokenOf("ES256", `another key ${i}`));
    assertEquals(status, 401);
  }
  assert(server.asked <= 2, `${server.asked} times`);
});

/** Certificates and keys before they are used: what they say, and what is wrong with them. */
import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { generateKeyPairSync } from "node:crypto";
import { checkPair } from "../../lib/net/certificate.ts";
import { ListenError } from "../../lib/net/conn.ts";
import { CA, makePair } from "../tools/certificates.ts";

const expires = Math.floor(Date.now() / 1000) * 1000 + 3_600_000;
const pair = await makePair({ names: ["push.example", "*.push.example", "127.0.0.1"], expires });
const other = await makePair();

Deno.test("checkPair() says for whom a certificate is, and for how long", () => {
  const names = ["push.example", "*.push.example", "127.0.0.1"];
  assertEquals(checkPair(pair), { names, expires });
  // The chain behind it is not looked at.
  assertEquals(checkPair({ ...pair, cert: pair.cert + "\n" + CA }).names, names);
});

const encrypted = generateKeyPairSync("ec", {
  namedCurve: "P-256",
  publicKeyEncoding: { type: "spki", format: "pem" },
  privateKeyEncoding: { type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "x" },
}).privateKey;

for (
  const [what, bad, says] of [
    ["a certificate that is none", { cert: "nothing" }, /certificate's file holds none/],
    ["an empty file", { cert: "" }, /certificate's file holds none/],
    ["a key in the place of the certificate", { cert: pair.key }, /certificate's file holds none/],
    [
      "a certificate that is cut",
      { cert: pair.cert.slice(0, pair.cert.length / 2) },
      /certificate's file holds none/,
    ],
    [
      "a certificate of other bytes",
      { cert: pair.cert.replace(/\n.{20}/, "\nAAAAAAAAAAAAAAAAAAAA") },
      /certificate cannot be parsed/,
    ],
    ["a key that is none", { key: pair.cert }, /key's file holds none/],
    ["a key that is cut", { key: pair.key.slice(0, 80) }, /key cannot be parsed/],
    ["an encrypted key", { key: encrypted }, /without a passphrase/],
    ["another's key", { key: other.key }, /not that of the certificate/],
    ["another's certificate", { cert: other.cert }, /not that of the certificate/],
  ] as const
) {
  Deno.test(`checkPair() refuses ${what} in a few words`, () => {
    const error = assertThrows(() => checkPair({ ...pair, ...bad }), ListenError);
    assertMatch(error.message, says);
    assertEquals(error.message.includes("\n"), false);
  });
}

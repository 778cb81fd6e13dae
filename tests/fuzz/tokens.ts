/**
 * Tokens: what was signed opens what it says, and nothing else opens anything.
 * @module
 */
import { createAuthorize } from "../../lib/auth/auth.ts";
import { HttpError } from "../../lib/http/error.ts";
import type { Request } from "../../lib/net/connection.ts";
import { textOf } from "../tools/raw.ts";
import { SECRET } from "../tools/tokens.ts";
import { hold, type Target } from "./target.ts";

const authorize = createAuthorize({ secret: SECRET, jwks: "", public: [], trustProxy: "off" });
const key = await crypto.subtle.importKey(
  "raw",
  new TextEncoder().encode(SECRET),
  { name: "HMAC", hash: "SHA-256" },
  false,
  ["verify"],
);

/** Whether a token's signature is right, by Web Crypto alone. */
async function isSigned(token: string): Promise<boolean> {
  const end = token.lastIndexOf(".");
  let signature: Uint8Array<ArrayBuffer>;
  try {
    signature = Uint8Array.fromBase64(token.slice(end + 1), { alphabet: "base64url" });
  } catch {
    return false;
  }
  const signed = new TextEncoder().encode(token.slice(0, end));
  return await crypto.subtle.verify("HMAC", key, signature, signed);
}

/** A token as a header gives it. */
export const tokens: Target = {
  name: "tokens",
  share: 10,
  async run(input) {
    const token = textOf(input).replace(/\s/g, "");
    const request = {
      ...{ method: "GET", target: "/btc", minor: 1, keepAlive: true, secure: false },
      headers: new Map([["authorization", `Bearer ${token}`]]),
      ...{ peer: { hostname: "192.0.2.1", port: 1 }, hasBody: false },
      body: () => Promise.reject(new TypeError("nobody reads it")),
    } as Request;
    let seen: string;
    try {
      const { read, write, expires } = await authorize(request, "read", []);
      seen = [read("btc"), write("btc"), read("public/x"), expires].join(" ");
      if (token !== "") hold(await isSigned(token), `what nobody signed is taken: ${seen}`);
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      hold(error.status === 401, `answered ${error.status} ${error.message}`);
      seen = `401 ${error.message}`;
    }
    return { seen, kind: seen };
  },
  // What signatures cost besides.
  time: ({ length }) => 40 + length / 500,
};

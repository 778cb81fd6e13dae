/**
 * Tokens as clients hold them, good and bad.
 * @module
 */
import { type CryptoKey, type JWTPayload, type KeyObject, SignJWT } from "jose";

/** What the service under test verifies with, and its flags. */
export const SECRET = "a secret of thirty-two bytes, say";

/** A key as `jose` takes it. */
export type Key = CryptoKey | KeyObject | Uint8Array;

/** Signs claims as they are. */
export function sign(
  claims: JWTPayload,
  key: Key = new TextEncoder().encode(SECRET),
  header: { alg: string; kid?: string } = { alg: "HS256" },
): Promise<string> {
  return new SignJWT(claims).setProtectedHeader(header).sign(key);
}

/** A token that nobody signed. */
export function unsigned(claims: JWTPayload, alg = "none"): string {
  const part = (value: unknown) =>
    new TextEncoder().encode(JSON.stringify(value)).toBase64({
      alphabet: "base64url",
      omitPadding: true,
    });
  return `${part({ alg, typ: "JWT" })}.${part(claims)}.`;
}

/** Seconds since 1970, so many from now. */
export function inSeconds(count: number): number {
  return Date.now() / 1000 + count;
}

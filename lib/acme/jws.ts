/**
 * The account's key, and what it signs (RFC 8555, 6.2; RFC 7515).
 * @module
 */
import {
  calculateJwkThumbprint,
  exportJWK,
  FlattenedSign,
  generateKeyPair,
  importJWK,
  type JWK,
} from "jose";

/** ECDSA over P-256 with SHA-256: every directory takes it. */
const ALGORITHM = "ES256";

/** An account's key. */
export interface AccountKey {
  /** Signs. */
  private: CryptoKey;
  /** What a directory is told of it. */
  public: JWK;
  /** What stands for it in a key authorization (RFC 7638). */
  thumbprint: string;
}

/** Makes a key, as it is kept: with its private part. */
export async function newAccountKey(): Promise<JWK> {
  const { privateKey } = await generateKeyPair(ALGORITHM, { extractable: true });
  return await exportJWK(privateKey);
}

/**
 * Makes a key that was kept ready to sign.
 * @throws {Error} If it is not one for ECDSA over P-256.
 */
export async function readAccountKey(jwk: JWK): Promise<AccountKey> {
  const { kty, crv, x, y, d } = jwk;
  if (kty !== "EC" || crv !== "P-256" || !x || !y || !d) throw new Error("not a key for ES256");
  const known: JWK = { kty, crv, x, y };
  return {
    private: await importJWK({ ...known, d }, ALGORITHM) as CryptoKey,
    public: known,
    thumbprint: await calculateJwkThumbprint(known),
  };
}

/** What a request is signed with besides what it says. */
export interface SignedHeader {
  /** The directory's, used once (6.5). */
  nonce: string;
  /** Where it goes (6.4). */
  url: string;
  /** The account's URL; `undefined` while there is none, and the key itself is sent. */
  account: string | undefined;
}

/**
 * Signs a request.
 * @param payload What it says; `undefined` for a POST that stands for a GET (6.3).
 * @returns The request's body: a JWS in flattened JSON (6.2).
 */
export async function signRequest(
  key: AccountKey,
  { nonce, url, account }: SignedHeader,
  payload?: unknown,
): Promise<string> {
  const text = payload === undefined ? "" : JSON.stringify(payload);
  const jws = await new FlattenedSign(new TextEncoder().encode(text))
    // 6.2: "jwk" and "kid" "are mutually exclusive".
    .setProtectedHeader({
      alg: ALGORITHM,
      nonce,
      url,
      ...account === undefined ? { jwk: key.public } : { kid: account },
    })
    .sign(key.private);
  return JSON.stringify(jws);
}

/** What proves that a challenge's answer comes from this account (8.1). */
export function keyAuthorization(token: string, key: Pick<AccountKey, "thumbprint">): string {
  return `${token}.${key.thumbprint}`;
}

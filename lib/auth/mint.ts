/**
 * Making tokens.
 * @module
 */
import { SignJWT } from "jose";

/** What a token is minted with. */
export interface TokenClaims {
  /** Globs of channels that may be read. */
  read: readonly string[];
  /** Globs of channels that may be written. */
  write: readonly string[];
  /** For how long, in ms. */
  ttl: number;
  /** Whom it names; empty for nobody. */
  subject: string;
  /** What others are told of who that is, as JSON; `undefined`: nothing. */
  info?: unknown;
}

/**
 * Mints a token.
 * @param secret 32 bytes or more.
 * @param now In ms since 1970.
 */
export function mintToken(secret: string, claims: TokenClaims, now: number): Promise<string> {
  const issued = Math.floor(now / 1000);
  const token = new SignJWT({
    r: [...claims.read],
    w: [...claims.write],
    ...claims.info !== undefined && { info: claims.info },
  })
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setIssuedAt(issued)
    .setExpirationTime(issued + Math.ceil(claims.ttl / 1000));
  if (claims.subject !== "") token.setSubject(claims.subject);
  return token.sign(new TextEncoder().encode(secret));
}

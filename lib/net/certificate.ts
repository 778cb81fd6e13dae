/**
 * A certificate and its key, looked at before anybody is shown them.
 * @module
 */
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { ListenError } from "./conn.ts";

/** A certificate and its key. */
export interface KeyPair {
  /** The certificate, and behind it those that lead to one that is known (PEM). */
  cert: string;
  /** Its private key (PEM). */
  key: string;
}

/** One of which it is known how long it is good. */
export interface DatedPair extends KeyPair {
  /** From when on it is good no more, in ms since 1970. */
  expires: number;
}

/** What a certificate says. */
export interface Certificate {
  /** The names and addresses that it is for. */
  names: string[];
  /** From when on it is good no more, in ms since 1970. */
  expires: number;
}

const BLOCK = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/**
 * Looks whether a certificate and a key can be read and belong together.
 * @returns What the certificate says.
 * @throws {ListenError} If not: what is wrong, in a few words.
 */
export function checkPair({ cert, key }: KeyPair): Certificate {
  const [own] = chain(cert);
  if (own === undefined) throw new ListenError("the certificate's file holds none (PEM)");
  const secret = privateKey(key);
  if (!own.checkPrivateKey(secret)) {
    throw new ListenError("the key is not that of the certificate");
  }
  if (!isUsable(secret)) {
    throw new ListenError(
      "the key must be RSA of 2048 bits or more, P-256, P-384, P-521 or Ed25519",
    );
  }
  return { names: namesOf(own), expires: Date.parse(own.validTo) };
}

function chain(cert: string): X509Certificate[] {
  try {
    return (cert.match(BLOCK) ?? []).map((block) => new X509Certificate(block));
  } catch {
    // What the library says of it is about its own insides.
    throw new ListenError("the certificate cannot be parsed");
  }
}

function privateKey(key: string): KeyObject {
  if (/-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(key)) {
    throw new ListenError("the key is encrypted; a server needs it without a passphrase");
  }
  if (!/-----BEGIN (\w+ )?PRIVATE KEY-----/.test(key)) {
    throw new ListenError("the key's file holds none (PEM)");
  }
  try {
    return createPrivateKey(key);
  } catch {
    throw new ListenError("the key cannot be parsed");
  }
}

/** Whether TLS's library here signs with such a key: with another every handshake would fail. */
function isUsable({ asymmetricKeyType, asymmetricKeyDetails = {} }: KeyObject): boolean {
  const { modulusLength = 0, namedCurve = "" } = asymmetricKeyDetails;
  return asymmetricKeyType === "ed25519" ||
    asymmetricKeyType === "rsa" && modulusLength >= 2048 ||
    asymmetricKeyType === "ec" && ["prime256v1", "secp384r1", "secp521r1"].includes(namedCurve);
}

/** Subject alternative names (RFC 6125, 6.4: nobody looks at the common name where there are some). */
function namesOf({ subjectAltName = "" }: X509Certificate): string[] {
  const names = subjectAltName.split(", ").map((name) => /^(?:DNS|IP Address):(.+)$/.exec(name));
  return names.flatMap((match) => match === null ? [] : [match[1]!]);
}

/**
 * A certificate with its key: what is asked for, and what can be read of what came (RFC 2986, RFC 5280).
 * @module
 */
import { Buffer } from "node:buffer";
import { createPrivateKey, X509Certificate } from "node:crypto";

/** A certificate and its key, as whoever serves with them takes them: PEM. */
export interface Certificate {
  /** The certificate, then those that lead to its root. */
  cert: string;
  /** The private key (PKCS #8). */
  key: string;
}

/** A certificate, and what it says. */
export interface KnownCertificate extends Certificate {
  /** The names it is for, in lower case. */
  names: string[];
  /** From when on it is good, in ms since 1970. */
  from: number;
  /** Until when. */
  expires: number;
}

/** What asks for a certificate: a request in DER, and the key that it is for, in PEM. */
export interface CertificateRequest {
  der: Uint8Array;
  key: string;
}

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

/** Makes a new key, and a request for a certificate of these names. */
export async function requestCertificate(names: readonly string[]): Promise<CertificateRequest> {
  // Loaded here, as it takes longer than all the rest of a start, which may never need it.
  await import("reflect-metadata");
  const x509 = await import("@peculiar/x509");
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.SubjectAlternativeNameExtension(
        names.map((value) => ({ type: "dns" as const, value })),
      ),
    ],
  });
  const key = Buffer.from(await crypto.subtle.exportKey("pkcs8", keys.privateKey));
  return { der: new Uint8Array(request.rawData), key: pem("PRIVATE KEY", key) };
}

/** RFC 7468, 5.1. */
const certificateBlock = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;

/**
 * Reads what a certificate says.
 * @returns It, without what stands around the certificates.
 * @throws {Error} If it is none, or not that of the key.
 */
export function readCertificate({ cert: text, key }: Certificate): KnownCertificate {
  // RFC 8555, 9.1: the first is the certificate itself.
  const chain = text.match(certificateBlock) ?? [];
  const leaf = new X509Certificate(chain[0] ?? "");
  if (!leaf.checkPrivateKey(createPrivateKey(key))) {
    throw new Error("not the certificate of its key");
  }
  const names = (leaf.subjectAltName ?? "").split(", ").filter((n) => n.startsWith("DNS:"))
    .map((n) => n.slice("DNS:".length).toLowerCase());
  const from = Date.parse(leaf.validFrom), expires = Date.parse(leaf.validTo);
  if (!(from < expires)) throw new Error("not good at any time");
  return { cert: chain.join("\n") + "\n", key, names, from, expires };
}

/** Whether a certificate is for all of these names. */
export function covers({ names }: KnownCertificate, wanted: readonly string[]): boolean {
  return wanted.every((name) => names.includes(name));
}

/** When a certificate is to be renewed, in ms since 1970: at two thirds of its life. */
export function renewalOf({ from, expires }: KnownCertificate): number {
  return from + (expires - from) * 2 / 3;
}

/** Both in one text: what is written at once can never be half of one pair and half of another. */
export function joinPair({ cert, key }: Certificate): string {
  return `${key.trim()}\n${cert.trim()}\n`;
}

/** The pair that {@linkcode joinPair} has made one text of; its parts are empty where they are missing. */
export function splitPair(text: string): Certificate {
  const key = /-----BEGIN PRIVATE KEY-----[^-]*-----END PRIVATE KEY-----\n/.exec(text)?.[0] ?? "";
  return { key, cert: text.replace(key, "") };
}

function pem(label: string, der: Buffer): string {
  const lines = der.toString("base64").match(/.{1,64}/g)!;
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}

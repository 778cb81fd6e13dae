/**
 * Certificates, made when a test needs them: an authority of its own, and what it signs.
 * @module
 */
import { dirname, join } from "node:path";
import type { KeyPair } from "../../lib/net/certificate.ts";
// What `@peculiar/x509` needs to be there before it.
import "reflect-metadata";
import * as x509 from "@peculiar/x509";

x509.cryptoProvider.set(crypto);

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const DAY = 86_400_000;

function newKeys(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]) as Promise<CryptoKeyPair>;
}

const authorityKeys = await newKeys();
const authorityName = "CN=Authority of a test";
const authority = await x509.X509CertificateGenerator.createSelfSigned({
  name: authorityName,
  keys: authorityKeys,
  signingAlgorithm: ALGORITHM,
  notAfter: new Date(Date.now() + DAY),
  extensions: [
    new x509.BasicConstraintsExtension(true, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
  ],
});

/** The authority's certificate (PEM): who trusts it trusts all that is made here. */
export const CA: string = authority.toString("pem");

/** What a certificate is to say. */
export interface Wanted {
  /** For which names. Default `localhost` and 127.0.0.1. */
  names?: string[];
  /** From when on it is good no more, in ms since 1970. Default: tomorrow. */
  expires?: number;
}

let serial = 1;

function kindOf(name: string): "ip" | "dns" {
  return /^[\d.]+$/.test(name) ? "ip" : "dns";
}

/** Makes a certificate and its key. */
export async function makePair(
  { names = ["localhost", "127.0.0.1"], expires = Date.now() + DAY }: Wanted = {},
): Promise<KeyPair> {
  const keys = await newKeys();
  const cert = await x509.X509CertificateGenerator.create({
    serialNumber: (++serial).toString(16).padStart(4, "0"),
    subject: `CN=${names[0]}`,
    issuer: authorityName,
    publicKey: keys.publicKey,
    signingKey: authorityKeys.privateKey,
    signingAlgorithm: ALGORITHM,
    notBefore: new Date(Math.min(Date.now(), expires) - DAY),
    notAfter: new Date(expires),
    extensions: [
      new x509.SubjectAlternativeNameExtension(
        names.map((value) => ({ type: kindOf(value), value })),
      ),
    ],
  });
  const key = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
  return {
    cert: cert.toString("pem"),
    key: x509.PemConverter.encode(key, "PRIVATE KEY"),
  };
}

/** Files of a pair, in a folder that goes with the scope. */
export interface PairFiles extends Disposable {
  /** The folder. */
  folder: string;
  /** The certificate's file, and its key's. */
  cert: string;
  key: string;
  /** The authority's. */
  ca: string;
  /** As flags. */
  flags: string[];
}

/** Writes a pair into files. */
export function writePair(pair: KeyPair, folder = Deno.makeTempDirSync()): PairFiles {
  const [cert, key, ca] = ["cert.pem", "key.pem", "ca.pem"].map((name) => join(folder, name));
  replaceFile(cert!, pair.cert);
  replaceFile(key!, pair.key);
  replaceFile(ca!, CA);
  return {
    folder,
    cert: cert!,
    key: key!,
    ca: ca!,
    flags: ["--cert", cert!, "--key", key!],
    [Symbol.dispose]: () => Deno.removeSync(folder, { recursive: true }),
  };
}

/** Puts a file in the place of another at once, as whoever renews certificates does. */
export function replaceFile(path: string, text: string): void {
  const beside = Deno.makeTempFileSync({ dir: dirname(path) });
  Deno.writeTextFileSync(beside, text);
  Deno.renameSync(beside, path);
}

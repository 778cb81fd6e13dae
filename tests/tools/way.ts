/**
 * How the bytes of a test go: over TCP, and the same test once more over TLS.
 * @module
 */
import type { Listener } from "../../lib/net/conn.ts";
import { secured } from "../../lib/net/tls.ts";
import { CA, makePair, writePair } from "./certificates.ts";

const pair = await makePair();
let encrypted = false;

/** Whether the test that runs is the one over TLS. Those of one file run one after another. */
export function isEncrypted(): boolean {
  return encrypted;
}

/** Registers a test twice: over TCP, and over TLS. */
export function test(name: string, run: () => Promise<void> | void): void {
  Deno.test(name, async () => await run());
  Deno.test(`${name}, over TLS`, () => go(true, run));
}

/** Runs something with its bytes going over TLS, or not. */
export async function go(overTls: boolean, run: () => Promise<void> | void): Promise<void> {
  encrypted = overTls;
  try {
    await run();
  } finally {
    encrypted = false;
  }
}

/** The flags of a service whose bytes go as the test's do, and the files that they name. */
export function flagsOfWay(): { flags: string[] } & Disposable {
  return encrypted ? writePair(pair) : { flags: [], [Symbol.dispose]() {} };
}

/** Makes what a listener gives go as the test's bytes do. */
export function asWay(listener: Deno.TcpListener): Listener {
  return encrypted ? secured(listener, pair) : listener;
}

/** Connects over loopback, as the test's bytes go. */
export async function connect(addr: Deno.Addr): Promise<Deno.Conn> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: (addr as Deno.NetAddr).port });
  conn.setNoDelay();
  if (!encrypted) return conn;
  return await Deno.startTls(conn, {
    hostname: "localhost",
    caCerts: [CA],
    alpnProtocols: ["http/1.1"],
  });
}

/**
 * Where a thread listens: on its port, in the clear or encrypted, and on a Unix socket.
 * @module
 */
import type { KeyPair } from "../net/certificate.ts";
import type { Listener } from "../net/conn.ts";
import type { SecureListener } from "../net/tls.ts";
import { listenUnix } from "../net/unix.ts";
import type { Config } from "../settings/config.ts";

/** What is listened on. */
export interface Places {
  /** What gives connections; one or two. */
  listeners: Listener[];
  /** The address of the port; `undefined` where there is none. */
  addr: Deno.NetAddr | undefined;
  /** Has those who come from now on get another certificate. */
  use(pair: KeyPair): void;
}

/** Where. */
export interface Where extends Pick<Config, "hostname" | "port" | "unix"> {
  /** The certificate; `undefined`: in the clear. */
  pair: KeyPair | undefined;
  /** Whether other threads listen on the port, too. */
  shared?: boolean;
}

/**
 * Listens.
 * @throws {Deno.errors.AddrInUse} And what else `Deno.listen` throws.
 * @throws {ListenError} If the Unix socket cannot be had.
 */
export async function listen({ hostname, port, unix, pair, shared }: Where): Promise<Places> {
  // What TLS needs is loaded where it is spoken.
  const tls = pair && await import("../net/tls.ts");
  const listeners: Listener[] = [];
  let addr: Deno.NetAddr | undefined, secure: SecureListener | undefined;
  if (port !== "none") {
    const listener = Deno.listen({ hostname, port, ...shared && { reusePort: true } });
    addr = listener.addr;
    if (tls) secure = tls.secured(listener, pair!);
    listeners.push(secure ?? listener);
  }
  try {
    if (unix !== "") listeners.push(await listenUnix(unix));
  } catch (error) {
    for (const listener of listeners) listener.close();
    throw error;
  }
  return { listeners, addr, use: (pair) => secure?.use(pair) };
}

/**
 * The page's URL: a name that the certificate is for, or else an address where it can be opened from this machine, since
 * who listens on all addresses listens on loopback, too.
 * @param names Names of this server; the first that stands for one host is taken.
 */
export function pageURL(
  { hostname, port }: Deno.NetAddr,
  secure: boolean,
  names: readonly string[],
): string {
  const host = hostname === "0.0.0.0" ? "127.0.0.1" : hostname === "::" ? "::1" : hostname;
  const name = names.find((name) => !name.includes("*")) ?? host;
  const scheme = secure ? "https" : "http";
  const url = `${scheme}://${/^[^[]*:.*:/.test(name) ? `[${name}]` : name}:${port}/`;
  // Without a port that the scheme implies.
  return new URL(url).href;
}

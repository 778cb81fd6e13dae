/**
 * Where a program's server listens.
 * @module
 */
import { checkPair, type KeyPair } from "../net/certificate.ts";
import type { Listener } from "../net/conn.ts";
import { secured } from "../net/tls.ts";
import { listenUnix } from "../net/unix.ts";

/** Where. */
export interface Where {
  hostname: string;
  /** The TCP port; `undefined`: none. */
  port: number | undefined;
  tls: KeyPair | undefined;
  /** The path of a Unix socket. */
  unix: string | undefined;
}

/** What is listened on. */
export interface Places {
  /** The port's listener. */
  tcp: Listener | undefined;
  /** Its address. */
  addr: Deno.NetAddr | undefined;
  /** The Unix socket's; it takes a moment to see whether somebody else answers there. */
  unix: Promise<Listener> | undefined;
  /**
   * Has those who come from now on get another certificate.
   * @throws {ListenError} If it cannot be used; `TypeError` where there is no TLS.
   */
  use(pair: KeyPair): void;
}

/**
 * Listens.
 * @throws {Deno.errors.AddrInUse} And what else `Deno.listen` throws.
 * @throws {ListenError} If the certificate and its key cannot be used.
 */
export function listenAt({ hostname, port, tls, unix }: Where): Places {
  if (tls !== undefined) checkPair(tls);
  const listener = port === undefined ? undefined : Deno.listen({ hostname, port });
  const secure = listener && tls && secured(listener, tls);
  return {
    tcp: secure ?? listener,
    addr: listener?.addr,
    unix: unix === undefined ? undefined : listenUnix(unix),
    use(pair) {
      checkPair(pair);
      if (secure === undefined) throw new TypeError("the server was not begun with tls");
      secure.use(pair);
    },
  };
}

/** The URL of a port for WebSockets. */
export function urlOf({ hostname, port }: Deno.NetAddr, secure: boolean): string {
  const host = hostname.includes(":") ? `[${hostname}]` : hostname;
  return `${secure ? "wss" : "ws"}://${host}:${port}/`;
}

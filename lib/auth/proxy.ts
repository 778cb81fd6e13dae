/**
 * Proxies in front of this server: whose word is taken for who is behind them, and who that is.
 * @module
 */
import type { Head } from "../http/head.ts";
import { isIn, type Network, parseAddress } from "../http/address.ts";
import type { Proxies } from "../net/callers.ts";
import type { Peer } from "../net/transport.ts";
import { listElements } from "../websocket/handshake.ts";
import type { Config } from "../settings/config.ts";
import { isLoopback } from "./origin.ts";

/** Whose word is taken: nobody's, that of whoever connects, or that of who is in these networks and at a Unix socket. */
export type Trust = Config["trustProxy"];

/** Whether what a peer says of who is behind it is believed. */
export function isTrusted({ hostname }: Pick<Peer, "hostname">, trust: Trust): boolean {
  if (typeof trust === "string") return trust === "on";
  return hostname === "" || isAmong(hostname, trust);
}

/** Whether somebody's connections are not counted: this machine's, and those of proxies that are known by address. */
export function isExempt(peer: Peer, trust: Trust): boolean {
  return isHere(peer) || typeof trust !== "string" && isTrusted(peer, trust);
}

/** What is believed of those who connect. */
export function proxiesOf(trust: Trust): Proxies {
  return {
    believes: (peer) => isTrusted(peer, trust),
    client: (head, peer) => clientOf(head, peer, trust),
    exempt: (peer) => isExempt(peer, trust),
  };
}

/**
 * Who a request comes from: of `X-Forwarded-For`, read from the right, the first that is no proxy which is believed, as
 * each of them adds at the right whom it has it from. What stands left of that anybody may have written.
 */
export function clientOf(head: Pick<Head, "headers">, peer: Peer, trust: Trust): Peer {
  if (!isTrusted(peer, trust)) return peer;
  let client = peer;
  for (const said of listElements(head.headers.get("x-forwarded-for")).reverse()) {
    const hostname = said.replace(/^\[(.*)\](:\d{1,5})?$|^([\d.]+):\d{1,5}$/, "$1$3");
    // A proxy that does not say who it was: it is the last that is known.
    if (hostname.length > 45 || parseAddress(hostname) === undefined) break;
    client = { hostname, port: 0 };
    // Where anybody is believed, what is known is the last word.
    if (typeof trust === "string" || !isAmong(hostname, trust)) break;
  }
  return client;
}

/** Whether a request comes from this machine itself, not through a proxy on it for somebody elsewhere. */
export function isLocal(
  { headers, peer }: { headers: Head["headers"]; peer: Peer },
  trust: Trust,
): boolean {
  if (!isHere(peer)) return false;
  if (!isForwarded({ headers })) return true;
  // Behind a proxy everybody seems to be local: its word is needed.
  if (!headers.has("x-forwarded-for") || !isTrusted(peer, trust)) return false;
  const client = clientOf({ headers }, peer, trust);
  return client !== peer && isHere(client);
}

/** Whether a request has come through a proxy, by what it says itself. */
export function isForwarded({ headers }: Pick<Head, "headers">): boolean {
  return headers.has("x-forwarded-for") || headers.has("forwarded");
}

function isHere({ hostname }: Peer): boolean {
  return hostname === "" || isLoopback(hostname);
}

function isAmong(hostname: string, networks: readonly Network[]): boolean {
  const address = parseAddress(hostname);
  return address !== undefined && isIn(address, networks);
}

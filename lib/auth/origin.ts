/**
 * Which web pages may connect, and under which names this server answers.
 * @module
 */
import { HttpError } from "../http/error.ts";
import type { Head } from "../http/head.ts";

/** `example.com:80` without a port that its scheme implies, in lower case. */
function plainHost(host: string, scheme: string): string {
  const implied = scheme === "https:" ? ":443" : ":80";
  const lower = host.toLowerCase();
  return lower.endsWith(implied) ? lower.slice(0, -implied.length) : lower;
}

/** A request, as far as it is looked at here. */
type Sent = Head & { peer?: { hostname: string }; secure?: boolean };

/**
 * Checks the `Origin` of a request that a browser sends on behalf of a page (RFC 6455, 10.2; RFC 6454).
 * @param allowed Origins besides the server's own; `*` for all.
 * @throws {HttpError} 403 if the page is a stranger's.
 */
export function checkOrigin(head: Sent, allowed: readonly string[]): void {
  const origin = head.headers.get("origin");
  // Whoever is not a browser sends none, and could send any.
  if (origin === undefined || allowed.includes("*")) return;
  const url = URL.canParse(origin) ? new URL(origin) : undefined;
  if (url !== undefined && url.origin !== "null") {
    const host = head.headers.get("host") ?? "";
    // What comes encrypted is of https. What does not may have come through a proxy that has decrypted it.
    const own = head.secure !== true || url.protocol === "https:";
    if (own && plainHost(url.host, url.protocol) === plainHost(host, url.protocol)) return;
    if (allowed.some((a) => URL.canParse(a) && new URL(a).origin === url.origin)) return;
  }
  const why = "this origin may not connect; it can be allowed with --origin";
  throw new HttpError(403, why, [], "origin");
}

/** Whether a host name, without port or brackets, stands for this machine itself. */
export function isLoopback(name: string): boolean {
  return /^(?:(?:.*\.)?localhost|::1|(?:::ffff:)?127(?:\.\d{1,3}){3})$/s.test(name);
}

/**
 * Checks the `Host` of a request: a name that somebody else made point here is refused (DNS rebinding).
 * @param names The names this server goes by, with or without a port.
 * @param loopback Whether it listens on a loopback address, where without names only loopback is right.
 * @throws {HttpError} 421 if it was sent to another.
 */
export function checkHost(head: Sent, names: readonly string[], loopback: boolean): void {
  const host = head.headers.get("host")?.toLowerCase();
  // Nobody's name leads to a Unix socket.
  const rebound = loopback && head.peer?.hostname !== "";
  if (host === undefined || names.length === 0 && !rebound) return;
  const match = /^(?:\[(.*)\]|(.*?))(?::\d*)?$/s.exec(host)!;
  const name = match[1] ?? match[2]!;
  const right = names.length === 0
    ? isLoopback(name)
    : names.some((n) => n.toLowerCase() === host || n.toLowerCase() === name);
  if (!right) throw new HttpError(421, "this server does not go by that name; see --host");
}

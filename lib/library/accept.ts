/**
 * Accepting a WebSocket as a program says: by a `Request` in, with data, a subprotocol and fields of its own out.
 * @module
 */
import { listElements } from "../websocket/handshake.ts";
import type { Accepted } from "../websocket/handshake.ts";
import type { Head } from "../http/head.ts";
import type { Upgrade } from "./serve_options.ts";

/** Fields of the 101 that the handshake writes itself (RFC 6455, 4.2.2), or that frame a body, which it has not. */
const OWN =
  /^(connection|upgrade|content-length|transfer-encoding|sec-websocket-(accept|extensions))$/;

/**
 * Checks what `upgrade` has returned, and puts it into the answer of the handshake.
 * @param request What was asked.
 * @param accepted How it would be answered otherwise; it is changed.
 * @param given What `upgrade` has returned, which is no `Response`.
 * @returns The data for the handlers.
 * @throws {TypeError} If it is nothing that accepts, or the client does not offer the subprotocol.
 */
export function acceptedAs(request: Head, accepted: Accepted, given: unknown): unknown {
  if (given === undefined) return undefined;
  if (typeof given !== "object" || given === null) {
    throw new TypeError(
      "upgrade must return { data?, protocol?, headers? }, a Response or undefined",
    );
  }
  const { data, protocol, headers } = given as Upgrade;
  const fields = new Headers(headers);
  // As it is chosen elsewhere, by a field.
  const chosen = protocol ?? fields.get("sec-websocket-protocol") ?? undefined;
  fields.delete("sec-websocket-protocol");
  if (chosen !== undefined) choose(request, accepted, chosen);
  for (const [name, value] of fields) {
    if (OWN.test(name)) throw new TypeError(`upgrade must not return the field ${name}`);
    accepted.headers.push([name, value]);
  }
  return data;
}

/** Chooses a subprotocol in the place of the one that was. */
function choose({ headers }: Head, accepted: Accepted, protocol: string): void {
  // 4.1: a client that has not offered it "MUST _Fail the WebSocket Connection_".
  if (!listElements(headers.get("sec-websocket-protocol")).includes(protocol)) {
    throw new TypeError(`the client does not offer the subprotocol ${JSON.stringify(protocol)}`);
  }
  accepted.protocol = protocol;
  accepted.headers = accepted.headers.filter(([name]) => name !== "Sec-WebSocket-Protocol");
  accepted.headers.push(["Sec-WebSocket-Protocol", protocol]);
}

/**
 * The opening handshake, server side (RFC 6455, 4.2): a request in, `Accepted` or `Rejected` out.
 * @module
 */
import { crypto } from "@std/crypto";
import { encodeBase64 } from "@std/encoding/base64";
import { type DeflateMode, type DeflateParameters, negotiateDeflate } from "./negotiate.ts";

/** What the handshake needs to know of an HTTP request. */
export interface HandshakeRequest {
  /** The method, as sent. */
  method: string;
  /** The fields by lower-case name; a repeated field's values are joined by `, `. */
  headers: ReadonlyMap<string, string>;
}

/** The handshake is good: answer 101 with these fields. */
export interface Accepted {
  /** Tells it from {@linkcode Rejected}. */
  accepted: true;
  /** The fields of the 101. */
  headers: [name: string, value: string][];
  /** The subprotocol that was chosen, where one was. */
  protocol: string | undefined;
  /** What was agreed on for permessage-deflate, where it was (RFC 7692). */
  deflate: DeflateParameters | undefined;
}

/** The handshake is refused. */
export interface Rejected {
  /** Tells it from {@linkcode Accepted}. */
  accepted: false;
  /** The HTTP status: 400, 405 or 426. */
  status: number;
  /** Why, in one line. */
  reason: string;
  /** The fields that the status asks for. */
  headers: [name: string, value: string][];
}

/** RFC 6455, 1.3: appended to the client's key, so that only a server which speaks WebSocket answers right. */
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

const encoder = new TextEncoder();
/** RFC 9110, 5.6.2. */
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/**
 * The elements of a comma-separated field (RFC 9110, 5.6.1); empty ones are left out.
 * @param value The field's value.
 */
export function listElements(value: string | undefined): string[] {
  return value === undefined ? [] : value.split(",").map((e) => e.trim()).filter((e) => e !== "");
}

function lists(value: string | undefined, element: string): boolean {
  return listElements(value).some((e) => e.toLowerCase() === element);
}

/**
 * Whether a request asks to become a WebSocket, however badly.
 * @param headers The fields by lower-case name.
 */
export function wantsWebSocket(headers: ReadonlyMap<string, string>): boolean {
  return lists(headers.get("upgrade"), "websocket");
}

/**
 * The answer to a client's key (RFC 6455, 4.2.2): base64 of the SHA-1 of key and GUID.
 * @param key `Sec-WebSocket-Key`, as sent.
 */
export function acceptKey(key: string): string {
  // Without waiting: a trip to another thread takes ten times as long as these 60 bytes do.
  const digest = crypto.subtle.digestSync("SHA-1", encoder.encode(key + GUID));
  return encodeBase64(digest);
}

function rejected(
  status: number,
  reason: string,
  ...headers: [string, string][]
): Rejected {
  return { accepted: false, status, reason, headers };
}

/**
 * Answers an opening handshake (RFC 6455, 4.2.1 and 4.2.2).
 * @param request An HTTP/1.1 request for which {@linkcode wantsWebSocket} holds.
 * @param protocols The subprotocols that are spoken here; the first of the client's that is among them is chosen.
 * @param mode What compression the server is willing to agree on.
 */
export function acceptHandshake(
  request: HandshakeRequest,
  protocols: readonly string[] = [],
  mode: DeflateMode = "off",
): Accepted | Rejected {
  const { headers } = request;
  // 4.1: "The method of the request MUST be GET".
  if (request.method !== "GET") {
    return rejected(405, "a WebSocket handshake is a GET", ["Allow", "GET"]);
  }
  // 4.2.1: "A |Connection| header field that includes the token "Upgrade", treated as an ASCII case-insensitive value".
  if (!lists(headers.get("connection"), "upgrade")) {
    return rejected(400, "Upgrade without Connection: upgrade");
  }
  // 4.4: "If the server doesn't support the requested version, it MUST respond with a |Sec-WebSocket-Version| header field".
  if (headers.get("sec-websocket-version") !== "13") {
    return rejected(
      426,
      "the version of WebSocket spoken here is 13",
      ["Sec-WebSocket-Version", "13"],
      ["Upgrade", "websocket"],
    );
  }
  // 4.2.1: "a base64-encoded value that, when decoded, is 16 bytes in length".
  const key = headers.get("sec-websocket-key");
  if (key === undefined || !/^[A-Za-z0-9+/]{22}==$/.test(key)) {
    return rejected(400, "Sec-WebSocket-Key is not 16 bytes of base64");
  }
  const offered = listElements(headers.get("sec-websocket-protocol"));
  // 4.1: "The elements that comprise this value MUST be non-empty strings [of token characters] and MUST all be unique".
  if (
    !offered.every((p) => token.test(p)) ||
    new Set(offered).size < offered.length
  ) {
    return rejected(
      400,
      "Sec-WebSocket-Protocol is not a list of different tokens",
    );
  }
  const protocol = offered.find((p) => protocols.includes(p));
  const answer: Accepted["headers"] = [
    ["Upgrade", "websocket"],
    ["Connection", "Upgrade"],
    ["Sec-WebSocket-Accept", acceptKey(key)],
  ];
  if (protocol !== undefined) answer.push(["Sec-WebSocket-Protocol", protocol]);
  const deflate = negotiateDeflate(headers.get("sec-websocket-extensions"), mode);
  if (deflate !== undefined) answer.push(["Sec-WebSocket-Extensions", deflate.answer]);
  return { accepted: true, headers: answer, protocol, deflate: deflate?.parameters };
}

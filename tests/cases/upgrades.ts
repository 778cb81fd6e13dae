/**
 * Handshakes (RFC 6455, 4.2): which become a WebSocket, and why others do not.
 * @module
 */
import { concat } from "../tools/bytes.ts";
import { type Case, frame, handshake, request, type Table, text, UPGRADE } from "./case.ts";

/** A handshake with one field in the place of another; without where there is none. */
function changed(name: string, value?: string, target = "/-/echo"): Uint8Array {
  const fields = UPGRADE.filter((field) => !field.startsWith(name + ":"));
  return request(`GET ${target}`, value === undefined ? fields : [...fields, `${name}: ${value}`]);
}

const KEY = "dGhlIHNhbXBsZSBub25jZQ==";
const badKey = ["400c Sec-WebSocket-Key is not 16 bytes of base64", "end"];
const badVersion = ["426c the version of WebSocket spoken here is 13 [Upgrade: websocket]", "end"];
const unconnected = ["400c Upgrade without Connection: upgrade", "end"];
const badProtocols = ["400c Sec-WebSocket-Protocol is not a list of different tokens", "end"];
const body = ["400c a WebSocket handshake has no body", "end"];
const stranger = ["403c this origin may not connect; it can be allowed with --origin", "end"];

const keys: Record<string, string | undefined> = {
  "no key": undefined,
  "an empty key": "",
  "a key twice": `${KEY}, ${KEY}`,
  "a key of 15 bytes": btoa("x".repeat(15)),
  "a key of 17 bytes": btoa("x".repeat(17)),
  "a key without padding": "A".repeat(24),
  "a key with its padding left off": KEY.slice(0, -2),
  "a key with more padding": KEY + "=",
  "a key in the URL's alphabet": "-_" + KEY.slice(2),
  "a key with a space within": KEY.slice(0, 5) + " " + KEY.slice(6),
};
const versions = [undefined, "", "0", "8", "14", "013", "+13", "13.0", "13, 13", "8, 13"];
const connections = ["", "keep-alive", "close", "upgraded", "up grade", "upgrade;x"];
const offers = ["chat, chat", "super chat", "chat, a/b", "chat;q=1", '"chat"', "{chat}"];
const accepted: [what: string, fields: Record<string, string>, agreed?: string][] = [
  ["a good one", {}],
  ["Connection in any list and case", { Connection: "keep-alive,\tUPGRADE ,te" }],
  ["Upgrade in any list and case", { Upgrade: "h2c,, WebSocket" }],
  ["a subprotocol that is not spoken here", { "Sec-WebSocket-Protocol": "chat" }],
  ["an extension that is not known", { "Sec-WebSocket-Extensions": "x-unknown; a=1" }],
  ["an extension that is malformed", { "Sec-WebSocket-Extensions": "permessage-deflate; =" }],
  ["Content-Length: 0, as Java's own client sends it", { "Content-Length": "0" }],
  ["a page of an allowed origin", { Origin: "https://a.example" }],
  [
    "permessage-deflate as browsers offer it",
    { "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits" },
    "101 permessage-deflate; client_max_window_bits=10",
  ],
  [
    "the second offer, where the first is not acceptable",
    { "Sec-WebSocket-Extensions": "permessage-deflate; x, permessage-deflate" },
    "101 permessage-deflate",
  ],
];

export const upgrades: Table = {
  about: "handshakes",
  cases: [
    ...accepted.map(([what, fields, agreed = "101"]): Case => {
      const own = Object.entries(fields).map(([name, value]) => `${name}: ${value}`);
      const rest = UPGRADE.filter((line) => !(line.split(":")[0]! in fields));
      return [what, request("GET /-/echo", [...rest, ...own]), [agreed]];
    }),
    ...Object.entries(keys).map(([what, key]): Case => [
      what,
      changed("Sec-WebSocket-Key", key),
      badKey,
    ]),
    ...versions.map((version): Case => [
      `version ${version}`,
      changed("Sec-WebSocket-Version", version),
      badVersion,
    ]),
    ...connections.map((connection): Case => [
      `Connection: ${connection}`,
      changed("Connection", connection),
      unconnected,
    ]),
    ...offers.map((offer): Case => [
      `the subprotocols ${offer}`,
      changed("Sec-WebSocket-Protocol", offer),
      badProtocols,
    ]),
    ["another upgrade where a WebSocket is", changed("Upgrade", "h2c"), [
      "426c a WebSocket is here [Upgrade: websocket]",
      "end",
    ]],
    ["no upgrade where a WebSocket is", request("GET /-/echo"), [
      "426c a WebSocket is here [Upgrade: websocket]",
      "end",
    ]],
    ["another upgrade of a channel is ignored", changed("Upgrade", "h2c", "/upgrade-h2c"), [
      '200 {"open":"ID","channels":["upgrade-h2c"],"gap":false,"messages":[]}',
    ]],
    ["POST", request("POST /-/echo", UPGRADE), [
      "405c a WebSocket handshake is a GET [Allow: GET]",
      "end",
    ]],
    ["POST to a channel", request("POST /upgrade", UPGRADE), [
      "405c a WebSocket handshake is a GET [Allow: GET]",
      "end",
    ]],
    ["a body", changed("Content-Length", "1"), body],
    ["a chunked body", changed("Transfer-Encoding", "chunked"), body],
    ["a body for a channel", changed("Content-Length", "1", "/upgrade"), body],
    ["a stranger's page", changed("Origin", "http://evil.example"), stranger],
    ["a stranger's page at the ticker", changed("Origin", "http://evil.example", "/"), stranger],
    ["a stranger's page at a channel", changed("Origin", "http://evil.example", "/up"), stranger],
    [
      "a rebound name",
      `GET /-/echo HTTP/1.1\r\nHost: evil.example\r\n${UPGRADE.join("\r\n")}\r\n\r\n`,
      ["421c this server does not go by that name; see --host", "end"],
    ],
    [
      "HTTP/1.0 is never upgraded (RFC 9110, 7.8)",
      `GET /-/echo HTTP/1.0\r\nHost: localhost\r\n${UPGRADE.join("\r\n")}\r\n\r\n`,
      ["426c a WebSocket is here [Upgrade: websocket]", "end"],
    ],
    ["a bad since", handshake("/upgrade?since=x"), [
      "400c since is no id, no age such as 30s, no number such as -10, and neither all nor last",
      "end",
    ]],
    ["the envelope's subprotocol", [
      handshake("/upgrade", ["Sec-WebSocket-Protocol: chat, kodama.v1"]),
    ], ["101 kodama.v1", 'text {"open":"ID","channels":["upgrade"],"gap":false}']],
    ["the apps", handshake("/app/upgrade"), ["404c nothing is here", "end"]],
    ["a tap whose id is short", handshake("/-/tap/short"), [
      "400c a tap's id is 16 to 64 of A-Z a-z 0-9 _ -",
      "end",
    ]],
    ["frames behind the head in its segment are not lost", [
      concat(handshake("/-/echo"), text("hello"), frame(0x89, "p")),
    ], ["101", "text hello", "pong p"]],
    ["frames behind a head that is refused are no request", [
      concat(changed("Sec-WebSocket-Version", "8"), text("GET / HTTP/1.1")),
    ], badVersion],
  ],
};

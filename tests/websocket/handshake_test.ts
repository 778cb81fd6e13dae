import { assert, assertEquals, assertFalse } from "@std/assert";
import {
  acceptHandshake,
  acceptKey,
  listElements,
  type Rejected,
  wantsWebSocket,
} from "../../lib/websocket/handshake.ts";

/** RFC 6455, 1.3. */
const KEY = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/** RFC 6455, 1.2, with fields changed, or left out where `undefined`. */
function request(changes: Record<string, string | undefined> = {}, method = "GET") {
  const fields: Record<string, string | undefined> = {
    host: "server.example.com",
    upgrade: "websocket",
    connection: "Upgrade",
    "sec-websocket-key": KEY,
    "sec-websocket-version": "13",
    ...changes,
  };
  const headers = new Map<string, string>();
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) headers.set(name, value);
  }
  return { method, headers };
}

async function refusal(...args: Parameters<typeof request>): Promise<Rejected> {
  const answer = await acceptHandshake(request(...args), ["chat"]);
  assert(!answer.accepted, `accepted: ${JSON.stringify(args)}`);
  assert(/^[ -~]+$/.test(answer.reason), "the reason is one line");
  return answer;
}

Deno.test("acceptKey() gives the RFC's answers (1.3, 4.2.2)", async () => {
  assertEquals(await acceptKey(KEY), ACCEPT);
  assertEquals(await acceptKey("QM9LlNTkaJ2ytQ5w4v4Y0w=="), "xz5za8NREwQU5Q7cx9Dn8XzG9HA=");
});

Deno.test("acceptHandshake() answers the RFC's request (1.2, 4.2.2)", async () => {
  const answer = await acceptHandshake(request());
  assert(answer.accepted);
  assertEquals(answer.headers, [
    ["Upgrade", "websocket"],
    ["Connection", "Upgrade"],
    ["Sec-WebSocket-Accept", ACCEPT],
  ]);
  assertEquals(answer.protocol, undefined);
});

Deno.test("acceptHandshake() answers the RFC's request for a subprotocol (1.2)", async () => {
  const offer = request({ "sec-websocket-protocol": "chat, superchat" });
  const answer = await acceptHandshake(offer, ["chat"]);
  assert(answer.accepted);
  assertEquals(answer.protocol, "chat");
  assertEquals(answer.headers.at(-1), ["Sec-WebSocket-Protocol", "chat"]);
});

Deno.test("wantsWebSocket() finds the token in any list and case (4.2.1)", () => {
  const yes = [
    "websocket",
    "WebSocket",
    "WEBSOCKET",
    "h2c, websocket",
    "websocket,h2c",
    " websocket ",
    "a,\tWebSocket\t,b",
    ",,websocket,,",
  ];
  const no = [
    "",
    ",",
    "websocket2",
    "websockets",
    "web socket",
    "websocket/13",
    "h2c",
    "xwebsocket",
  ];
  for (const value of yes) assert(wantsWebSocket(new Map([["upgrade", value]])), value);
  for (const value of no) assertFalse(wantsWebSocket(new Map([["upgrade", value]])), value);
  assertFalse(wantsWebSocket(new Map()));
  assertFalse(wantsWebSocket(new Map([["connection", "websocket"]])));
});

Deno.test("acceptHandshake() finds Upgrade in any list of Connection (4.2.1)", async () => {
  for (
    const connection of [
      "upgrade",
      "Upgrade",
      "UPGRADE",
      "keep-alive, Upgrade",
      "Upgrade, keep-alive",
      "keep-alive,\tupgrade ,te",
      ",,upgrade",
    ]
  ) assert((await acceptHandshake(request({ connection }))).accepted, connection);
});

Deno.test("acceptHandshake() refuses Upgrade without Connection: upgrade (4.2.1)", async () => {
  for (
    const connection of [
      undefined,
      "",
      "keep-alive",
      "close",
      "upgraded",
      "up grade",
      "upgrade;x",
      "websocket",
    ]
  ) assertEquals((await refusal({ connection })).status, 400, connection);
});

Deno.test("acceptHandshake() refuses every method but GET with 405 (4.1)", async () => {
  for (const method of ["POST", "HEAD", "PUT", "DELETE", "OPTIONS", "CONNECT", "get", "Get"]) {
    const { status, headers } = await refusal({}, method);
    assertEquals([status, headers], [405, [["Allow", "GET"]]], method);
  }
});

Deno.test("acceptHandshake() answers every version but 13 with 426 and the version (4.4)", async () => {
  for (
    const version of [
      undefined,
      "",
      "0",
      "7",
      "8",
      "12",
      "14",
      "013",
      "+13",
      "13.0",
      "1 3",
      "13, 13",
      "13, 8",
      "8, 13",
      "0x0d",
      "thirteen",
    ]
  ) {
    const { status, headers } = await refusal({ "sec-websocket-version": version });
    assertEquals(status, 426, version);
    assertEquals(headers, [["Sec-WebSocket-Version", "13"], ["Upgrade", "websocket"]]);
  }
});

Deno.test("acceptHandshake() refuses a key that is not 16 bytes of base64 (4.2.1)", async () => {
  const keys: Record<string, string | undefined> = {
    missing: undefined,
    empty: "",
    doubled: `${KEY}, ${KEY}`,
    "doubled without a comma": KEY + KEY,
    "15 bytes": btoa("x".repeat(15)),
    "17 bytes": btoa("x".repeat(17)),
    "18 bytes": btoa("x".repeat(18)),
    "one byte": "eA==",
    "of the right length, without padding": "A".repeat(24),
    "with its padding left off": KEY.slice(0, -2),
    "with half of its padding": KEY.slice(0, -1),
    "with more padding": KEY + "=",
    "with padding inside": "dGhlIHNhbXBsZSBub25j==Q=",
    "of the URL's alphabet": "-_" + KEY.slice(2),
    "with a space inside": KEY.slice(0, 5) + " " + KEY.slice(6),
    "with a line feed behind": KEY + "\n",
    "with other characters": "é" + KEY.slice(1),
    long: "A".repeat(8000),
  };
  for (const [what, key] of Object.entries(keys)) {
    const { status, headers } = await refusal({ "sec-websocket-key": key });
    assertEquals([status, headers], [400, []], what);
  }
});

Deno.test("acceptHandshake() takes any 16 bytes as key (4.2.1)", async () => {
  for (
    const key of [
      "AAAAAAAAAAAAAAAAAAAAAA==",
      "/////////////////////w==",
      "+/+/+/+/+/+/+/+/+/+/+w==",
    ]
  ) {
    assert((await acceptHandshake(request({ "sec-websocket-key": key }))).accepted, key);
  }
});

Deno.test("acceptHandshake() chooses the client's first subprotocol that is spoken here (4.2.2)", async () => {
  const table: [offered: string | undefined, spoken: string[], chosen: string | undefined][] = [
    [undefined, [], undefined],
    // What was not offered is not named.
    [undefined, ["chat"], undefined],
    ["chat", [], undefined],
    ["superchat", ["chat"], undefined],
    ["chat", ["chat"], "chat"],
    ["chat,superchat", ["superchat"], "superchat"],
    ["a, b", ["b", "a"], "a"],
    ["x, b, a", ["a", "b"], "b"],
    [" ,chat,\tsuperchat , ", ["superchat"], "superchat"],
    // The names are compared as they are.
    ["Chat", ["chat"], undefined],
    ["chat, Chat", ["Chat"], "Chat"],
    ["!#$%&'*+-.^_`|~09azAZ", ["!#$%&'*+-.^_`|~09azAZ"], "!#$%&'*+-.^_`|~09azAZ"],
    ["__proto__, constructor", ["chat"], undefined],
  ];
  for (const [offered, spoken, chosen] of table) {
    const answer = await acceptHandshake(request({ "sec-websocket-protocol": offered }), spoken);
    assert(answer.accepted, offered);
    assertEquals(answer.protocol, chosen, offered);
    const named = answer.headers.filter(([name]) => name === "Sec-WebSocket-Protocol");
    assertEquals(named, chosen === undefined ? [] : [["Sec-WebSocket-Protocol", chosen]]);
  }
});

Deno.test("acceptHandshake() refuses subprotocols that are no tokens or not different (4.1)", async () => {
  for (
    const offered of [
      "chat, chat",
      "chat, a, chat",
      "super chat",
      "chat, a/b",
      "chat;q=1",
      '"chat"',
      "chat@2",
      "{chat}",
      "ch\u00e4t",
      "a\x00b",
      "chat\r\nSet-Cookie: a=b",
    ]
  ) assertEquals((await refusal({ "sec-websocket-protocol": offered })).status, 400, offered);
});

Deno.test("acceptHandshake() names no extension (9.1)", async () => {
  const answer = await acceptHandshake(
    request({ "sec-websocket-extensions": "x-unknown; a=1, bbf-usp-protocol" }),
  );
  assert(answer.accepted);
  assertEquals(answer.headers.map(([name]) => name), [
    "Upgrade",
    "Connection",
    "Sec-WebSocket-Accept",
  ]);
});

Deno.test("listElements() splits at commas and leaves out what is empty (RFC 9110, 5.6.1)", () => {
  const table: [value: string | undefined, elements: string[]][] = [
    [undefined, []],
    ["", []],
    [" , ,", []],
    ["a", ["a"]],
    ["a,b", ["a", "b"]],
    [" a\t,, b c ,", ["a", "b c"]],
  ];
  for (const [value, elements] of table) assertEquals(listElements(value), elements);
});

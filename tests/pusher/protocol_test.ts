/** What is said over the WebSocket, byte by byte. */
import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import * as protocol from "../../lib/pusher/protocol.ts";
import {
  MAX_USER,
  MAX_USER_ID,
  readAsked,
  readMember,
  readUserData,
} from "../../lib/pusher/protocol.ts";

Deno.test("the server says what it says in Pusher's form, data as a text", () => {
  const ann = { id: "ann", info: { name: "Ann" } }, bob = { id: "bob", info: undefined };
  const rows: [text: string, expected: string][] = [
    [
      protocol.established("1.2"),
      '{"event":"pusher:connection_established","data":"{\\"socket_id\\":\\"1.2\\",\\"activity_timeout\\":120}"}',
    ],
    [protocol.said("pusher:pong", {}), '{"event":"pusher:pong","data":"{}"}'],
    [
      protocol.refused({ code: 4001, message: "no" }),
      '{"event":"pusher:error","data":{"code":4001,"message":"no"}}',
    ],
    [
      protocol.notSubscribed("private-x", 401, "no"),
      '{"event":"pusher:subscription_error","channel":"private-x",' +
      '"data":"{\\"type\\":\\"AuthError\\",\\"error\\":\\"no\\",\\"status\\":401}"}',
    ],
    [
      protocol.subscribed("btc"),
      '{"event":"pusher_internal:subscription_succeeded","channel":"btc","data":"{}"}',
    ],
    [
      protocol.subscribed("presence-r", [ann, bob]),
      '{"event":"pusher_internal:subscription_succeeded","channel":"presence-r","data":"{\\"presence\\":' +
      '{\\"count\\":2,\\"ids\\":[\\"ann\\",\\"bob\\"],\\"hash\\":{\\"ann\\":{\\"name\\":\\"Ann\\"},\\"bob\\":null}}}"}',
    ],
    [
      protocol.memberAdded("presence-r", ann),
      '{"event":"pusher_internal:member_added","channel":"presence-r",' +
      '"data":"{\\"user_id\\":\\"ann\\",\\"user_info\\":{\\"name\\":\\"Ann\\"}}"}',
    ],
    [
      protocol.memberRemoved("presence-r", "ann"),
      '{"event":"pusher_internal:member_removed","channel":"presence-r","data":"{\\"user_id\\":\\"ann\\"}"}',
    ],
  ];
  for (const [text, expected] of rows) assertEquals(text, expected);
});

Deno.test("a socket_id is two numbers, and never the same", () => {
  const ids = Array.from({ length: 100 }, protocol.newSocketId);
  for (const id of ids) assertMatch(id, /^\d{1,10}\.\d{1,10}$/);
  assertEquals([new Set(ids).size, ids.every(protocol.isSocketId)], [100, true]);
  assertNotEquals(protocol.newSocketId(), protocol.newSocketId());
  for (const no of ["", "1", "1.", ".1", "1.2.3", "a.b", "1.2 ", "-1.2", 1.2, null]) {
    assertEquals(protocol.isSocketId(no), false, String(no));
  }
});

Deno.test("versions 5 to 7 of the protocol are spoken; others are refused with Pusher's codes", () => {
  const rows: [version: string | null, code: number | undefined][] = [
    ["7", undefined],
    ["6", undefined],
    ["5", undefined],
    ["4", 4007],
    ["8", 4007],
    ["07", undefined],
    ["x", 4006],
    ["7.0", 4006],
    ["-7", 4006],
    ["", 4008],
    [null, 4008],
  ];
  for (const [version, code] of rows) {
    assertEquals(protocol.versionFault(version)?.code, code, `${version}`);
  }
});

Deno.test("readAsked() reads what clients say, and names what is none of it (4200)", () => {
  const rows: [text: string, asked: unknown][] = [
    ['{"event":"pusher:ping","data":{}}', { ask: "ping" }],
    ['{"event":"pusher:ping"}', { ask: "ping" }],
    ['{"event":"pusher:pong","data":{}}', { ask: "pong" }],
    [
      '{"event":"pusher:subscribe","data":{"channel":"btc"}}',
      { ask: "subscribe", channel: "btc", auth: undefined, data: undefined },
    ],
    [
      '{"event":"pusher:subscribe","data":{"auth":"k:s","channel":"presence-r","channel_data":"{}"}}',
      { ask: "subscribe", channel: "presence-r", auth: "k:s", data: "{}" },
    ],
    ['{"event":"pusher:unsubscribe","data":{"channel":"btc"}}', {
      ask: "unsubscribe",
      channel: "btc",
    }],
    [
      '{"event":"pusher:signin","data":{"auth":"k:s","user_data":"{}"}}',
      { ask: "signin", auth: "k:s", data: "{}" },
    ],
    [
      '{"event":"client-e","channel":"private-x","data":{"n":12345678901234567890}}',
      {
        ask: "trigger",
        event: "client-e",
        channel: "private-x",
        data: '{"n":12345678901234567890}',
      },
    ],
    [
      '{"event":"client-e","channel":"private-x","data":"text"}',
      { ask: "trigger", event: "client-e", channel: "private-x", data: "text" },
    ],
    [
      '{"event":"client-e","channel":"private-x"}',
      { ask: "trigger", event: "client-e", channel: "private-x", data: undefined },
    ],
    ...[
      ["", "not a JSON object"],
      ["[]", "not a JSON object"],
      ['"x"', "not a JSON object"],
      ["null", "not a JSON object"],
      ["{}", "event is not a text"],
      ['{"event":1}', "event is not a text"],
      ['{"event":"e"}', "no such event"],
      ['{"event":"pusher:subscribed"}', "no such event"],
      ['{"event":"pusher_internal:member_added","channel":"x"}', "no such event"],
      ['{"event":"pusher:subscribe"}', "channel is not a text"],
      ['{"event":"pusher:subscribe","data":"btc"}', "channel is not a text"],
      ['{"event":"pusher:subscribe","data":{"channel":["btc"]}}', "channel is not a text"],
      ['{"event":"pusher:subscribe","data":{"channel":"x","auth":1}}', "auth is not a text"],
      [
        '{"event":"pusher:subscribe","data":{"channel":"x","channel_data":{}}}',
        "channel_data is not a text",
      ],
      ['{"event":"pusher:unsubscribe","data":{}}', "channel is not a text"],
      ['{"event":"pusher:signin","data":{}}', "auth is not a text"],
      ['{"event":"pusher:signin","data":{"auth":"k:s"}}', "user_data is not a text"],
      ['{"event":"client-e"}', "channel is not a text"],
    ].map(([text, message]): [string, unknown] => [text!, { code: 4200, message }]),
  ];
  for (const [text, asked] of rows) assertEquals(readAsked(text), asked as never, text);
});

Deno.test("who somebody is has a name of 1 to 128 characters, and what is told of it is at most 1 KiB", () => {
  const long = "a".repeat(MAX_USER_ID),
    bad = `user_id is not a text of 1 to ${MAX_USER_ID} characters`;
  const info = (size: number) => `{"user_id":"a","user_info":"${"x".repeat(size - 2)}"}`;
  const rows: [data: string, user: unknown][] = [
    ['{"user_id":"ann","user_info":{"name":"Ann"}}', { id: "ann", info: { name: "Ann" } }],
    ['{"user_id":10}', { id: "10", info: undefined }],
    [`{"user_id":"${long}"}`, { id: long, info: undefined }],
    [`{"user_id":"${long}a"}`, bad],
    ['{"user_id":""}', bad],
    ['{"user_id":null}', bad],
    ['{"user_info":{}}', bad],
    ["[]", "channel_data is not a JSON object"],
    ["x", "channel_data is not a JSON object"],
    [info(1024), { id: "a", info: "x".repeat(1022) }],
    [info(1025), "user_info is over 1024 bytes"],
    [`{"user_id":"a","x":"${"x".repeat(MAX_USER)}"}`, `channel_data is over ${MAX_USER} bytes`],
  ];
  for (const [data, user] of rows) assertEquals(readMember(data), user as never, data.slice(0, 80));
  assertEquals(readUserData('{"id":"ann","user_info":1}'), { id: "ann", info: 1 });
  assertEquals(
    readUserData('{"user_id":"ann"}'),
    `id is not a text of 1 to ${MAX_USER_ID} characters`,
  );
});

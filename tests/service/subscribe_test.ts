/**
 * Subscribing by WebSocket: which frames come, and what ends the connection.
 */
import { assert, assertEquals } from "@std/assert";
import { channelTest } from "../tools/engines.ts";
import {
  ask,
  channelsOf,
  deserted,
  post,
  remembered,
  type RequestFields,
  Subscriber,
  UPGRADE,
} from "../tools/channels.ts";
import { concat, hex, utf8 } from "../tools/bytes.ts";
import { clientClose, clientFrame } from "../tools/frames.ts";

const bodies: [type: string | undefined, body: Uint8Array, first: number][] = [
  [undefined, utf8("hello"), 0x81],
  ["text/plain", utf8("\ufeff木霊"), 0x81],
  ["application/json", utf8('{ "price" : 42.0,\r\n "n": 12345678901234567890 }'), 0x81],
  ["application/octet-stream", hex("00 ff 80"), 0x82],
  ["application/octet-stream", utf8("text"), 0x82],
  [undefined, new Uint8Array(0), 0x81],
  ["application/octet-stream", new Uint8Array(0), 0x82],
];
channelTest(
  "raw: each message is one frame, its body verbatim, without a word before",
  async (testService) => {
    await using service = await testService("--drain", "50ms");
    await post(service, "btc", "before");
    using subscriber = await Subscriber.open(service, "/btc");
    for (const [type, body, first] of bodies) {
      await post(service, "btc", body, type);
      assertEquals(await subscriber.client.next(), { first, payload: new Uint8Array(body) });
    }
  },
);

type Chosen = [what: string, target: string, protocols: string | undefined, mode: string];
const modes: Chosen[] = [
  ["one channel", "/btc", undefined, "raw"],
  ["one channel, twice", "/btc,btc", undefined, "raw"],
  ["another query", "/btc?x=1", undefined, "raw"],
  ["a subprotocol that is not spoken", "/btc", "chat, kodama.v2", "raw"],
  ["a token as subprotocol", "/btc", "kodama.token.e30.e30.x", "raw"],
  ["several channels", "/btc,eth", undefined, "envelope"],
  ["since", "/btc?since=all", undefined, "envelope"],
  ["since, an age", "/btc?since=30s", undefined, "envelope"],
  ["the subprotocol", "/btc", "kodama.v1", "envelope"],
  ["the subprotocol among others", "/btc", "chat,kodama.token.e30.e30.x, kodama.v1", "envelope"],
];
for (const [what, target, protocols, mode] of modes) {
  channelTest(`${what}: ${mode}`, async (testService) => {
    await using service = await testService();
    const fields = { ...UPGRADE, "Sec-WebSocket-Protocol": protocols };
    const { status, headers } = await ask(service, `GET ${target}`, fields);
    const named = protocols?.includes("kodama.v1") ? "kodama.v1" : undefined;
    assertEquals([status, headers.get("sec-websocket-protocol")], [101, named]);
    using subscriber = await Subscriber.open(service, target, fields);
    if (mode === "envelope") assertEquals((await subscriber.json()).gap, false);
    await post(service, "btc", "hello");
    const text = await subscriber.text();
    assertEquals(mode === "raw" ? text : JSON.parse(text).data, "hello");
  });
}

const list = (count: number) => Array.from({ length: count }, (_, i) => `c${i}`).join(",");
const bodiless: [what: string, fields: RequestFields][] = [
  ["Content-Length: 0, as Java's own client sends it", { "Content-Length": "0" }],
  ["many zeros", { "Content-Length": "000" }],
  ["Content-Length: 0 that waits for a 100", { "Content-Length": "0", Expect: "100-continue" }],
];
for (const [what, fields] of bodiless) {
  channelTest(`a handshake with a body of no bytes is accepted: ${what}`, async (testService) => {
    await using service = await testService();
    for (const path of ["/", "/-/echo", "/btc"]) {
      const { status } = await ask(service, `GET ${path}`, { ...UPGRADE, ...fields });
      assertEquals(status, 101, path);
    }
    using subscriber = await Subscriber.open(service, "/btc", fields);
    await post(service, "btc", "hello");
    assertEquals(await subscriber.text(), "hello");
  });
}

channelTest(
  "128 channels are subscribed by one connection, and left with it",
  async (testService) => {
    await using service = await testService();
    {
      using subscriber = await Subscriber.open(service, `/${list(128)}`);
      assertEquals((await subscriber.json()).channels.length, 128);
      const channels = await channelsOf(service);
      assertEquals(channels.length, 128);
      assert(channels.every((c) => c.subscribers === 1));
    }
    await deserted(service);
  },
);

channelTest(
  "raw: what a subscriber on this machine sends is published, text or bytes",
  async (testService) => {
    await using service = await testService("--drain", "50ms");
    using one = await Subscriber.open(service, "/btc");
    using two = await Subscriber.open(service, "/btc");
    await one.say('{"price":42}');
    await one.client.send(0x82, hex("00 01 02"));
    for (const subscriber of [one, two]) {
      assertEquals(await subscriber.text(), '{"price":42}');
      assertEquals(await subscriber.client.next(), { first: 0x82, payload: hex("00 01 02") });
    }
    assertEquals(await remembered(service, "btc"), [
      { ch: "btc", data: '{"price":42}' },
      { ch: "btc", base64: "AAEC" },
    ]);
  },
);

channelTest(
  "raw: who may not write and does is closed with 1008, and nothing is published",
  async (testService) => {
    await using service = await testService();
    // Behind a proxy nobody is on this machine.
    using subscriber = await Subscriber.open(service, "/btc", { "X-Forwarded-For": "192.0.2.1" });
    await subscriber.say("hello");
    assertEquals(await subscriber.closed(), "1008 not allowed to write: only this machine may");
    assertEquals(await remembered(service, "btc"), []);
  },
);

for (const target of ["/btc", "/btc?since=all"]) {
  channelTest(
    `at ${target} more messages than the rate allows, or pings, are 1008`,
    async (testService) => {
      await using service = await testService("--message-rate", "5", "--ping-rate", "2");
      const frames: [first: number, allowed: number, reason: string][] = [
        [0x81, 10, "1008 too many messages"],
        [0x89, 4, "1008 too many pings"],
      ];
      for (const [first, allowed, reason] of frames) {
        // What is allowed at once, and one more: all of it long before another is.
        const burst = Array.from({ length: allowed + 1 }, () => clientFrame(first, utf8("x")));
        using subscriber = await Subscriber.open(service, target, {}, concat(...burst));
        assertEquals(await subscriber.closed(), reason);
        using modest = await Subscriber.open(service, target, {}, concat(...burst.slice(1)));
        await modest.client.send(0x88, hex("03 e8"));
        assertEquals(await modest.closed(), "1000 ");
      }
    },
  );
}

for (
  const [what, fields, message] of [
    ["raw", {}, "last words"],
    ["enveloped", { "Sec-WebSocket-Protocol": "kodama.v1" }, '{"pub":"btc","data":"last words"}'],
  ] as const
) {
  channelTest(
    `what is published in one segment with the close behind it is published [${what}]`,
    async (testService) => {
      await using service = await testService();
      using reader = await Subscriber.open(service, "/btc");
      const behind = concat(clientFrame(0x81, utf8(message)), clientClose(1000));
      using subscriber = await Subscriber.open(service, "/btc", fields, behind);
      await subscriber.closed();
      assertEquals(await reader.text(), "last words");
    },
  );
}

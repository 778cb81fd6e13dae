/**
 * permessage-deflate for subscribers: one compressed frame for all, or a context for each.
 */
import { assert, assertEquals, assertLess } from "@std/assert";
import WS from "ws";
import { channelTest } from "../tools/engines.ts";
import { utf8 } from "../tools/bytes.ts";
import { ask, post, Subscriber, UPGRADE } from "../tools/channels.ts";
import { json as weather, zlibDeflateAll, zlibInflate } from "../tools/deflate.ts";
import { clientFrame } from "../tools/frames.ts";
import { CA } from "../tools/certificates.ts";
import { isEncrypted } from "../tools/way.ts";

const offer = { "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits" };
const COMPRESSED = 0xc1, PLAIN = 0x81;

const agreements: [flags: string[], answer: string | undefined][] = [
  [[], "permessage-deflate; client_max_window_bits=10"],
  [["--deflate", "takeover"], "permessage-deflate"],
  [["--deflate", "off"], undefined],
];
for (const [flags, answer] of agreements) {
  channelTest(
    `with ${flags.join(" ") || "the defaults"} a handshake agrees on ${answer}`,
    async (testService) => {
      await using service = await testService(...flags);
      for (const target of ["/btc", "/", "/-/echo"]) {
        const { status, headers } = await ask(service, `GET ${target}`, { ...UPGRADE, ...offer });
        assertEquals([status, headers.get("sec-websocket-extensions")], [101, answer], target);
      }
      const { headers } = await ask(service, "GET /btc", UPGRADE);
      assertEquals(headers.get("sec-websocket-extensions"), undefined);
    },
  );
}

channelTest(
  "all who take compression get the same compressed frame; who does not gets it plain",
  async (testService) => {
    await using service = await testService("--drain", "50ms");
    using one = await Subscriber.open(service, "/btc", offer);
    using two = await Subscriber.open(service, "/btc", offer);
    using plain = await Subscriber.open(service, "/btc");
    using enveloped = await Subscriber.open(service, "/btc?since=all", offer);
    await enveloped.json();
    // Twice the same: with a context the second would be smaller.
    let before: Uint8Array | undefined;
    for (let i = 0; i < 2; i++) {
      const body = weather(2000);
      const { id } = await post(service, "btc", body, "application/json");
      const frame = (await one.client.next())!;
      assertEquals(frame.first, COMPRESSED);
      assert(frame.payload.length < body.length);
      assertEquals(zlibInflate([frame.payload]), body);
      assertEquals(await two.client.next(), frame);
      assertEquals(await plain.client.next(), { first: PLAIN, payload: body });
      const envelope = (await enveloped.client.next())!;
      assertEquals(envelope.first, COMPRESSED);
      const text = new TextDecoder().decode(zlibInflate([envelope.payload]));
      assertEquals(JSON.parse(text), { id, ch: "btc", data: JSON.parse(await asText(body)) });
      assertEquals(frame.payload, before ?? frame.payload);
      before = frame.payload;
    }
  },
);

/** Bytes as UTF-8. */
function asText(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Response(bytes).text();
}

const sizes: [size: number, first: number, flags: string[]][] = [
  [255, PLAIN, []],
  [256, COMPRESSED, []],
  [1023, PLAIN, ["--deflate-threshold", "1KiB"]],
  [1024, COMPRESSED, ["--deflate-threshold", "1KiB"]],
];
for (const [size, first, flags] of sizes) {
  const how = first === PLAIN ? "plain" : "compressed";
  channelTest(
    `a message of ${size} bytes is ${how} with ${flags.join(" ") || "the defaults"}`,
    async (testService) => {
      await using service = await testService(...flags);
      using subscriber = await Subscriber.open(service, "/btc", offer);
      await post(service, "btc", "x".repeat(size));
      assertEquals((await subscriber.client.next())!.first, first);
    },
  );
}

channelTest(
  "what a subscriber sends compressed is published inflated, also where it refers back",
  async (testService) => {
    await using service = await testService();
    using sender = await Subscriber.open(service, "/btc", offer);
    using plain = await Subscriber.open(service, "/btc");
    const [first, second] = await zlibDeflateAll([utf8("木霊, echo"), utf8("木霊, echo")], 10);
    assertLess(second!.length, first!.length / 2);
    for (const payload of [first!, second!]) {
      await sender.client.raw.send(clientFrame(COMPRESSED, payload));
      assertEquals(await plain.text(), "木霊, echo");
    }
  },
);

for (const mode of ["shared", "takeover", "off"]) {
  channelTest(
    `ws for Node reads every message with --deflate ${mode}, raw and enveloped`,
    async (testService) => {
      await using service = await testService("--deflate", mode);
      const bodies = [weather(300), utf8("short"), weather(300), weather(30_000)];
      for (const target of ["btc", "eth?since=all"]) {
        const client = new WS(
          `${isEncrypted() ? "wss" : "ws"}://127.0.0.1:${service.port}/${target}`,
          {
            ca: CA,
            perMessageDeflate: { threshold: 0 },
          },
        );
        const messages: string[] = [];
        const wanted = target === "btc" ? bodies.length : bodies.length + 1;
        const all = new Promise((resolve) => {
          client.on(
            "message",
            (data: unknown) => messages.push(String(data)) === wanted && resolve(messages),
          );
        });
        await new Promise((resolve) => client.once("open", resolve));
        assertEquals(client.extensions === "", mode === "off");
        for (const body of bodies) await post(service, target.slice(0, 3), body);
        await all;
        const texts = target === "btc"
          ? messages
          : messages.slice(1).map((m) => JSON.parse(m).data);
        assertEquals(texts, await Promise.all(bodies.map(asText)));
        const end = new Promise((resolve) => client.once("close", resolve));
        client.close();
        await end;
      }
    },
  );
}

/**
 * The envelope: what comes first, then, and live; what a client asks and is answered.
 */
import { assertEquals, assertMatch } from "@std/assert";
import { exchanges } from "../cases/envelopes.ts";
import { channelTest } from "../tools/engines.ts";
import { hex, utf8 } from "../tools/bytes.ts";
import { channelsOf, numberOf, post, remembered, Subscriber } from "../tools/channels.ts";
import { clientFrame } from "../tools/frames.ts";

const v1 = { "Sec-WebSocket-Protocol": "kodama.v1" };

channelTest(
  "the first message says where one stands, then comes what was missed, then what is live",
  async (testService) => {
    await using service = await testService();
    await post(service, "btc", "1");
    const { id } = await post(service, "eth", "2");
    await post(service, "other", "3");
    await post(service, "btc", '{"price":42}', "application/json");
    const last = await post(service, "eth", hex("00 01 02"), "application/octet-stream");
    using subscriber = await Subscriber.open(service, `/btc,eth?since=${id}`);
    assertEquals(await subscriber.json(), { open: last.id, channels: ["btc", "eth"], gap: false });
    const epoch = id.split(".")[0];
    assertEquals(await subscriber.json(), { id: `${epoch}.4`, ch: "btc", data: { price: 42 } });
    assertEquals(await subscriber.json(), { id: last.id, ch: "eth", base64: "AAEC" });
    await post(service, "btc", "live");
    assertEquals(await subscriber.json(), { id: `${epoch}.6`, ch: "btc", data: "live" });
  },
);

channelTest("without since nothing was missed, whatever is remembered", async (testService) => {
  await using service = await testService();
  const { id } = await post(service, "btc", "before");
  using subscriber = await Subscriber.open(service, "/btc", v1);
  assertEquals(await subscriber.json(), { open: id, channels: ["btc"], gap: false });
  await post(service, "btc", "after");
  assertEquals((await subscriber.json()).data, "after");
});

/** The answer with its ids as `ID`. */
function withoutIds(answer: Record<string, unknown>): Record<string, unknown> {
  for (const name of ["id", "open"]) {
    if (!(name in answer)) continue;
    assertMatch(String(answer[name]), /^[0-9a-f]{8}\.\d+$/);
    answer[name] = "ID";
  }
  return answer;
}

channelTest(
  "every request is answered by what it asked, or by what is wrong with it",
  async (testService) => {
    await using service = await testService("--message-rate", "0");
    using subscriber = await Subscriber.open(service, "/btc", v1);
    await subscriber.json();
    for (const [request, answer] of exchanges) {
      await subscriber.say(request);
      assertEquals(withoutIds(await subscriber.json()), answer, JSON.stringify(request));
    }
    assertEquals(await remembered(service, "x"), [
      { ch: "x", data: { a: 1 } },
      { ch: "x", data: "text" },
      { ch: "x", data: null },
      { ch: "x", base64: "AAEC" },
      { ch: "x", data: 1 },
      { ch: "x", data: JSON.parse('{"__proto__":1}') },
    ]);
  },
);

channelTest(
  "requests that come at once are answered in their order, good or bad",
  async (testService) => {
    await using service = await testService("--message-rate", "0");
    using subscriber = await Subscriber.open(service, "/btc", v1);
    const frames = exchanges.map(([request]) =>
      clientFrame(0x81, utf8(typeof request === "string" ? request : JSON.stringify(request)))
    );
    await subscriber.json();
    for (const frame of frames) await subscriber.client.raw.send(frame);
    for (const [request, answer] of exchanges) {
      assertEquals(withoutIds(await subscriber.json()), answer, JSON.stringify(request));
    }
  },
);

for (const request of [{ unsub: "eth" }, { ref: 1 }, "not JSON"]) {
  const text = JSON.stringify(request);
  channelTest(`${text} sent at once is answered after what was missed`, async (testService) => {
    await using service = await testService();
    // More than is sent without waiting for it to leave.
    const large = "x".repeat(40_000);
    for (let i = 0; i < 10; i++) await post(service, "btc", large);
    const behind = clientFrame(0x81, utf8(typeof request === "string" ? request : text));
    using subscriber = await Subscriber.open(service, "/btc?since=all", {}, behind);
    const { open } = await subscriber.json();
    for (let i = 1; i <= 10; i++) assertEquals(numberOf((await subscriber.json()).id), i);
    assertEquals(numberOf(open), 10);
    const answer = await subscriber.json();
    assertEquals("unsub" in answer || "error" in answer, true);
  });
}

channelTest(
  "a sub with since brings what was missed behind its answer, then what is live",
  async (testService) => {
    await using service = await testService();
    const first = await post(service, "eth", "1");
    await post(service, "eth", "2");
    using subscriber = await Subscriber.open(service, "/btc", v1);
    await subscriber.json();
    await subscriber.say({ sub: "eth", since: first.id });
    const answer = await subscriber.json();
    assertEquals([answer.sub, numberOf(answer.open), answer.gap], ["eth", 2, false]);
    assertEquals((await subscriber.json()).data, "2");
    await post(service, "eth", "3");
    assertEquals((await subscriber.json()).data, "3");
  },
);

channelTest("nothing of a channel comes after the answer to its unsub", async (testService) => {
  await using service = await testService();
  using subscriber = await Subscriber.open(service, "/btc,eth");
  await subscriber.json();
  await subscriber.say({ unsub: "eth" });
  assertEquals(await subscriber.json(), { unsub: "eth" });
  assertEquals((await post(service, "eth", "x")).subscribers, 0);
  await post(service, "btc", "y");
  assertEquals((await subscriber.json()).data, "y");
  assertEquals((await channelsOf(service)).map((c) => c.name), ["btc"]);
});

channelTest(
  "what one publishes to a channel that one subscribes to comes before its receipt",
  async (testService) => {
    await using service = await testService();
    using subscriber = await Subscriber.open(service, "/btc", v1);
    await subscriber.json();
    await subscriber.say({ pub: "btc", data: "x", ref: 1 });
    const message = await subscriber.json();
    assertEquals(message.data, "x");
    assertEquals(await subscriber.json(), { ref: 1, id: message.id });
  },
);

channelTest("binary is closed with 1003, and nothing is published", async (testService) => {
  await using service = await testService();
  using subscriber = await Subscriber.open(service, "/btc", v1);
  await subscriber.client.send(0x82, utf8('{"pub":"btc","data":1}'));
  assertEquals(await subscriber.closed(), "1003 JSON is spoken here");
  assertEquals(await remembered(service, "btc"), []);
});

channelTest(
  "as many channels as allowed are subscribed, one more is refused, one less makes room",
  async (testService) => {
    await using service = await testService("--max-channels", "3");
    using subscriber = await Subscriber.open(service, "/a,b");
    await subscriber.json();
    const ask = async (request: object) => {
      await subscriber.say(request);
      return withoutIds(await subscriber.json());
    };
    const good = { open: "ID", gap: false };
    assertEquals(await ask({ sub: "c" }), { sub: "c", ...good });
    assertEquals(await ask({ sub: "d", ref: 1 }), { error: "too many channels", ref: 1 });
    assertEquals(await ask({ unsub: "a" }), { unsub: "a" });
    assertEquals(await ask({ sub: "d" }), { sub: "d", ...good });
    assertEquals((await channelsOf(service)).map((c) => c.name).sort(), ["b", "c", "d"]);
  },
);

channelTest("who may not write is told so, and stays", async (testService) => {
  await using service = await testService();
  const behindProxy = { ...v1, "X-Forwarded-For": "192.0.2.1" };
  using subscriber = await Subscriber.open(service, "/btc", behindProxy);
  await subscriber.json();
  await subscriber.say({ pub: "btc", data: 1, ref: 1 });
  assertEquals(await subscriber.json(), { error: "forbidden", ref: 1 });
  await post(service, "btc", "still here");
  assertEquals((await subscriber.json()).data, "still here");
});

/**
 * Publishing over HTTP: what is taken, and the receipt.
 */
import { assertEquals, assertMatch } from "@std/assert";
import { channelTest } from "../tools/engines.ts";
import { answers, hasAnswers } from "../tools/answers.ts";
import { ask, EventStream, post, remembered, requestBytes } from "../tools/channels.ts";
import { addressOf, numberOf, Subscriber } from "../tools/channels.ts";
import { hex, utf8 } from "../tools/bytes.ts";
import { RawClient } from "../tools/raw.ts";

const chunked = { "Transfer-Encoding": "chunked" };
const bytes = "application/octet-stream";
const json = "application/json";
const KiB = "x".repeat(1024);

const taken: [
  what: string,
  type: string | undefined,
  body: string | Uint8Array,
  message: object,
][] = [
  ["a text without a type", undefined, "hello", { data: "hello" }],
  ["a text in UTF-8", "text/plain; charset=utf-8", "木霊 \u{1F333}", { data: "木霊 \u{1F333}" }],
  ["a text with a byte order mark", "text/plain", "\ufeffx", { data: "\ufeffx" }],
  ["what a form would send", "application/x-www-form-urlencoded", "a=1", { data: "a=1" }],
  ["JSON", json, '{"price":42}', { data: { price: 42 } }],
  ["JSON with parameters", "Application/JSON; charset=utf-8", "[1,\r\n2]", { data: [1, 2] }],
  ["JSON that is a text", json, '"x"', { data: "x" }],
  ["JSON under another name is text", "application/ld+json", "{}", { data: "{}" }],
  ["bytes", bytes, hex("00 01 02 ff"), { base64: "AAEC/w==" }],
  ["bytes with parameters", `${bytes}; x=y`, hex("00"), { base64: "AA==" }],
  ["an empty text", undefined, "", { data: "" }],
  ["no bytes", bytes, "", { base64: "" }],
  ["a body of the largest size", undefined, KiB, { data: KiB }],
];
channelTest("a publish is taken as what its type says, by POST and by PUT", async (testService) => {
  await using service = await testService("--max-message", "1KiB");
  for (const method of ["POST", "PUT"]) {
    for (const [index, [what, type, body, message]] of taken.entries()) {
      const channel = `${method}/${index}`;
      const fields = { "Content-Type": type };
      const { status, headers, body: text } = await ask(
        service,
        `${method} /${channel}`,
        fields,
        body,
      );
      assertEquals([status, headers.get("content-type")], [200, json], what);
      assertMatch(text, /^\{"id":"[0-9a-f]{8}\.\d+","subscribers":0\}\n$/, what);
      const expected = { ch: channel, ...message };
      assertEquals(await remembered(service, channel), [expected], what);
    }
  }
});

const pieces: [what: string, body: string, data: string][] = [
  ["in one chunk", "5\r\nhello\r\n0\r\n\r\n", "hello"],
  [
    "in three chunks, with an extension and a trailer",
    "1;x=y\r\nh\r\n3\r\nell\r\n1\r\no\r\n0\r\nX: y\r\n\r\n",
    "hello",
  ],
  ["without a chunk", "0\r\n\r\n", ""],
  ["of the largest size", `200\r\n${KiB.slice(512)}\r\n200\r\n${KiB.slice(512)}\r\n0\r\n\r\n`, KiB],
];
channelTest("a chunked body is taken whole", async (testService) => {
  await using service = await testService("--max-message", "1KiB");
  for (const [index, [what, body, data]] of pieces.entries()) {
    const { status } = await ask(service, `POST /c/${index}`, chunked, body);
    assertEquals(status, 200, what);
    assertEquals(await remembered(service, `c/${index}`), [
      { ch: `c/${index}`, data },
    ]);
  }
});

channelTest(
  "the receipt counts the subscribers; the message is remembered and queued before it",
  async (testService) => {
    await using service = await testService("--drain", "50ms");
    using first = await Subscriber.open(service, "/btc");
    using second = await Subscriber.open(service, "/eth,btc?since=all");
    using third = await EventStream.open(service, "/btc");
    using other = await Subscriber.open(service, "/eth");
    using publisher = await RawClient.connect(addressOf(service.port));
    // Both in one segment: the history is asked for at once behind the receipt.
    const both = [
      requestBytes(service.port, "POST /btc", {}, "x"),
      requestBytes(service.port, "GET /btc"),
    ];
    for (const request of both) await publisher.send(request);
    const [receipt, history] = answers(await publisher.until(hasAnswers(2)));
    const { id, subscribers } = JSON.parse(receipt!.body);
    assertEquals(subscribers, 3);
    assertEquals(JSON.parse(history!.body).messages, [{ id, ch: "btc", data: "x" }]);
    assertEquals(await first.text(), "x");
    await second.json();
    assertEquals((await second.json()).id, id);
    await third.next();
    assertEquals((await third.next()).id, id);
    assertEquals((await post(service, "eth", "y")).subscribers, 2);
    assertEquals(await other.text(), "y");
  },
);

channelTest("the same Idempotency-Key on the same channel publishes once", async (testService) => {
  await using service = await testService();
  const send = async (channel: string, key: string, body: string) => {
    const answer = await ask(service, `POST /${channel}`, { "Idempotency-Key": key }, body);
    return { ...JSON.parse(answer.body), replayed: answer.headers.get("idempotent-replayed") };
  };
  const first = await send("btc", "k", "one");
  assertEquals([first.subscribers, first.replayed], [0, undefined]);
  using _subscriber = await Subscriber.open(service, "/btc");
  // What is sent again gets the first receipt, with the first count, whatever its body is.
  assertEquals(await send("btc", "k", "two"), { ...first, replayed: "true" });
  const others: [channel: string, key: string][] = [
    ["eth", "k"],
    ["btc", "K"],
    ["btc", "!~"],
    ["btc", "x".repeat(128)],
    ["btc", "__proto__"],
  ];
  for (const [index, [channel, key]] of others.entries()) {
    const receipt = await send(channel, key, "three");
    assertEquals(receipt.replayed, undefined, key);
    assertEquals(numberOf(receipt.id), numberOf(first.id) + index + 1);
  }
  const again = await Promise.all(Array.from({ length: 20 }, () => send("race", "k", "x")));
  assertEquals(new Set(again.map((r) => r.id)).size, 1);
  assertEquals(again.filter((r) => r.replayed === undefined).length, 1);
  assertEquals((await remembered(service, "race")).length, 1);
});

channelTest("Expect: 100-continue is asked for the body, then answered", async (testService) => {
  await using service = await testService();
  using client = await RawClient.connect(addressOf(service.port));
  const fields = { "Content-Length": "5", Expect: "100-continue" };
  await client.send(requestBytes(service.port, "POST /btc", fields));
  const [first] = answers(await client.until(hasAnswers(1)));
  assertEquals(first!.status, 100);
  await client.send(utf8("hello"));
  const [, second] = answers(await client.until(hasAnswers(2)));
  assertEquals(second!.status, 200);
  assertEquals(await remembered(service, "btc"), [{ ch: "btc", data: "hello" }]);
});

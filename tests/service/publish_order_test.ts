/**
 * Many publishers at once, and publishing while the server shuts down.
 */
import { assertEquals } from "@std/assert";
import { channelTest } from "../tools/engines.ts";
import { answers, hasAnswers } from "../tools/answers.ts";
import {
  accepted,
  addressOf,
  EventStream,
  numberOf,
  requestBytes,
  Subscriber,
} from "../tools/channels.ts";
import { concat } from "../tools/bytes.ts";
import { clientClose, clientFrame } from "../tools/frames.ts";
import { bytesOf, RawClient } from "../tools/raw.ts";

/** So many publishes in one segment. Returns their numbers, in the order of the answers. */
async function pipeline(port: number, name: string, count: number): Promise<number[]> {
  using client = await RawClient.connect(addressOf(port));
  const requests = Array.from(
    { length: count },
    (_, i) => requestBytes(port, "POST /btc", {}, `${name} ${i}`),
  );
  await client.send(concat(...requests));
  const receipts = answers(await client.until(hasAnswers(count)));
  return receipts.map(({ body }) => numberOf(JSON.parse(body).id));
}

channelTest("pipelined publishes are published in their order", async (testService) => {
  await using service = await testService();
  using subscriber = await Subscriber.open(service, "/btc");
  const numbers = await pipeline(service.port, "p", 100);
  assertEquals(numbers, Array.from({ length: 100 }, (_, i) => i + 1));
  for (let i = 0; i < 100; i++) assertEquals(await subscriber.text(), `p ${i}`);
});

channelTest(
  "whoever publishes, every subscriber sees the same order without gap or repeat",
  async (testService) => {
    const each = 60;
    await using service = await testService("--message-rate", "0", "--drain", "50ms");
    using plain = await Subscriber.open(service, "/btc");
    using enveloped = await Subscriber.open(service, "/btc?since=all");
    using events = await EventStream.open(service, "/btc,eth");
    using talker = await Subscriber.open(service, "/other", {
      "Sec-WebSocket-Protocol": "kodama.v1",
    });
    await Promise.all([
      ...["a", "b", "c"].map((name) => pipeline(service.port, name, each)),
      talker.client.raw.send(concat(
        ...Array.from(
          { length: each },
          (_, i) => clientFrame(0x81, bytesOf(JSON.stringify({ pub: "btc", data: `d ${i}` }))),
        ),
      )),
    ]);
    const total = 4 * each;
    const { open, gap } = await enveloped.json();
    assertEquals([numberOf(open), gap], [0, false]);
    await events.next();
    const texts: string[] = [];
    for (let i = 1; i <= total; i++) {
      const message = await enveloped.json();
      assertEquals(numberOf(message.id), i);
      assertEquals((await events.next()).data, message);
      assertEquals(await plain.text(), message.data);
      texts.push(message.data);
    }
    for (const name of ["a", "b", "c", "d"]) {
      const own = texts.filter((text) => text.startsWith(name));
      assertEquals(own, Array.from({ length: each }, (_, i) => `${name} ${i}`));
    }
  },
);

channelTest(
  "who joins while others publish misses nothing and sees nothing twice",
  async (testService) => {
    await using service = await testService("--history", "1000", "--drain", "50ms");
    const publishing = pipeline(service.port, "p", 300);
    const joined = await Promise.all(
      Array.from({ length: 10 }, async () => {
        using subscriber = await Subscriber.open(service, "/btc?since=all");
        await subscriber.json();
        const numbers: number[] = [];
        while (numbers.at(-1) !== 300) numbers.push(numberOf((await subscriber.json()).id));
        return numbers;
      }),
    );
    await publishing;
    for (const numbers of joined) {
      assertEquals(numbers, Array.from({ length: 300 }, (_, i) => i + 1));
    }
  },
);

channelTest(
  "a subscriber that does not read is dropped, and slows neither the publisher nor others",
  async (testService) => {
    await using service = await testService("--max-buffered", "64KiB", "--drain", "50ms");
    using stuck = await Subscriber.open(service, "/btc");
    using reader = await Subscriber.open(service, "/btc");
    using publisher = await RawClient.connect(addressOf(service.port));
    const body = "x".repeat(500_000);
    let answered = 0, subscribers = 2;
    // As much as the system buffers for the one that does not read, and then some.
    while (subscribers === 2) {
      await publisher.send(requestBytes(service.port, "POST /btc", {}, body));
      const receipts = answers(await publisher.until(hasAnswers(++answered)));
      subscribers = JSON.parse(receipts.at(-1)!.body).subscribers;
      assertEquals((await reader.text()).length, body.length);
    }
    assertEquals(subscribers, 1);
    assertEquals(await stuck.closed(), "1013 reading too slowly");
  },
);

const LINES = { "Content-Type": "application/x-ndjson" };
for (
  const [what, line, fields, body] of [
    ["a publish", "POST /btc", {}, "x"],
    ["a batch", "POST /-/publish", LINES, '{"ch":"btc","data":1}\n'],
  ] as const
) {
  channelTest(
    `while the server shuts down ${what} is 503, and says when to come again`,
    async (testService) => {
      const service = await testService();
      // This one does not answer its close, so that the server waits for it.
      using waited = await Subscriber.open(service, "/btc");
      using client = await RawClient.connect(addressOf(service.port));
      const request = requestBytes(service.port, line, fields, body);
      await client.send(request.subarray(0, 20));
      await accepted(service, 2);
      const ended = service.shutdown();
      await client.send(request.subarray(20));
      const [answer] = answers(await client.readAll());
      assertEquals([answer!.status, answer!.body], [503, "shutting down\n"]);
      assertEquals(answer!.headers.get("retry-after"), "1");
      assertEquals(await waited.closed(), "1001 shutting down");
      await waited.client.raw.send(clientClose(1001));
      await ended;
    },
  );
}

/**
 * Subscribing by Server-Sent Events.
 */
import { assertEquals, assertMatch, assertStrictEquals } from "@std/assert";
import { BodyReader } from "../../lib/http/body.ts";
import { Message } from "../../lib/hub/message.ts";
import { chunkedEvent } from "../../lib/service/forms.ts";
import { defaults } from "../../lib/settings/config.ts";
import { eventHandler } from "../../lib/service/events.ts";
import { Hub } from "../../lib/hub/hub.ts";
import { MemoryEngine } from "../../lib/engine/memory.ts";
import { channelTest } from "../tools/engines.ts";
import { concat, hex, utf8 } from "../tools/bytes.ts";
import {
  addressOf,
  ask,
  channelsOf,
  deserted,
  EventStream,
  numberOf,
  post,
  requestBytes,
  Subscriber,
} from "../tools/channels.ts";
import { RawClient, textOf } from "../tools/raw.ts";
import { TestServer } from "../tools/server.ts";
import { alone, plainWishes } from "../tools/alone.ts";

channelTest(
  "a stream begins with the envelope's first message, then live messages, each with its cursor",
  async (testService) => {
    await using service = await testService();
    const { id } = await post(service, "btc", "before");
    using stream = await EventStream.open(service, "/btc,eth");
    const { headers } = stream.answer;
    assertEquals(headers.get("content-type"), "text/event-stream");
    assertEquals(headers.get("cache-control"), "no-store");
    assertEquals(headers.get("x-accel-buffering"), "no");
    const open = { open: id, channels: ["btc", "eth"], gap: false };
    assertEquals(await stream.next(), { id, data: open });
    const bodies: [type: string, body: string | Uint8Array, data: object][] = [
      ["application/json", '{\r\n"price": 42}', { data: { price: 42 } }],
      ["text/plain", "two\nlines\r\n\r\ndata: 木霊\u2028", {
        data: "two\nlines\r\n\r\ndata: 木霊\u2028",
      }],
      ["application/octet-stream", hex("0a 0d 0a 0a"), { base64: "Cg0KCg==" }],
      ["text/plain", "", { data: "" }],
    ];
    for (const [type, body, data] of bodies) {
      const { id } = await post(service, "eth", body, type);
      assertEquals(await stream.next(), { id, data: { id, ch: "eth", ...data } });
    }
  },
);

channelTest("a stream resumes behind Last-Event-ID, which wins over since", async (testService) => {
  await using service = await testService();
  const ids: string[] = [];
  for (const text of ["1", "2", "3"]) ids.push((await post(service, "btc", text)).id);
  const resumed: [target: string, header: string | undefined, missed: string[]][] = [
    ["/btc", undefined, []],
    ["/btc?since=all", undefined, ["1", "2", "3"]],
    [`/btc?since=${ids[0]}`, undefined, ["2", "3"]],
    ["/btc", ids[1], ["3"]],
    ["/btc?since=all", ids[1], ["3"]],
    ["/btc?since=all", ids[2], []],
    ["/btc?since=all", "", ["1", "2", "3"]],
    ["/btc?since=nonsense", ids[0], ["2", "3"]],
  ];
  for (const [target, header, missed] of resumed) {
    using stream = await EventStream.open(service, target, { "Last-Event-ID": header });
    const first = await stream.next();
    assertEquals([first.data.open, first.data.gap], [ids[2], false], target);
    // Cut off here, a browser comes back to before what it has not seen.
    assertEquals(numberOf(first.id), ids.length - missed.length);
    for (const text of missed) assertEquals((await stream.next()).data.data, text, target);
  }
});

channelTest(
  "a browser that is cut off between the first event and what it missed misses nothing",
  async (testService) => {
    await using service = await testService();
    await post(service, "btc", "1");
    await post(service, "btc", "2");
    let last: string;
    {
      using stream = await EventStream.open(service, "/btc?since=all");
      last = (await stream.next()).id;
    }
    using stream = await EventStream.open(service, "/btc?since=all", { "Last-Event-ID": last });
    assertEquals((await stream.next()).data.gap, false);
    assertEquals((await stream.next()).data.data, "1");
    assertEquals((await stream.next()).data.data, "2");
  },
);

channelTest("a stream tells a gap, and brings what is still there", async (testService) => {
  await using service = await testService("--history", "1");
  const { id } = await post(service, "btc", "1");
  await post(service, "btc", "2");
  await post(service, "btc", "3");
  const gaps: [lastId: string, lost: string][] = [
    [id, "expired"],
    ["another.1", "epoch"],
    [id.replace(/\d+$/, "99"), "unknown"],
  ];
  for (const [lastId, lost] of gaps) {
    using stream = await EventStream.open(service, "/btc", { "Last-Event-ID": lastId });
    const { data } = await stream.next();
    assertEquals([data.gap, data.lost], [true, { btc: lost }]);
    assertEquals((await stream.next()).data.data, "3");
  }
});

Deno.test("a stream is kept alive by a comment every 25 seconds", async () => {
  const hub = new Hub(new MemoryEngine(defaults, () => performance.now(), "x7"));
  const rights = { read: () => true, write: () => true, expires: Infinity, refusal: 403 as const };
  const fault = (error: unknown) => {
    throw error;
  };
  const ticks: number[] = [];
  await using server = new TestServer(() => {
    const about = { ...alone(hub), ...plainWishes, rights, channels: ["btc"], since: undefined };
    const stream = eventHandler({ ...about, overrun() {}, fault });
    // A clock on which each tick is five seconds.
    let now = 1000;
    const tick: typeof stream.tick = (s) => {
      ticks.push(now);
      stream.tick!(s, now);
      now += 5000;
    };
    return { status: 200, headers: [], stream: { ...stream, tick } };
  }, { closeTimeout: 20 });
  using stream = await EventStream.open(server.server.addr as Deno.NetAddr, "/btc");
  await stream.next();
  assertEquals(await stream.block(), ":");
  assertEquals(ticks.at(-1), 26_000);
  assertEquals(await stream.block(), ":");
  assertEquals(ticks.at(-1), 51_000);
});

channelTest("a client that leaves is unsubscribed, by FIN of either kind", async (testService) => {
  await using service = await testService();
  for (const leave of ["end", "close"] as const) {
    using stream = await EventStream.open(service, "/btc,eth");
    await stream.next();
    assertEquals((await channelsOf(service)).map((c) => c.subscribers), [1, 1]);
    await stream.raw[leave]();
    await deserted(service);
  }
});

channelTest(
  "a stream ends when the server shuts down, behind what it was owed",
  async (testService) => {
    const service = await testService("--drain", "5s");
    using stream = await EventStream.open(service, "/btc");
    await stream.next();
    await post(service, "btc", "last words");
    const ended = service.shutdown();
    assertEquals((await stream.next()).data.data, "last words");
    assertEquals(await stream.block(), undefined);
    assertEquals(stream.ended, true);
    assertEquals((await stream.raw.readAll()).length, 0);
    assertEquals(stream.raw.ended, "FIN");
    stream.raw.close();
    await ended;
  },
);

channelTest(
  "a stream that is not read is dropped, while others get everything",
  async (testService) => {
    await using service = await testService("--max-buffered", "64KiB", "--drain", "50ms");
    using stuck = await EventStream.open(service, "/btc");
    using reader = await Subscriber.open(service, "/btc");
    const body = "x".repeat(500_000);
    let subscribers = 2;
    while (subscribers === 2) {
      subscribers = (await post(service, "btc", body)).subscribers;
      assertEquals((await reader.text()).length, body.length);
    }
    assertEquals(subscribers, 1);
    // Cut off, and seen to be.
    assertEquals(textOf(await stuck.raw.readAll()).endsWith("\r\n0\r\n\r\n"), false);
    assertEquals((await channelsOf(service)).map((c) => c.subscribers), [1]);
  },
);

channelTest(
  "what is missed comes to a slow reader as fast as it reads, however much it is",
  async (testService) => {
    await using service = await testService("--max-buffered", "64KiB", "--drain", "50ms");
    const body = "x".repeat(300_000);
    for (let i = 0; i < 40; i++) await post(service, "btc", body);
    using stream = await EventStream.open(service, "/btc?since=all");
    await stream.next();
    for (let i = 1; i <= 40; i++) assertEquals((await stream.next()).id.split(".")[1], `${i}`);
  },
);

channelTest(
  "each event is one chunk, whole with its last byte (RFC 9112, 7.1)",
  async (testService) => {
    await using service = await testService();
    using client = await RawClient.connect(addressOf(service.port));
    await client.send(requestBytes(service.port, "GET /btc", { Accept: "text/event-stream" }));
    const head = textOf(
      await client.until((bytes) => textOf(bytes).includes('gap":false}\n\n\r\n')),
    );
    assertMatch(head, /^HTTP\/1\.1 200 OK\r\n[^]*\r\nTransfer-Encoding: chunked\r\n/);
    assertMatch(head, /\r\nConnection: close\r\n/);
    client.take(head.length);
    for (const text of ["1", "木霊".repeat(20), "x".repeat(70_000)]) {
      const { id } = await post(service, "btc", text);
      const event = utf8(`id: ${id}\ndata: {"id":"${id}","ch":"btc","data":"${text}"}\n\n`);
      const chunk = concat(utf8(`${event.length.toString(16)}\r\n`), event, utf8("\r\n"));
      // Nothing behind the event is needed to have it: what comes is the chunk, to the byte.
      await client.until((bytes) => bytes.length >= chunk.length);
      assertEquals(client.take(client.received.length), chunk);
      const reader = new BodyReader("chunked", 1 << 20);
      for (let at = 0; at < chunk.length; at++) {
        assertEquals(
          reader.read(chunk, at, at + 1),
          at + 1,
        );
      }
      assertEquals([reader.body, reader.done], [event, false]);
    }
  },
);

channelTest(
  "a stream to HTTP/1.0 is not chunked, and ends with the connection (RFC 9112, 6.1)",
  async (testService) => {
    const service = await testService("--drain", "1s");
    using client = await RawClient.connect(addressOf(service.port));
    await client.send("GET /btc HTTP/1.0\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n");
    await client.until((bytes) => textOf(bytes).endsWith('gap":false}\n\n'));
    const { id } = await post(service, "btc", "1");
    const ended = service.shutdown();
    const text = textOf(await client.readAll());
    client.close();
    await ended;
    assertEquals(/Transfer-Encoding/i.test(text), false);
    assertMatch(text, /\r\nConnection: close\r\n\r\nid: /);
    assertEquals(
      text.endsWith(`\n\nid: ${id}\ndata: {"id":"${id}","ch":"btc","data":"1"}\n\n`),
      true,
    );
  },
);

Deno.test("the chunk of an event is made once for all who get it", () => {
  const draft = { channel: "btc", kind: "text" as const, body: utf8("1") };
  const message = new Message(draft, { epoch: "x7", seq: 1 }, 0);
  assertStrictEquals(message.as(chunkedEvent), message.as(chunkedEvent));
});

channelTest("HEAD of a stream gives its fields and subscribes nobody", async (testService) => {
  await using service = await testService();
  const { status, headers } = await ask(service, "HEAD /btc", { Accept: "text/event-stream" });
  assertEquals([status, headers.get("content-type")], [200, "text/event-stream"]);
  // RFC 9110, 8.6: none but the length that GET would have.
  assertEquals(headers.has("content-length"), false);
  assertEquals(await channelsOf(service), []);
});

channelTest("a request behind a stream's is not answered", async (testService) => {
  await using service = await testService();
  using client = await RawClient.connect(addressOf(service.port));
  await client.send(requestBytes(service.port, "GET /btc", { Accept: "text/event-stream" }));
  await client.send(requestBytes(service.port, "POST /btc", {}, "smuggled"));
  await client.end();
  await client.readAll();
  assertEquals(JSON.parse((await ask(service, "GET /btc")).body).messages, []);
});

channelTest("a page of an allowed origin may read a stream", async (testService) => {
  await using service = await testService("--origin", "https://a.example");
  using stream = await EventStream.open(service, "/btc", { Origin: "https://a.example" });
  const { headers } = stream.answer;
  assertEquals(headers.get("access-control-allow-origin"), "https://a.example");
  assertEquals(headers.get("vary"), "Origin");
});

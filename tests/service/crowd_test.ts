/** Limits over all connections: how many one address has, and what waits for all of them. */
import { assertEquals, assertGreater, assertLess, assertMatch } from "@std/assert";
import { WebSocket as OthersWebSocket } from "ws";
import { addressOf, ask, EventStream, post, requestBytes, Subscriber } from "../tools/channels.ts";
import { RawClient } from "../tools/raw.ts";
import { scrape, scraped } from "../tools/scrape.ts";
import { type TestService, testService } from "../tools/service.ts";
import { tried } from "../tools/engines.ts";

/** What a proxy on this machine says of whoever asks. */
const from = (client: string) => ({ "X-Forwarded-For": client });
const BEHIND = ["--trust-proxy", "127.0.0.1", "--drain", "50ms"];

/** How a handshake of the client library `ws` ends: 101, or the status that it is refused with. */
function handshake(service: TestService, client: string): Promise<[number, OthersWebSocket]> {
  const socket = new OthersWebSocket(`ws://127.0.0.1:${service.port}/btc`, {
    headers: from(client),
  });
  return new Promise((resolve, reject) => {
    socket.on("open", () => resolve([101, socket]));
    socket.on("unexpected-response", (request: { destroy(): void }, response: {
      statusCode: number;
    }) => {
      request.destroy();
      resolve([response.statusCode, socket]);
    });
    socket.on("error", (error: Error) => reject(error));
  });
}

Deno.test("an address behind a proxy has --max-per-address connections of any kind; one more is 429, told and counted", async () => {
  await using service = await testService(...BEHIND, "--max-per-address", "3");
  using raw = await Subscriber.open(service, "/btc", from("192.0.2.7"));
  using _events = await EventStream.open(service, "/btc", from("192.0.2.7"));
  const [status, third] = await handshake(service, "192.0.2.7");
  assertEquals(status, 101);
  assertEquals((await handshake(service, "192.0.2.7"))[0], 429);
  const { status: refused, body, headers } = await ask(service, "GET /btc", from("192.0.2.7"));
  assertEquals([refused, headers.get("retry-after")], [429, "5"]);
  assertMatch(body, /^too many connections from this address \(--max-per-address; /);
  const line = await service.log.line(({ message }) => message === "refused");
  assertEquals([line.fields.peer, line.fields.status], ["192.0.2.7", 429]);
  const found = await scrape(service);
  for (const request of ["handshake", "http"]) {
    assertEquals(found.value("kodama_refused_total", { reason: "address", request }), 1);
  }
  // Others are served; so is who asks from this machine, however often.
  assertEquals((await ask(service, "GET /btc", from("192.0.2.8"))).status, 200);
  for (let i = 0; i < 5; i++) assertEquals((await ask(service, "GET /btc")).status, 200);
  // Whoever leaves makes room.
  const closed = new Promise((resolve) => third.on("close", resolve));
  third.close();
  await closed;
  await scraped(service, (s) => s.value("kodama_connections", { kind: "raw" }) === 1);
  const [again, fourth] = await handshake(service, "192.0.2.7");
  assertEquals(again, 101);
  fourth.terminate();
  assertEquals((await post(service, "btc", "x")).subscribers >= 2, true);
  assertEquals(await raw.text(), "x");
});

Deno.test("with --trust-proxy on whoever connects is believed; --max-per-address 0 counts nobody", async () => {
  await using service = await testService("--trust-proxy", "on", "--max-per-address", "1");
  using _first = await Subscriber.open(service, "/btc", from("2001:db8::1"));
  assertEquals((await ask(service, "GET /btc", from("2001:db8::2"))).status, 429);
  assertEquals((await ask(service, "GET /btc", from("2001:db8:0:1::1"))).status, 200);
  await using any = await testService("--trust-proxy", "on", "--max-per-address", "0");
  const many = await Promise.all(
    Array.from({ length: 120 }, () => Subscriber.open(any, "/btc", from("192.0.2.7"))),
  );
  for (const subscriber of many) subscriber[Symbol.dispose]();
});

Deno.test({
  name: "an address has --max-per-address connections over all threads [memory, 2 workers]",
  ignore: tried.length === 1,
  async fn() {
    await using service = await testService(...BEHIND, "--workers", "2", "--max-per-address", "9");
    const open = (client: string, count: number) =>
      Promise.allSettled(
        Array.from({ length: count }, () => Subscriber.open(service, "/btc", from(client))),
      );
    const all = [...await open("192.0.2.7", 20), ...await open("192.0.2.8", 9)];
    const found = all.map(({ status }) => status === "fulfilled");
    assertEquals(found.slice(0, 20).filter((opened) => opened).length, 9);
    assertEquals(found.slice(20).filter((opened) => opened).length, 9);
    const refused = (await scrape(service)).value("kodama_refused_total", { reason: "address" });
    assertEquals(refused, 11);
    for (const one of all) if (one.status === "fulfilled") one.value[Symbol.dispose]();
    await scraped(service, (s) => s.value("kodama_connections", { kind: "raw" }) === 0);
    const again = await open("192.0.2.7", 9);
    assertEquals(again.every(({ status }) => status === "fulfilled"), true);
    for (const one of again) if (one.status === "fulfilled") one.value[Symbol.dispose]();
  },
});

const MIB = 1 << 20;

/** A message of 1 MiB that says where it belongs. */
const large = (text: string) => text.padEnd(MIB, ".");

for (const flags of [[], ["--workers", "2"]]) {
  Deno.test({
    name: "over --max-buffered-total the connection with the most goes, others lose nothing" +
      (flags.length === 0 ? "" : " [memory, 2 workers]"),
    ignore: flags.length > 0 && tried.length === 1,
    async fn() {
      const limits = ["--max-buffered", "64MiB", "--max-buffered-total", "8MiB"];
      await using service = await testService(...flags, ...limits, "--drain", "50ms");
      const held = async () => (await scrape(service)).value("kodama_queue_memory_bytes");
      const ended = async () =>
        (await scrape(service)).value("kodama_slow_consumers_total", {
          limit: "max-buffered-total",
        });
      using small = await Subscriber.open(service, "/small");
      using most = await Subscriber.open(service, "/most");
      // Neither reads: what the system does not take waits here.
      let waiting = 0;
      while (await held() < 2 * MIB) await post(service, "small", large(`${waiting++}`));
      for (let i = 0; await ended() === 0; i++) {
        assertLess(await held(), 11 * MIB);
        await post(service, "most", large(`${i}`));
      }
      assertEquals(await ended(), 1);
      assertLess(await held(), 8 * MIB + 1);
      assertGreater(await held(), MIB);
      const line = await service.log.line(({ message }) => message === "ended abnormally");
      assertEquals([line.fields.code, line.fields.reason], [1013, "reading too slowly"]);
      // A frame was being written to it that would have had to be kept until it is read: it is cut off.
      await most.client.raw.readAll();
      for (let i = 0; i < waiting; i++) assertEquals(await small.text(), large(`${i}`));
      await post(service, "small", "still here");
      assertEquals(await small.text(), "still here");
      await scraped(service, (s) => s.value("kodama_queue_memory_bytes") < MIB);
    },
  });
}

Deno.test("one message to many who do not read counts once against --max-buffered-total", async () => {
  const limits = ["--max-buffered", "64MiB", "--max-buffered-total", "64MiB"];
  await using service = await testService(...limits, "--drain", "50ms");
  const stuck = await Promise.all(
    Array.from({ length: 20 }, () => Subscriber.open(service, "/btc")),
  );
  let count = 0;
  for (; count < 40; count++) {
    await post(service, "btc", large(`${count}`));
    const found = await scrape(service);
    const slow = found.value("kodama_slow_consumers_total", { limit: "max-buffered-total" });
    assertEquals(slow, 0);
    // All queues together hold more than that.
    if (found.value("kodama_queue_bytes") > 80 * MIB) break;
  }
  assertLess(count, 40);
  assertLess((await scrape(service)).value("kodama_queue_memory_bytes"), 42 * MIB);
  for (const one of stuck) one[Symbol.dispose]();
});

Deno.test("what was missed and answers that nobody reads count against --max-buffered-total, too", async () => {
  await using service = await testService("--max-buffered-total", "8MiB", "--drain", "50ms");
  for (let i = 0; i < 5; i++) await post(service, "btc", large(`${i}`));
  const ended = async () =>
    (await scrape(service)).value("kodama_slow_consumers_total", { limit: "max-buffered-total" });
  const held = async () => (await scrape(service)).value("kodama_queue_memory_bytes");
  // What several have missed counts once while they share it; what is encoded for one is its own.
  using one = await Subscriber.open(service, "/btc?since=all");
  assertGreater(await held(), MIB);
  assertEquals([await ended(), (await one.json()).gap], [0, false]);
  const clients: RawClient[] = [];
  try {
    // Each answer has all five.
    while (await ended() === 0 && clients.length < 20) {
      const client = await RawClient.connect(addressOf(service.port));
      clients.push(client);
      await client.send(requestBytes(service.port, "GET /btc"));
      await client.until((received) => received.length > 0);
    }
    assertLess(clients.length, 20);
    await scraped(service, (s) => s.value("kodama_queue_memory_bytes") <= 8 * MIB);
    assertEquals((await ask(service, "GET /-/health")).status, 200);
  } finally {
    for (const client of clients) client.close();
  }
  // A new one has all of it.
  const { messages } = await (await fetch(`http://127.0.0.1:${service.port}/btc`)).json();
  assertEquals(messages.length, 5);
});

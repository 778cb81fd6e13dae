/**
 * What is measured: that each number is counted where it belongs, and written as Prometheus reads it.
 */
import { assert, assertEquals, assertGreater, assertMatch } from "@std/assert";
import { metrics } from "../../lib/service/metrics.ts";
import {
  ask,
  EventStream,
  post,
  type RequestFields,
  Subscriber,
  UPGRADE,
} from "../tools/channels.ts";
import WebSocket from "ws";
import { CA, makePair, writePair } from "../tools/certificates.ts";
import { channelTest } from "../tools/engines.ts";
import { Scrape, scrape, scraped } from "../tools/scrape.ts";
import { testService } from "../tools/service.ts";
import { isEncrypted } from "../tools/way.ts";

channelTest(
  "metrics are Prometheus's text, all of the table, each with its help and type",
  async (testService) => {
    await using service = await testService();
    const { status, headers } = await ask(service, "GET /-/metrics");
    assertEquals(status, 200);
    assertEquals(headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    const { types, text, samples } = await scrape(service);
    const there = metrics.filter(({ when }) => !when || when === "TLS" && isEncrypted());
    assertEquals([...types], there.map(({ name, type }) => [name, type]));
    for (const { name, help, labels } of there) {
      assert(text.includes(`# HELP ${name} ${help}\n`), name);
      // What a table of labels says is all there, also before anything has happened.
      const known = Object.values(labels).every((values) => values.length > 0);
      const count = Object.values(labels).reduce((product, values) => product * values.length, 1);
      const found = samples.filter((sample) => sample.name === name);
      if (known && !name.endsWith("_seconds")) assertEquals(found.length, count, name);
    }
    const head = await ask(service, "HEAD /-/metrics");
    assertEquals([head.status, head.body], [200, ""]);
  },
);

Deno.test("names are as Prometheus's conventions want them", () => {
  for (const { name, type, labels, help } of metrics) {
    assertMatch(name, /^(kodama|process)(_[a-z]+)+$/);
    assertEquals(name.endsWith("_total"), type === "counter", name);
    if (type === "histogram") assert(name.endsWith("_seconds"), name);
    for (const label of Object.keys(labels)) assertMatch(label, /^[a-z]+$/);
    assertMatch(help, /^[A-Z].*[^.]$/);
  }
  assertEquals(new Set(metrics.map(({ name }) => name)).size, metrics.length);
});

const promtool = await new Deno.Command("promtool", { args: ["--version"] }).output()
  .then(({ success }) => success, () => false);

Deno.test({
  name: "promtool finds nothing to say (needs Debian's prometheus)",
  ignore: !promtool,
  async fn() {
    await using service = await testService();
    await post(service, "btc", "x");
    const { text } = await scrape(service);
    const child = new Deno.Command("promtool", {
      args: ["check", "metrics"],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const [{ code, stderr }] = await Promise.all([
      child.output(),
      new Blob([text]).stream().pipeTo(child.stdin),
    ]);
    assertEquals([code, new TextDecoder().decode(stderr)], [0, ""]);
  },
});

channelTest("the counters move", async (testService) => {
  await using service = await testService("--drain", "50ms");
  const before = await scrape(service);
  for (const name of ["engine_messages_total", "delivered_total", "channels", "history_messages"]) {
    assertEquals(before.value(`kodama_${name}`), 0, name);
  }
  using one = await Subscriber.open(service, "/btc");
  using two = await EventStream.open(service, "/btc,eth");
  await post(service, "btc", "x".repeat(1000));
  await post(service, "eth", "y");
  await post(service, "nobody", "z");
  assertEquals((await one.text()).length, 1000);
  await two.next();
  // Each thread counts when it has told its own.
  const after = await scraped(
    service,
    (s) => s.value("kodama_sent_messages_total") > 0 && s.value("kodama_delivered_total") >= 3,
  );
  assertEquals(after.value("kodama_engine_messages_total"), 3);
  assertEquals(after.value("kodama_history_messages"), 3);
  assertEquals(after.value("kodama_delivered_total"), 3);
  assertEquals(after.value("kodama_channels"), 2);
  assertEquals(after.value("kodama_sent_messages_total"), 1);
  const [ours, others] = isEncrypted() ? ["yes", "no"] : ["no", "yes"];
  assertEquals(after.value("kodama_connections", { kind: "raw", tls: ours! }), 1);
  assertEquals(after.value("kodama_connections", { kind: "sse" }), 1);
  assertEquals(after.value("kodama_connections", { tls: others! }), 0);
  assertEquals(after.value("kodama_delivery_seconds_count"), 3);
  assertEquals(after.value("kodama_delivery_seconds_bucket", { le: "+Inf" }), 3);
  assert(after.value("kodama_history_bytes") >= 1002);
  assert(after.value("kodama_accepted_total") >= before.value("kodama_accepted_total") + 6);
  assert(after.value("kodama_received_bytes_total") > before.value("kodama_received_bytes_total"));
  assert(after.value("kodama_sent_bytes_total") > 2000);
  assertGreater(after.value("process_resident_memory_bytes"), 1e6);
  assertGreater(after.value("process_cpu_seconds_total"), 0);
  assertGreater(after.value("process_start_time_seconds"), Date.now() / 1000 - 3600);
  assertEquals((await scrape(service)).value("kodama_engine_messages_total"), 3);
});

Deno.test("a connection is counted under what it has become, until it is gone", async () => {
  await using service = await testService("--drain", "50ms");
  const kinds: [kind: string, target: string][] = [
    ["ticker", "/"],
    ["echo", "/-/echo"],
    ["raw", "/btc"],
    ["envelope", "/btc?since=all"],
    ["tap", "/-/tap/0123456789abcdef"],
  ];
  for (const [kind, target] of kinds) {
    const client = await Subscriber.open(service, target);
    assertEquals((await scrape(service)).value("kodama_connections", { kind }), 1, kind);
    client[Symbol.dispose]();
    await scraped(service, (found) => found.value("kodama_connections", { kind }) === 0);
  }
  // Who scrapes is neither.
  const { samples } = await scraped(service, (found) => found.value("kodama_connections") === 1);
  const open = samples.filter(({ name, value }) => name === "kodama_connections" && value > 0);
  assertEquals(open.map(({ labels }) => labels), [{ kind: "http", tls: "no" }]);
});

Deno.test("refused requests are counted by reason, handshakes apart", async () => {
  await using service = await testService("--max-message", "10");
  const refused: [line: string, fields: RequestFields, request: string, reason: string][] = [
    ["GET /btc?since=x", {}, "http", "malformed"],
    ["GET /btc?since=x", UPGRADE, "handshake", "malformed"],
    ["GET /btc", { ...UPGRADE, Origin: "http://a.example" }, "handshake", "origin"],
    ["GET /btc", { Host: "a.example" }, "http", "host"],
    ["GET /btc", { ...UPGRADE, "Sec-WebSocket-Version": "8" }, "handshake", "upgrade"],
    ["GET /-/echo", {}, "http", "upgrade"],
    ["GET /-/nothing", {}, "http", "unknown"],
    ["POST /btc", { "X-Forwarded-For": "192.0.2.1", "Content-Length": "0" }, "http", "forbidden"],
    ["POST /btc", { "Content-Length": "11" }, "http", "size"],
    ["POST /btc", {}, "http", "size"],
    ["GET /btc?token=a.b.c", {}, "http", ""],
  ];
  const before = new Map<string, number>();
  for (const [line, fields, request, reason] of refused) {
    await ask(service, line, fields);
    const found = await scrape(service);
    if (reason === "") {
      assertEquals(found.value("kodama_refused_total"), refused.length - 1);
      continue;
    }
    const key = `${request} ${reason}`, count = (before.get(key) ?? 0) + 1;
    before.set(key, count);
    assertEquals(found.value("kodama_refused_total", { request, reason }), count, key);
  }
  const found = await scrape(service);
  assertEquals(found.value("kodama_publishes_total", { via: "http", result: "refused" }), 3);
});

Deno.test("closes are counted by code, each once", async () => {
  await using service = await testService("--drain", "50ms");
  const closes: [code: string, frame: number[] | undefined][] = [
    ["1000", [0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8]],
    ["1002", [0xf1, 0x80, 0, 0, 0, 0]],
    ["1005", [0x88, 0x80, 0, 0, 0, 0]],
    ["1006", undefined],
    ["1014", [0x88, 0x82, 0, 0, 0, 0, 0x03, 0xf6]],
    ["3000-3999", [0x88, 0x82, 0, 0, 0, 0, 0x0f, 0x9f]],
    ["4000-4999", [0x88, 0x82, 0, 0, 0, 0, 0x0f, 0xa0]],
    ["4000-4999", [0x88, 0x82, 0, 0, 0, 0, 0x13, 0x87]],
  ];
  let count = 0;
  for (const [code, frame] of closes) {
    using client = await Subscriber.open(service, "/-/echo");
    if (frame === undefined) client[Symbol.dispose]();
    else await client.client.raw.send(Uint8Array.from(frame));
    count++;
    const found = await scraped(service, (s) => s.value("kodama_closes_total") >= count);
    assertEquals(found.value("kodama_closes_total"), count);
    const own = closes.slice(0, count).filter((row) => row[0] === code).length;
    assertEquals(found.value("kodama_closes_total", { code }), own, code);
  }
});

Deno.test("publishes are counted by how they came and by what became of them", async () => {
  await using service = await testService("--drain", "50ms", "--max-message", "100");
  await ask(service, "POST /btc", { "Idempotency-Key": "k" }, "x");
  await ask(service, "POST /btc", { "Idempotency-Key": "k" }, "x");
  await ask(service, "POST /btc", { "Content-Type": "application/json" }, "{");
  using writer = await Subscriber.open(service, "/btc?since=1s");
  await writer.json();
  await writer.say({ pub: "btc", data: 1 });
  await writer.json();
  await writer.json();
  await writer.say({ pub: "btc" });
  await writer.json();
  using raw = await Subscriber.open(service, "/btc");
  await raw.say("x");
  await raw.text();
  using foreign = await Subscriber.open(service, "/btc", { "X-Forwarded-For": "192.0.2.1" });
  await foreign.say("x");
  await foreign.closed();
  const found = await scraped(service, (s) => s.value("kodama_received_messages_total") === 4);
  const counts: [via: string, result: string, count: number][] = [
    ["http", "published", 1],
    ["http", "replayed", 1],
    ["http", "refused", 1],
    ["websocket", "published", 2],
    ["websocket", "refused", 2],
  ];
  for (const [via, result, count] of counts) {
    assertEquals(found.value("kodama_publishes_total", { via, result }), count, `${via} ${result}`);
  }
  assertEquals(found.value("kodama_publishes_total"), 7);
  // A replay takes no time of its own.
  assertEquals(found.value("kodama_delivery_seconds_count"), 3);
});

Deno.test("what waits for who reads too slowly is seen, and then that it was too much", async () => {
  await using service = await testService("--drain", "50ms", "--max-buffered", "16MiB");
  using _lazy = await Subscriber.open(service, "/btc");
  using _stream = await EventStream.open(service, "/btc");
  const body = "x".repeat(1 << 20);
  const publish = async (count: number) => {
    for (let i = 0; i < count; i++) await post(service, "btc", body);
  };
  // The system's own buffers hold some MiB.
  await publish(16);
  await scraped(service, (found) => found.value("kodama_queue_bytes") > 8 << 20);
  assertEquals((await scrape(service)).value("kodama_slow_consumers_total"), 0);
  await publish(16);
  const found = await scrape(service);
  assertEquals(found.value("kodama_slow_consumers_total", { limit: "max-buffered" }), 2);
  assertEquals(found.value("kodama_closes_total", { code: "1013" }), 1);
  await scraped(service, (found) => found.value("kodama_queue_bytes") < 8 << 20);
});

Deno.test("an event loop that is held up is seen", async () => {
  await using service = await testService("--drain", "50ms");
  const before = (await scrape(service)).value("kodama_event_loop_delay_seconds_count");
  await scraped(service, (s) => s.value("kodama_event_loop_delay_seconds_count") > before);
  for (const until = performance.now() + 600; performance.now() < until;);
  await scraped(service, (s) =>
    s.value("kodama_event_loop_delay_seconds_count") -
        s.value("kodama_event_loop_delay_seconds_bucket", { le: "0.25" }) > 0);
});

Deno.test("what is encrypted is counted apart, and so is what does not become so", async () => {
  using files = writePair(await makePair());
  const times = ["--drain", "50ms", "--handshake-timeout", "200ms"];
  await using service = await testService(...files.flags, ...times);
  using client = Deno.createHttpClient({ caCerts: [CA], poolMaxIdlePerHost: 0 });
  const told = async () => {
    const answer = await fetch(`https://localhost:${service.port}/-/metrics`, { client });
    return new Scrape(await answer.text());
  };
  const socket = new WebSocket(`wss://localhost:${service.port}/btc`, { ca: CA });
  await new Promise((resolve) => socket.once("open", resolve));
  const found = await told();
  assertEquals(found.value("kodama_connections", { kind: "raw", tls: "yes" }), 1);
  assertEquals(found.value("kodama_connections", { tls: "no" }), 0);
  assertEquals(found.value("kodama_accepted_total", { tls: "yes" }), 2);
  assertEquals(found.value("kodama_tls_failed_total"), 0);
  const expiry = found.value("kodama_certificate_expiry_timestamp_seconds");
  assertEquals(expiry * 1000, Date.parse(String(service.log.lines[0]!.fields.expires)));
  // Also of one that does not leave by itself.
  using plain = await Deno.connect({ port: service.port });
  await plain.write(new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n"));
  while (await plain.read(new Uint8Array(1024)) !== null);
  const { fields } = await service.log.line(({ message }) => message === "refused");
  assertEquals(fields.reason, "TLS: plain HTTP");
  assertEquals((await told()).value("kodama_tls_failed_total"), 1);
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.close();
  await closed;
});

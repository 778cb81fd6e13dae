/**
 * Several threads that serve: what is whole over all of them, and what becomes of one that ends by a fault.
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { accepted, ask, channelsOf, numberOf, post, Subscriber } from "../tools/channels.ts";
import { Crashes } from "../tools/crash.ts";
import { scrape } from "../tools/scrape.ts";
import { type Line, testService, testThreads } from "../tools/service.ts";

/** Subscribes so often that every thread has some, whichever way the system shares connections out. */
function many(service: { port: number }, count: number, target: string): Promise<Subscriber[]> {
  return Promise.all(Array.from({ length: count }, () => Subscriber.open(service, target)));
}

Deno.test("receipts, channels and metrics count over all threads, whichever is asked", async () => {
  await using service = await testService("--workers", "3", "--drain", "50ms");
  const readers = await many(service, 24, "/btc");
  for (let i = 0; i < 12; i++) assertEquals((await post(service, "btc", `${i}`)).subscribers, 24);
  for (const reader of readers) {
    for (let i = 0; i < 12; i++) assertEquals(await reader.text(), `${i}`);
  }
  for (let i = 0; i < 12; i++) {
    const [channel, ...others] = await channelsOf(service);
    assertEquals([channel!.name, channel!.subscribers, others.length], ["btc", 24, 0]);
    assertEquals(numberOf(channel!.last!), 12);
    const found = await scrape(service);
    assertEquals(found.value("kodama_engine_messages_total"), 12);
    assertEquals(found.value("kodama_publishes_total", { result: "published" }), 12);
    assertEquals(found.value("kodama_delivered_total"), 12 * 24);
    assertEquals(found.value("kodama_accepted_total"), 24 + 12 + 2 * i + 2);
    assertEquals(found.value("kodama_connections", { kind: "raw" }), 24);
  }
  for (const reader of readers) reader[Symbol.dispose]();
});

Deno.test("--max-connections counts the connections of all threads: the last one fits, one more does not", async () => {
  await using service = await testService(
    "--workers",
    "3",
    "--max-connections",
    "8",
    "--drain",
    "50ms",
  );
  const readers = await many(service, 8, "/btc");
  for (let i = 0; i < 6; i++) {
    assertEquals((await ask(service, "GET /btc")).status, 503);
    assertEquals((await ask(service, "GET /-/health")).status, 200);
  }
  for (const reader of readers) reader[Symbol.dispose]();
});

Deno.test("a key counts for all threads", async () => {
  await using service = await testService("--workers", "3", "--drain", "50ms");
  const publish = () => ask(service, "POST /btc", { "Idempotency-Key": "k" }, "once");
  const answers = await Promise.all(Array.from({ length: 12 }, publish));
  assertEquals(new Set(answers.map(({ body }) => JSON.parse(body).id)).size, 1);
  const fresh = answers.filter(({ headers }) => headers.get("idempotent-replayed") === undefined);
  assertEquals(fresh.length, 1);
});

Deno.test("a thread that ends by a fault is started again; the others go on, and nobody loses what is remembered", async () => {
  await using crashes = new Crashes();
  const modules = { worker: crashes.module("worker") };
  await using service = await testThreads(modules, "--workers", "2", "--drain", "50ms");
  await crashes.called(2);
  const readers = await many(service, 24, "/btc?since=all");
  await accepted(service, 24);
  for (const reader of readers) await reader.json();
  const { id } = await post(service, "btc", "before");
  for (const reader of readers) assertEquals((await reader.json()).id, id);
  await crashes.crash(0);
  await service.log.line(({ message }) => message.startsWith("a thread has ended"));
  await crashes.called(3);
  const found = await scrape(service);
  assertEquals(found.value("kodama_thread_faults_total", { thread: "worker" }), 1);
  // Nobody counts the connections of a thread that is gone, and what it has counted is not lost.
  const counted = found.value("kodama_connections", { kind: "envelope" });
  assertEquals(counted, (await channelsOf(service))[0]!.subscribers);
  assert(found.value("kodama_accepted_total") >= 24);
  // Whoever was served by the other one is there and has it all.
  const alive: Subscriber[] = [];
  const receipt = await post(service, "btc", "after");
  assertEquals((await channelsOf(service))[0]!.subscribers, receipt.subscribers);
  for (const reader of readers) {
    try {
      assertEquals((await reader.json()).id, receipt.id);
      alive.push(reader);
    } catch {
      // It was cut off, and comes back with what it knows.
      using again = await Subscriber.open(service, `/btc?since=${id}`);
      assertEquals((await again.json()).gap, false);
      assertEquals((await again.json()).id, receipt.id);
    }
  }
  assertEquals(alive.length, receipt.subscribers);
  assert(alive.length < 24, "none was cut off");
  // The new thread takes its share.
  const more = await many(service, 24, "/btc");
  assertEquals((await post(service, "btc", "x")).subscribers, alive.length + 24);
  for (const each of more) assertEquals(await each.text(), "x");
  for (const each of [...readers, ...more]) each[Symbol.dispose]();
});

Deno.test("a thread that cannot listen when it is started again is tried again until it can", async () => {
  await using crashes = new Crashes();
  const deaf = await Deno.makeTempFile();
  await Deno.remove(deaf);
  const modules = { worker: crashes.deafWorker(deaf) };
  await using service = await testThreads(modules, "--workers", "2", "--drain", "50ms");
  /** Waits until so many lines say so; it looks again and again. */
  const said = async (wanted: string, count: number) => {
    const saying = ({ message, fields }: Line) => [message, fields.error].includes(wanted);
    const began = performance.now();
    while (service.log.lines.filter(saying).length < count) {
      if (performance.now() - began > 20_000) throw new Error(`not ${count} times: ${wanted}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  await said("it listens", 2);
  await crashes.called(2);
  await Deno.writeTextFile(deaf, "");
  await crashes.crash(0);
  await said("no file is left", 2);
  await Deno.remove(deaf);
  await said("it listens", 3);
});

for (const workers of ["1", "2"]) {
  Deno.test(`an engine that ends by a fault begins anew; everybody is told, and stays, or is caught up [${workers} workers]`, async () => {
    await using crashes = new Crashes();
    const folder = await Deno.makeTempDir();
    const flags = ["--workers", workers, "--engine", `sqlite:${folder}/log.db`];
    await using service = await testThreads(
      { engine: crashes.module("engine") },
      ...flags,
      "--drain",
      "50ms",
    );
    await crashes.called(1);
    using reader = await Subscriber.open(service, "/btc?since=all");
    await reader.json();
    const { id } = await post(service, "btc", "before");
    assertEquals((await reader.json()).id, id);
    await crashes.crash(0);
    await service.log.line(({ message }) => message.startsWith("the engine has ended"));
    await crashes.called(2);
    await ready(service);
    const found = await scrape(service);
    assertEquals(found.value("kodama_thread_faults_total", { thread: "engine" }), 1);
    assertEquals(found.value("kodama_engine_up"), 1);
    const after = await post(service, "btc", "after");
    assertEquals(after.id.split(".")[0], id.split(".")[0]);
    assertEquals(await reader.json(), { id: after.id, ch: "btc", data: "after" });
    await Deno.remove(folder, { recursive: true });
  });
}

Deno.test("an engine in memory that ends by a fault tells epoch: envelopes say so, raw subscribers are closed with 1012", async () => {
  await using crashes = new Crashes();
  await using service = await testThreads(
    { engine: crashes.module("engine") },
    ...["--workers", "2", "--drain", "50ms"],
  );
  await crashes.called(1);
  using reader = await Subscriber.open(service, "/btc,eth?since=all");
  using raw = await Subscriber.open(service, "/btc");
  await reader.json();
  const { id } = await post(service, "btc", "before");
  assertEquals((await reader.json()).id, id);
  await crashes.crash(0);
  await crashes.called(2);
  await ready(service);
  const gap = await reader.json();
  assertEquals(gap.gap, true);
  assertEquals(gap.lost, { btc: "epoch", eth: "epoch" });
  assert(!gap.open.startsWith(id.split(".")[0]!));
  const after = await post(service, "btc", "after");
  assertEquals((await reader.json()).id, after.id);
  assertEquals(await raw.closed(), "1012 messages may have been missed");
});

/** Waits until publishes are taken; it looks again and again, as an orchestrator does. */
async function ready(service: { port: number }): Promise<void> {
  for (let i = 0; i < 1000; i++) {
    const { status } = await ask(service, "GET /-/ready");
    if (status === 200) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error("not ready");
}

Deno.test("two services do not share a port unnoticed", async () => {
  await using one = await testService("--workers", "2", "--drain", "50ms");
  for (const workers of ["1", "2"]) {
    await assertRejects(
      () => testService("--workers", workers, "--port", String(one.port)),
      Deno.errors.AddrInUse,
    );
  }
  await using alone = await testService("--drain", "50ms");
  await assertRejects(
    () => testService("--workers", "2", "--port", String(alone.port)),
    Deno.errors.AddrInUse,
  );
});

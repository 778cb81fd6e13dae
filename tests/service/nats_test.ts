/**
 * The service on NATS: without it, with it, and when it is gone for a while.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { ask, post, postLines, Subscriber, UPGRADE } from "../tools/channels.ts";
import { natsServers, natsTest, soon } from "../tools/nats.ts";
import { run } from "../tools/command.ts";
import { type TestService, testService } from "../tools/service.ts";

const SECRET = "s3cret-of-ann";

/** Waits until publishes are taken; it looks again and again, as an orchestrator does. */
function ready(service: TestService): Promise<void> {
  return soon("readiness", async () => (await ask(service, "GET /-/ready")).status === 200);
}

const threads = Deno.env.get("TEST_THREADS") === "off" ? ["1"] : ["1", "2"];
for (const workers of threads) {
  natsTest(
    `the service starts without NATS, says so, and takes publishes once it is there [${workers} workers]`,
    async () => {
      await using nats = await natsServers(1, `authorization { user: ann, password: "${SECRET}" }`);
      const server = nats.servers[0]!;
      await server.kill();
      const engine = nats.engine.replace("://", `://ann:${SECRET}@`);
      const flags = ["--engine", engine, "--workers", workers, "--drain", "50ms"];
      await using service = await testService(...flags);
      const refused = await service.log.line(({ message }) => message === "publishes are refused");
      assertMatch(
        String(refused.fields.why),
        /^NATS at nats:\/\/127\.0\.0\.1:\d+ cannot be reached: /,
      );
      // What needs no engine works.
      using ticker = await Subscriber.open(service, "/");
      assertEquals(await ticker.text(), "echo 1");
      using echo = await Subscriber.open(service, "/-/echo");
      await echo.say("hello");
      assertEquals(await echo.text(), "hello");
      const page = await ask(service, "GET /", { Accept: "text/html" });
      assertEquals([page.status, /^<!doctype html>/i.test(page.body)], [200, true]);
      const health = await ask(service, "GET /-/health");
      assertEquals([health.status, JSON.parse(health.body)], [
        200,
        { status: "ok", engine: "unreachable" },
      ]);
      // The rest says that it does not, and for how long at least.
      const rows: [string, Record<string, string>, string | undefined][] = [
        ["GET /-/ready", {}, undefined],
        ["POST /btc", {}, "x"],
        ["GET /btc?since=all", UPGRADE as Record<string, string>, undefined],
        ["GET /btc?since=all", { Accept: "text/event-stream" }, undefined],
        ["GET /btc", {}, undefined],
      ];
      for (const [line, fields, body] of rows) {
        const answer = await ask(service, line, fields, body);
        assertEquals(answer.status, 503, line);
        if (line !== "GET /-/ready") assertEquals(answer.headers.get("retry-after"), "1", line);
        assert(!answer.body.includes(SECRET));
      }
      await server.start();
      await ready(service);
      using reader = await Subscriber.open(service, "/btc?since=all");
      assertEquals((await reader.json()).gap, false);
      const { id } = await post(service, "btc", "x");
      assertEquals(await reader.json(), { id, ch: "btc", data: "x" });
      const { body } = await ask(service, "GET /-/metrics");
      assertMatch(body, /^kodama_engine_up 1$/m);
      assertMatch(body, /^kodama_nats_round_trip_seconds 0\.\d+$/m);
      for (const name of ["behind", "reconnects_total", "followed_anew_total"]) {
        assertMatch(body, new RegExp(`^kodama_nats_${name} 0$`, "m"));
      }
      const said = JSON.stringify([service.log.lines, service.about]);
      assert(!said.includes(SECRET) && said.includes("publishes are taken again"), said);
    },
  );
}

natsTest(
  "subscribers stay while NATS is gone, and are caught up in order, on every node",
  async () => {
    await using nats = await natsServers(1);
    const flags = ["--engine", nats.engine, "--drain", "50ms"];
    await using one = await testService(...flags);
    await using other = await testService(...flags);
    await Promise.all([ready(one), ready(other)]);
    using reader = await Subscriber.open(other, "/btc,eth");
    using raw = await Subscriber.open(other, "/btc");
    const { open, ...opening } = await reader.json();
    assertEquals(opening, { channels: ["btc", "eth"], gap: false });
    // It counts those of its own node.
    const first = await post(one, "btc", "1");
    assertEquals(first.subscribers, 0);
    assertEquals([await reader.json(), await raw.text()], [
      { id: first.id, ch: "btc", data: "1" },
      "1",
    ]);
    await nats.servers[0]!.kill();
    const unready = async (service: TestService) =>
      (await ask(service, "GET /-/ready")).status === 503;
    await soon("end of it", async () => await unready(one) && await unready(other));
    assertEquals((await ask(one, "POST /btc", {}, "lost")).status, 503);
    await nats.servers[0]!.start();
    await Promise.all([ready(one), ready(other)]);
    const second = await post(one, "eth", "2"), third = await post(other, "btc", "3");
    assertEquals([await reader.json(), await reader.json(), await raw.text()], [
      { id: second.id, ch: "eth", data: "2" },
      { id: third.id, ch: "btc", data: "3" },
      "3",
    ]);
    // Whoever comes from the other node goes on where it was.
    using moved = await Subscriber.open(one, `/btc,eth?since=${open}`);
    assertEquals((await moved.json()).gap, false);
    for (const { id } of [first, second, third]) assertEquals((await moved.json()).id, id);
  },
);

natsTest(
  "the lines of a batch come in their order on every node, and what is too large for NATS is left out",
  async () => {
    await using nats = await natsServers(1, "max_payload: 65536");
    const flags = ["--engine", nats.engine, "--drain", "50ms"];
    await using one = await testService(...flags);
    await using other = await testService(...flags);
    await Promise.all([ready(one), ready(other)]);
    using near = await Subscriber.open(one, "/a,b");
    using far = await Subscriber.open(other, "/a,b");
    for (const reader of [near, far]) await reader.json();
    const count = 500, large = 250;
    const lines = Array.from({ length: count }, (_, i) => {
      const data = i === large ? "x".repeat(65_536) : i;
      return JSON.stringify({ ch: i % 3 ? "a" : "b", data, key: `k${i}` });
    });
    const receipts = await postLines(one, lines);
    const error = "over 65024 bytes, the most that NATS takes";
    assertEquals(receipts[large], { error, status: 413 });
    for (const [i, { id }] of receipts.entries()) {
      if (i === large) continue;
      const message = { id, ch: i % 3 ? "a" : "b", data: i };
      for (const reader of [near, far]) assertEquals(await reader.json(), message);
    }
    const again = await postLines(other, lines);
    assertEquals(again.filter(({ replayed }) => replayed).length, count - 1);
  },
);

natsTest(
  "what NATS does not take for its size is 413, and its key is free for what is smaller",
  async () => {
    await using nats = await natsServers(1, "max_payload: 65536");
    await using service = await testService("--engine", nats.engine);
    await ready(service);
    const publish = (size: number) =>
      ask(service, "POST /btc", { "Idempotency-Key": "k" }, "x".repeat(size));
    const { status, body } = await publish(65_536);
    assertEquals([status, body], [413, "over 65024 bytes, the most that NATS takes\n"]);
    assertEquals((await publish(65_024)).status, 200);
    const warned = await service.log.line(({ level }) => level === "warn");
    assertMatch(
      String(warned.fields.what),
      /^NATS takes messages of at most 65024 bytes, less than --max-message/,
    );
  },
);

Deno.test("credentials that cannot be read end the start, in one line", async () => {
  const { code, err } = await run([
    "--engine",
    "nats://127.0.0.1:1",
    "--nats-creds",
    "nowhere.creds",
  ]);
  assertEquals(code, 1);
  assertMatch(err, /^kodama: the credentials nowhere\.creds cannot be read: [^\n]+\n$/);
});

/**
 * What clients and an operator see while the log's file cannot be used, and that all comes back by itself.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { ask, EventStream, post, remembered, Subscriber } from "../tools/channels.ts";
import { tried } from "../tools/engines.ts";
import { testService } from "../tools/service.ts";

for (const { name, flags } of tried.filter(({ survives }) => survives)) {
  Deno.test(`a log that is gone: publishes and what needs memory are 503, subscribers stay, and it goes on where it was [${name}]`, async () => {
    const folder = await Deno.makeTempDir();
    const file = `${folder}/log.db`;
    const move = (from: string, to: string) => {
      for (const suffix of ["", "-wal"]) Deno.renameSync(from + suffix, to + suffix);
    };
    await using service = await testService(...flags(folder), "--drain", "50ms");
    using raw = await Subscriber.open(service, "/btc");
    using envelope = await Subscriber.open(service, "/btc?since=all");
    using events = await EventStream.open(service, "/btc");
    for (const each of [() => envelope.json(), () => events.next()]) await each();
    await post(service, "btc", "before");
    const next =
      async () => [await raw.text(), (await envelope.json()).data, (await events.next()).data.data];
    assertEquals(await next(), ["before", "before", "before"]);

    move(file, `${file}.away`);
    const why = `the log ${file} is gone: put it back, or start again with a new one`;
    const refused = await ask(service, "POST /btc", { "Idempotency-Key": "k" }, "refused");
    assertEquals([refused.status, refused.headers.get("retry-after")], [503, "1"]);
    assertEquals(refused.body, `${why}\n`);
    const { level, message, fields } = await service.log.line((line) => line.level === "error");
    assertEquals([level, message, fields], ["error", "publishes are refused", { why }]);
    // Each thread hears of it in its own time.
    await answered(service, "GET /-/ready", 503);
    const rows: [line: string, status: number, body: RegExp][] = [
      ["GET /-/ready", 503, /^\{"status":"unreachable","why":"the log .* is gone: .*"\}$/],
      ["GET /-/health", 200, /^\{"status":"ok","engine":"unreachable"\}$/],
      ["GET /-/metrics", 200, /^kodama_engine_up 0$/m],
      ["GET /btc?since=all", 503, /^what was missed is not known: the log .* is gone/],
    ];
    for (const [line, status, body] of rows) {
      const answer = await ask(service, line);
      assertEquals(answer.status, status, line);
      assertMatch(answer.body, body, line);
    }
    using fresh = await Subscriber.open(service, "/btc");
    using writer = await Subscriber.open(service, "/btc");
    await writer.say("refused");
    assertEquals(await writer.closed(), "1011 not published");
    await envelope.say({ pub: "btc", data: "refused", ref: 1 });
    assertEquals(await envelope.json(), { error: why, ref: 1 });

    move(`${file}.away`, file);
    await service.log.line((line) => line.message === "publishes are taken again");
    await answered(service, "GET /-/ready", 200);
    await post(service, "btc", "after");
    assertEquals(await next(), ["after", "after", "after"]);
    assertEquals(await fresh.text(), "after");
    assertEquals((await remembered(service, "btc")).map(({ data }) => data), ["before", "after"]);
    assertMatch((await ask(service, "GET /-/metrics")).body, /^kodama_engine_up 1$/m);
    await Deno.remove(folder, { recursive: true });
  });
}

/** Waits until a status is answered often enough that every thread answers it; it looks again and again. */
async function answered(service: { port: number }, line: string, status: number): Promise<void> {
  for (let looks = 0, right = 0; right < 8; looks++) {
    right = (await ask(service, line)).status === status ? right + 1 : 0;
    assert(looks < 1000, `not ${status}`);
  }
}

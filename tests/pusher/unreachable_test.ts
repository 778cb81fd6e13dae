/** What an app's clients and its server see while the engine cannot be reached, and that all comes back by itself. */
import { assertEquals, assertMatch } from "@std/assert";
import { ask } from "../tools/channels.ts";
import { soon } from "../tools/nats.ts";
import { APP, askApi, flagOf, RawPusher } from "../tools/pusher.ts";
import { testService } from "../tools/service.ts";

Deno.test("a log that is gone: events are 503 or refused (4301), clients stay, and it goes on", async () => {
  const folder = await Deno.makeTempDir(), file = `${folder}/log.db`;
  const move = (from: string, to: string) => {
    for (const suffix of ["", "-wal"]) Deno.renameSync(from + suffix, to + suffix);
  };
  try {
    await using service = await testService(...flagOf(APP), "--engine", `sqlite:${file}`);
    using client = await RawPusher.open(service);
    await client.subscribe("private-x");
    const event = { name: "e", channel: "private-x", data: "1" };
    assertEquals((await askApi(service, "POST /events", event)).status, 200);
    assertEquals((await client.next()).data, 1);

    move(file, `${file}.away`);
    const refused = await askApi(service, "POST /events", event);
    assertEquals([refused.status, refused.headers.get("retry-after")], [503, "1"]);
    assertMatch(refused.body, /is gone/);
    await client.say("client-e", {}, "private-x");
    const said = await client.next();
    assertEquals([said.event, said.channel, said.data.code], ["pusher:error", "private-x", 4301]);
    await client.say("pusher:ping", {});
    assertEquals((await client.next()).event, "pusher:pong");
    // Who comes now is told once that can be said.
    using late = await RawPusher.open(service);
    await late.ask("private-x");

    move(`${file}.away`, file);
    await service.log.line(({ message }) => message === "publishes are taken again");
    // Each thread hears of it in its own time.
    await soon("readiness", async () => (await ask(service, "GET /-/ready")).status === 200);
    assertEquals((await late.next()).event, "pusher_internal:subscription_succeeded");
    assertEquals((await askApi(service, "POST /events", { ...event, data: "2" })).status, 200);
    for (const each of [client, late]) assertEquals((await each.next()).data, 2);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

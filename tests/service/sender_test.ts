/**
 * Not to the sender; and where one begins: with the newest message, or with ten.
 */
import { assertEquals } from "@std/assert";
import { ask, channelsOf, EventStream, post, postLines, Subscriber } from "../tools/channels.ts";
import { channelTest } from "../tools/engines.ts";
import { scrape } from "../tools/scrape.ts";
import { testService } from "../tools/service.ts";

channelTest(
  "what a sender publishes is told to all but the connections of that name, also later",
  async (start) => {
    await using service = await start("--drain", "50ms");
    const own = [
      await Subscriber.open(service, "/a?sender=s1"),
      await Subscriber.open(service, "/a?sender=s1&since=all"),
    ];
    using stream = await EventStream.open(service, "/a?sender=s1");
    const others = [
      await Subscriber.open(service, "/a"),
      await Subscriber.open(service, "/a?sender=s2&since=all"),
    ];
    await own[1]!.json();
    await others[1]!.json();
    await stream.next();
    while ((await channelsOf(service))[0]?.subscribers !== 5);
    const sent = await ask(service, "POST /a", { "Kodama-Sender": "s1" }, "by s1");
    assertEquals(JSON.parse(sent.body).subscribers, 5);
    const lines = ['{"ch":"a","data":"by s1, too"}'];
    await postLines(service, lines, { "Kodama-Sender": "s1" });
    const { id } = await post(service, "a", "by nobody");
    assertEquals(await own[0]!.text(), "by nobody");
    assertEquals(await own[1]!.json(), { id, ch: "a", data: "by nobody" });
    assertEquals((await stream.next()).id, id);
    for (const text of ["by s1", "by s1, too", "by nobody"]) {
      assertEquals(await others[0]!.text(), text);
      assertEquals((await others[1]!.json()).data, text);
    }
    // What a connection publishes is by it.
    await own[0]!.say("by itself");
    await own[1]!.say({ pub: "a", data: "by the other", ref: 1 });
    assertEquals((await own[1]!.json()).ref, 1);
    const last = await post(service, "a", "last");
    assertEquals(await own[0]!.text(), "last");
    assertEquals((await own[1]!.json()).id, last.id);
    const texts = ["by itself", "by the other"];
    const told = [await others[0]!.text(), await others[0]!.text()];
    assertEquals(told.sort(), texts);
    // Whoever was away is not told of its own either, and nobody is told whose it is.
    using back = await Subscriber.open(service, "/a?sender=s1&since=all");
    await back.json();
    assertEquals((await back.json()).data, "by nobody");
    assertEquals((await back.json()).data, "last");
    const { body } = await ask(service, "GET /a");
    assertEquals(/"(sender|S)"|"s1"/.test(body), false);
    assertEquals(JSON.parse(body).messages.length, 6);
    for (const each of [...own, ...others]) each[Symbol.dispose]();
  },
  false,
);

Deno.test("a message that is kept from its sender does not count as delivered to it", async () => {
  await using service = await testService("--drain", "50ms");
  using own = await Subscriber.open(service, "/a?sender=s1");
  using other = await Subscriber.open(service, "/a");
  await ask(service, "POST /a", { "Kodama-Sender": "s1" }, "x");
  assertEquals(await other.text(), "x");
  assertEquals((await scrape(service)).value("kodama_delivered_total"), 1);
  void own;
});

Deno.test("the name of a sender is 1 to 128 visible characters", async () => {
  await using service = await testService("--drain", "50ms");
  const rows: [sender: string, status: number][] = [
    ["s".repeat(128), 200],
    ["s".repeat(129), 400],
    ["a b", 400],
    ["!~", 200],
  ];
  for (const [sender, status] of rows) {
    const fields = { "Kodama-Sender": sender };
    assertEquals((await ask(service, "POST /a", fields, "x")).status, status, sender);
    const type = { ...fields, "Content-Type": "application/x-ndjson" };
    const batch = await ask(service, "POST /-/publish", type, '{"ch":"a","data":1}');
    assertEquals(batch.status, status, sender);
    const query = `/a?sender=${encodeURIComponent(sender)}`;
    const sse = { Accept: "text/event-stream" };
    assertEquals((await ask(service, `HEAD ${query}`, sse)).status, status, sender);
  }
});

channelTest(
  "one begins with the newest message of each channel, or with so many",
  async (start) => {
    await using service = await start("--history", "3", "--drain", "50ms");
    for (let i = 1; i <= 4; i++) await post(service, "a", `a${i}`);
    await post(service, "b", "b1");
    const rows: [since: string, messages: string[]][] = [
      ["last", ["a4", "b1"]],
      ["-2", ["a3", "a4", "b1"]],
      ["-1000", ["a2", "a3", "a4", "b1"]],
    ];
    for (const [since, messages] of rows) {
      using reader = await Subscriber.open(service, `/a,b,c${since}?since=${since}`);
      const opening = await reader.json();
      assertEquals([opening.gap, opening.lost], [false, undefined]);
      for (const text of messages) assertEquals((await reader.json()).data, text);
      const { id } = await post(service, `c${since}`, "next");
      assertEquals((await reader.json()).id, id);
      const { body } = await ask(service, `GET /a,b?since=${since}`);
      const told = JSON.parse(body);
      const data = told.messages.map((m: { data: string }) => m.data);
      assertEquals([told.gap, data], [false, messages]);
    }
    using stream = await EventStream.open(service, "/a?since=last");
    await stream.next();
    assertEquals((await stream.next()).data.data, "a4");
    using socket = await Subscriber.open(service, "/b?since=-1");
    await socket.json();
    await socket.json();
    await socket.say({ sub: "a", since: "-2" });
    assertEquals((await socket.json()).gap, false);
    assertEquals([(await socket.json()).data, (await socket.json()).data], ["a3", "a4"]);
  },
  false,
);

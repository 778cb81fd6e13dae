/**
 * Publishing many messages at once: what is taken, in which order, and what is answered.
 */
import { assertEquals, assertMatch } from "@std/assert";
import { answers, hasAnswers } from "../tools/answers.ts";
import { concat, utf8 } from "../tools/bytes.ts";
import {
  addressOf,
  ask,
  askLines,
  EventStream,
  numberOf,
  post,
  postLines,
  remembered,
  requestBytes,
  Subscriber,
} from "../tools/channels.ts";
import { channelTest } from "../tools/engines.ts";
import { RawClient } from "../tools/raw.ts";
import { type Scrape, scraped } from "../tools/scrape.ts";
import { testService } from "../tools/service.ts";

const TYPE = "application/x-ndjson";
const KiB = "x".repeat(1024);

const taken: [what: string, line: string, message: object][] = [
  ["a text", '{"ch":"c","data":"hello"}', { data: "hello" }],
  ["a text in UTF-8, with escapes", '{"ch":"c","data":"木霊\\n\\ud83c\\udf33"}', {
    data: "木霊\n\u{1F333}",
  }],
  ["an empty text", '{"ch":"c","data":""}', { data: "" }],
  ["JSON", '{"ch":"c","data":{"price":42,"list":[1,null]}}', {
    data: { price: 42, list: [1, null] },
  }],
  ["null", '{"ch":"c","data":null}', { data: null }],
  ["a number", '{"ch":"c","data":0}', { data: 0 }],
  ["bytes", '{"ch":"c","base64":"AAECww=="}', { base64: "AAECww==" }],
  ["no bytes", '{"ch":"c","base64":""}', { base64: "" }],
  ["members in any order, between spaces", ' { "data" : 1 , "ch" : "c" }\t', { data: 1 }],
  ["members that are not known", '{"ch":"c","data":1,"ref":7,"__proto__":{"key":" "}}', {
    data: 1,
  }],
  ["what a name is twice, the last time", '{"ch":"d","ch":"c","data":1}', { data: 1 }],
  ["the largest text", `{"ch":"c","data":"${KiB}"}`, { data: KiB }],
  ["the largest bytes", `{"ch":"c","base64":"${btoa(KiB)}"}`, { base64: btoa(KiB) }],
  ["the longest key", `{"ch":"c","data":1,"key":"${"~".repeat(128)}"}`, { data: 1 }],
];
channelTest(
  "each line is published as what it says, and answered by its receipt",
  async (testService) => {
    await using service = await testService("--max-message", "1KiB");
    const lines = taken.map(([, line]) => line);
    const { status, headers, body } = await askLines(service, lines);
    assertEquals([status, headers.get("content-type")], [200, TYPE]);
    const receipts = body.split("\n");
    assertEquals(receipts.pop(), "");
    for (const [i, [what]] of taken.entries()) {
      assertMatch(receipts[i] ?? "", /^\{"id":"[0-9a-f]{8}\.\d+","subscribers":0\}$/, what);
      assertEquals(numberOf(JSON.parse(receipts[i]!).id), i + 1, what);
    }
    assertEquals(await remembered(service, "c"), taken.map(([, , m]) => ({ ch: "c", ...m })));
  },
);

const one = '{"ch":"c","data":1}', two = '{"ch":"c","data":2}';
const bodies: [what: string, body: string | Uint8Array, answered: (number | undefined)[]][] = [
  ["nothing", "", []],
  ["one line without an end", one, [1]],
  ["one line", `${one}\n`, [1]],
  ["two", `${one}\n${two}\n`, [1, 2]],
  ["with CR LF", `${one}\r\n${two}\r\n`, [1, 2]],
  ["with a byte order mark", `\ufeff${one}\n${two}`, [1, 2]],
  ["an empty line, which is answered like any other", `${one}\n\n${two}\n`, [1, undefined, 2]],
  ["an empty line at the end", `${one}\n\n`, [1, undefined]],
  ["only an end", "\n", [undefined]],
  ["only CR LF", "\r\n", [undefined]],
  ["a last line that is not UTF-8", concat(utf8(`${one}\n`), new Uint8Array([255])), [
    1,
    undefined,
  ]],
  ["a line that is not UTF-8", concat(utf8(`${one}\n`), new Uint8Array([255, 10]), utf8(two)), [
    1,
    undefined,
    2,
  ]],
];
channelTest(
  "lines end with LF or CR LF, the last also without, and each is answered",
  async (testService) => {
    await using service = await testService();
    let number = 0;
    for (const [what, body, answered] of bodies) {
      const found = await postLines(service, body);
      const numbers = found.map(({ id }) => id === undefined ? undefined : numberOf(id) - number);
      assertEquals(numbers, answered, what);
      number += numbers.filter((n) => n !== undefined).length;
      for (const { id, ...line } of found) {
        if (id === undefined) assertEquals(line, { error: "not JSON", status: 400 }, what);
      }
    }
  },
);

channelTest("a body may be chunked, and cut anywhere", async (testService) => {
  await using service = await testService();
  const body = utf8(`${one}\n{"ch":"c","data":"木"}\r\n`);
  const chunks = [...body].map((byte) =>
    concat(utf8("1\r\n"), new Uint8Array([byte]), utf8("\r\n"))
  );
  const fields = { "Transfer-Encoding": "chunked" };
  assertEquals((await postLines(service, concat(...chunks, utf8("0\r\n\r\n")), fields)).length, 2);
  using client = await RawClient.connect(addressOf(service.port));
  for (
    const byte of requestBytes(service.port, "POST /-/publish", { "Content-Type": TYPE }, body)
  ) {
    await client.send(new Uint8Array([byte]));
  }
  const [answer] = answers(await client.until(hasAnswers(1)));
  assertEquals(answer!.body.split("\n").length, 3);
  const messages = [1, "木", 1, "木"].map((data) => ({ ch: "c", data }));
  assertEquals(await remembered(service, "c"), messages);
});

channelTest(
  "a thousand lines arrive in their order, over all channels, before the answer and once",
  async (testService) => {
    await using service = await testService();
    using raw = await Subscriber.open(service, "/a");
    using both = await Subscriber.open(service, "/a,b?since=all");
    using events = await EventStream.open(service, "/b");
    const { open } = await both.json();
    await events.next();
    const lines = Array.from(
      { length: 1000 },
      (_, i) => `{"ch":"${i % 2 ? "b" : "a"}","data":${i}}`,
    );
    const receipts = await postLines(service, lines);
    const first = numberOf(open) + 1;
    for (const [i, { id, subscribers }] of receipts.entries()) {
      assertEquals([numberOf(id), subscribers], [first + i, 2]);
      const message = { id, ch: i % 2 ? "b" : "a", data: i };
      assertEquals(await both.json(), message);
      if (i % 2) {
        assertEquals((await events.next()).data, message);
      } else assertEquals(await raw.text(), String(i));
    }
    assertEquals((await remembered(service, "a")).at(-1), { ch: "a", data: 998 });
  },
);

channelTest(
  "a key publishes once: within a batch, over batches, and beside a publish of its own",
  async (testService) => {
    await using service = await testService();
    const line = (ch: string, data: number) => `{"ch":"${ch}","data":${data},"key":"k"}`;
    const [first, again, other] = await postLines(service, [
      line("a", 1),
      line("a", 2),
      line("b", 3),
    ]);
    assertEquals(again, { ...first, replayed: true });
    assertEquals(numberOf(other.id), numberOf(first.id) + 1);
    assertEquals(await postLines(service, line("a", 4)), [again]);
    const alone = await ask(service, "POST /a", { "Idempotency-Key": "k" }, "5");
    assertEquals(alone.headers.get("idempotent-replayed"), "true");
    assertEquals(JSON.parse(alone.body), first);
    assertEquals(await remembered(service, "a"), [{ ch: "a", data: 1 }]);
    const race = await Promise.all(
      Array.from({ length: 5 }, () => postLines(service, line("r", 6))),
    );
    assertEquals(race.flat().filter(({ replayed }) => replayed === undefined).length, 1);
    assertEquals((await remembered(service, "r")).length, 1);
  },
);

Deno.test("subscribers that read are not too slow for a batch larger than what may wait for them", async () => {
  await using service = await testService("--max-buffered", "2MiB");
  using raw = await Subscriber.open(service, "/a");
  using events = await EventStream.open(service, "/a");
  await events.next();
  const data = "x".repeat(64 * 1024 - 100);
  const count = 64, lines = Array.from({ length: count }, () => `{"ch":"a","data":"${data}"}`);
  const each = async (next: () => Promise<string>) => {
    for (let i = 0; i < count; i++) assertEquals((await next()).length, data.length);
  };
  const published = postLines(service, lines);
  await Promise.all([each(() => raw.text()), each(async () => (await events.next()).data.data)]);
  assertEquals((await published).length, count);
});

channelTest("each line is counted by what became of it", async (testService) => {
  await using service = await testService();
  const keyed = '{"ch":"a","data":1,"key":"k"}';
  await postLines(service, [keyed, keyed, one, "x", '{"ch":"a b","data":1}']);
  await post(service, "a", "x");
  await askLines(service, one, { "Content-Type": "text/plain" });
  const counted = (found: { value: Scrape["value"] }, result: string) =>
    found.value("kodama_publishes_total", { via: "http", result });
  const found = await scraped(service, (s) => counted(s, "refused") === 3);
  const results = ["published", "replayed", "refused", "unavailable", "uncertain", "failed"];
  assertEquals(results.map((result) => counted(found, result)), [3, 1, 3, 0, 0, 0]);
  await scraped(service, (s) => s.value("kodama_delivery_seconds_count") === 3);
});

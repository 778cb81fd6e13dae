/**
 * `GET` of a channel: what it remembers as JSON, or the page; methods, and pages of other origins.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { channelTest } from "../tools/engines.ts";
import { ask, post, requestBytes } from "../tools/channels.ts";
import { addressOf } from "../tools/channels.ts";
import { hex } from "../tools/bytes.ts";
import { RawClient } from "../tools/raw.ts";
import { isEncrypted } from "../tools/way.ts";

/** What a request for the history gets. */
async function history(service: { port: number }, target: string) {
  const { status, body } = await ask(service, `GET ${target}`);
  assertEquals(status, 200, body);
  return JSON.parse(body);
}

const datas = ({ messages }: { messages: { data: unknown }[] }) => messages.map((m) => m.data);

channelTest(
  "the history is what channels remember, oldest first, each message as in its envelope",
  async (testService) => {
    await using service = await testService();
    assertMatch(
      (await ask(service, "GET /btc")).body,
      /^\{"open":"[0-9a-f]{8}\.0","channels":\["btc"\],"gap":false,"messages":\[\]\}\n$/,
    );
    const first = await post(service, "btc", '{ "price": 1.0 }', "application/json");
    const second = await post(service, "eth", "text");
    await post(service, "other", "x");
    const third = await post(service, "btc", hex("00 01 02"), "application/octet-stream");
    const { status, headers, body } = await ask(service, "GET /eth,btc,eth");
    assertEquals([status, headers.get("content-type")], [200, "application/json"]);
    assertEquals(headers.get("cache-control"), "no-store");
    assertEquals(JSON.parse(body), {
      open: third.id,
      channels: ["eth", "btc"],
      gap: false,
      messages: [
        { id: first.id, ch: "btc", data: { price: 1 } },
        { id: second.id, ch: "eth", data: "text" },
        { id: third.id, ch: "btc", base64: "AAEC" },
      ],
    });
    // Numbers stay as they were written.
    assert(body.includes('"data":{ "price": 1.0 }'));
  },
);

channelTest("since and limit choose", async (testService) => {
  await using service = await testService("--history", "2000");
  const ids: string[] = [];
  for (let i = 1; i <= 4; i++) ids.push((await post(service, i % 2 ? "odd" : "even", `${i}`)).id);
  const chosen: [target: string, texts: string[]][] = [
    ["/odd,even", ["1", "2", "3", "4"]],
    ["/odd,even?since=all", ["1", "2", "3", "4"]],
    [`/odd,even?since=${ids[1]}`, ["3", "4"]],
    [`/odd?since=${ids[1]}`, ["3"]],
    [`/odd?since=${ids[3]}`, []],
    [`/odd?since=${ids[0]!.replace(/\d+$/, "0")}`, ["1", "3"]],
    ["/odd?since=30s", ["1", "3"]],
    ["/odd?since=10m", ["1", "3"]],
    ["/odd?since=2h", ["1", "3"]],
    ["/odd?since=60000ms", ["1", "3"]],
    ["/odd?since=0s", []],
    ["/odd?since=%61ll", ["1", "3"]],
    ["/odd,even?limit=1", ["4"]],
    ["/odd,even?limit=3", ["2", "3", "4"]],
    ["/odd,even?limit=1000", ["1", "2", "3", "4"]],
    [`/odd,even?limit=1&since=${ids[0]}`, ["4"]],
  ];
  for (const [target, texts] of chosen) {
    const found = await history(service, target);
    assertEquals([datas(found), found.gap], [texts, false], target);
    assertEquals(found.open, ids[3], target);
  }
});

channelTest(
  "1000 messages are the most, and what a request without limit gets",
  async (testService) => {
    await using service = await testService("--history", "2000");
    using client = await RawClient.connect(addressOf(service.port));
    const count = 1001;
    for (let i = 1; i <= count; i++) {
      await client.send(requestBytes(service.port, "POST /btc", {}, `${i}`));
    }
    await client.send(requestBytes(service.port, "GET /btc", { Connection: "close" }));
    const body = new TextDecoder().decode(await client.readAll()).split("\r\n\r\n").at(-1)!;
    const texts = datas(JSON.parse(body));
    assertEquals([texts.length, texts[0], texts.at(-1)], [1000, "2", "1001"]);
  },
);

channelTest(
  "a gap is told for each channel, with its reason; what is left comes all the same",
  async (testService) => {
    await using service = await testService("--history", "1");
    const { id } = await post(service, "btc", "1");
    await post(service, "btc", "2");
    await post(service, "btc", "3");
    const last = await post(service, "eth", "4");
    const gaps: [since: string, lost: Record<string, string> | undefined, texts: string[]][] = [
      [id, { btc: "expired" }, ["3", "4"]],
      ["another.1", { btc: "epoch", eth: "epoch" }, ["3", "4"]],
      [last.id.replace(/\d+$/, "5"), { btc: "unknown", eth: "unknown" }, ["3", "4"]],
      ["all", { btc: "expired" }, ["3", "4"]],
      ["10m", { btc: "expired" }, ["3", "4"]],
      [id.replace(/\d+$/, "2"), undefined, ["3", "4"]],
      [last.id, undefined, []],
    ];
    for (const [since, lost, texts] of gaps) {
      const found = await history(service, `/btc,eth?since=${since}`);
      assertEquals([found.gap, found.lost], [lost !== undefined, lost], since);
      assertEquals(datas(found), texts, since);
    }
  },
);

const accepts: [accept: string | undefined, type: string][] = [
  [undefined, "application/json"],
  ["*/*", "application/json"],
  ["application/json", "application/json"],
  ["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html; charset=utf-8"],
  ["text/html;q=0.1, application/json;q=0.2", "application/json"],
  ["text/event-stream", "text/event-stream"],
  ["image/png", "application/json"],
];
channelTest(
  "Accept chooses the history, the page or the stream, for GET and HEAD",
  async (testService) => {
    await using service = await testService();
    await post(service, "btc", "x");
    for (const [accept, type] of accepts) {
      const { status, headers } = await ask(service, "HEAD /btc", { Accept: accept });
      assertEquals([status, headers.get("content-type")], [200, type], accept);
      if (type === "text/event-stream") continue;
      const got = await ask(service, "GET /btc", { Accept: accept });
      assertEquals(got.headers.get("content-type"), type, accept);
      assertEquals(got.headers.get("content-length"), headers.get("content-length"), accept);
    }
    const page = await ask(service, "GET /btc", { Accept: "text/html" });
    assertEquals(page.body, (await ask(service, "GET /")).body);
  },
);

const METHODS = "GET, HEAD, POST, PUT, OPTIONS";
channelTest(
  "OPTIONS says what is allowed, and lets pages of allowed origins ask",
  async (testService) => {
    await using service = await testService("--origin", "https://a.example");
    const own = `${isEncrypted() ? "https" : "http"}://127.0.0.1:${service.port}`;
    for (const origin of ["https://a.example", own]) {
      const fields = { Origin: origin, "Access-Control-Request-Method": "POST" };
      const { status, headers } = await ask(service, "OPTIONS /btc", fields);
      assertEquals([status, headers.get("allow")], [204, METHODS]);
      assertEquals(headers.get("access-control-allow-origin"), origin);
      assertEquals(headers.get("access-control-allow-methods"), METHODS);
      assertEquals(
        headers.get("access-control-allow-headers"),
        "Authorization, Content-Type, Idempotency-Key, Kodama-Sender, Last-Event-ID",
      );
      assertEquals(headers.get("vary"), "Origin");
    }
    const plain = await ask(service, "OPTIONS /btc");
    assertEquals([plain.status, plain.headers.get("allow")], [204, METHODS]);
    assertEquals(plain.headers.has("access-control-allow-origin"), false);
    const foreign = await ask(service, "OPTIONS /btc", { Origin: "http://evil.example" });
    assertEquals(foreign.status, 403);
    assertEquals(foreign.headers.has("access-control-allow-origin"), false);
  },
);

channelTest(
  "a page of an allowed origin may read every answer, also a refusal; no other page may",
  async (testService) => {
    await using service = await testService("--origin", "https://a.example");
    const requests: [line: string, body: string | undefined, status: number][] = [
      ["GET /btc", undefined, 200],
      ["POST /btc", "x", 200],
      ["GET /btc?limit=x", undefined, 400],
      ["POST /btc,eth", "x", 400],
      ["DELETE /btc", undefined, 405],
    ];
    for (const [line, body, status] of requests) {
      const allowed = await ask(service, line, { Origin: "https://a.example" }, body);
      assertEquals(allowed.status, status, line);
      assertEquals(allowed.headers.get("access-control-allow-origin"), "https://a.example", line);
      const foreign = await ask(service, line, { Origin: "http://evil.example" }, body);
      assertEquals(foreign.headers.has("access-control-allow-origin"), false, line);
    }
    const all = await testService("--origin", "*");
    const { headers } = await ask(all, "GET /btc", { Origin: "http://any.example" });
    assertEquals(headers.get("access-control-allow-origin"), "http://any.example");
    assertEquals(headers.get("access-control-expose-headers"), "Idempotent-Replayed");
    await all.shutdown();
  },
);

channelTest("other methods are 405, with those that are understood", async (testService) => {
  await using service = await testService();
  for (const method of ["DELETE", "PATCH", "TRACE"]) {
    const { status, headers, body } = await ask(service, `${method} /btc`);
    assertEquals([status, headers.get("allow")], [405, METHODS], method);
    assertEquals(body, `${METHODS} are understood here\n`);
  }
});

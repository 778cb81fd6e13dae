/**
 * Publishing many messages at once: what is refused of them, and what is refused as a whole.
 */
import { assertEquals, assertMatch } from "@std/assert";
import { answers, hasAnswers } from "../tools/answers.ts";
import { hex } from "../tools/bytes.ts";
import {
  addressOf,
  ask,
  askLines,
  postLines,
  remembered,
  requestBytes,
  type RequestFields,
} from "../tools/channels.ts";
import { channelTest } from "../tools/engines.ts";
import { hostedService } from "../tools/hosted_service.ts";
import { RawClient } from "../tools/raw.ts";
import { testService } from "../tools/service.ts";
import { SECRET, sign } from "../tools/tokens.ts";
import { MAX_BATCH, MAX_LINES } from "../../lib/service/batch.ts";

const good = '{"ch":"c","data":"x"}';
const KiB = "x".repeat(1024);
const deep = "[".repeat(100_000) + "]".repeat(100_000);

const characters = "a channel name has a character other than A-Z a-z 0-9 _ . ~ @ : = ! - /";
const badKey = "key is not 1 to 128 visible ASCII characters";
const either = "one of data and base64 is needed";
const wrong: [what: string, line: string, status: number, error: string][] = [
  ["no JSON", "hello", 400, "not JSON"],
  ["JSON that is cut", good.slice(0, -1), 400, "not JSON"],
  ["two objects", good + good, 400, "not JSON"],
  ["a text", '"c"', 400, "not an object"],
  ["null", "null", 400, "not an object"],
  ["a list", `[${good}]`, 400, "not an object"],
  ["no channel", '{"data":"x"}', 400, "the channel is not a text"],
  ["a channel that is no text", '{"ch":7,"data":"x"}', 400, "the channel is not a text"],
  ["a channel without a name", '{"ch":"","data":"x"}', 400, "a channel name is empty"],
  ["a bad name", '{"ch":"a b","data":"x"}', 400, characters],
  ["a name as in a URL", '{"ch":"a%20b","data":"x"}', 400, characters],
  ["two channels", '{"ch":"a,b","data":"x"}', 400, characters],
  ["a reserved name", '{"ch":"-/x","data":"x"}', 400, '"-" is reserved'],
  ["neither data nor base64", '{"ch":"c"}', 400, either],
  ["both", '{"ch":"c","data":"x","base64":"AA=="}', 400, either],
  ["base64 that is none", '{"ch":"c","base64":"A-=="}', 400, "base64 is not base64"],
  ["base64 that is cut", '{"ch":"c","base64":"AAE"}', 400, "base64 is not base64"],
  ["base64 that is no text", '{"ch":"c","base64":1}', 400, "base64 is not base64"],
  ["an empty key", '{"ch":"c","data":"x","key":""}', 400, badKey],
  ["a key with a space", '{"ch":"c","data":"x","key":"a b"}', 400, badKey],
  ["a key that is too long", `{"ch":"c","data":"x","key":"${"x".repeat(129)}"}`, 400, badKey],
  ["a key that is no text", '{"ch":"c","data":"x","key":1}', 400, badKey],
  ["no key", '{"ch":"c","data":"x","key":null}', 400, badKey],
  [
    "a text that is too large",
    `{"ch":"c","data":"${KiB}x"}`,
    413,
    "the message is over 1024 bytes",
  ],
  ["a value that is", `{"ch":"c","data":["${KiB}"]}`, 413, "the message is over 1024 bytes"],
  [
    "one that is in UTF-8",
    `{"ch":"c","data":"${KiB.slice(1)}é"}`,
    413,
    "the message is over 1024 bytes",
  ],
  [
    "bytes that are",
    `{"ch":"c","base64":"${btoa(KiB + "x")}"}`,
    413,
    "the message is over 1024 bytes",
  ],
  [
    "what is nested too deeply to be small",
    `{"ch":"c","data":${deep}}`,
    413,
    "the message is over 1024 bytes",
  ],
];
channelTest(
  "a line that is wrong says why, publishes nothing, and stops nobody else's",
  async (testService) => {
    await using service = await testService("--max-message", "1KiB");
    const lines = wrong.flatMap(([, line]) => [line, good]);
    const found = await postLines(service, lines);
    for (const [i, [what, , status, error]] of wrong.entries()) {
      assertEquals(found[2 * i], { error, status }, what);
      assertMatch(found[2 * i + 1].id, /\.\d+$/, what);
    }
    const messages = wrong.map(() => ({ ch: "c", data: "x" }));
    assertEquals(await remembered(service, "c"), messages);
  },
);

const TYPE = { "Content-Type": "application/x-ndjson" };
const notHere = "application/x-ndjson is understood here";
type Refusal = [
  what: string,
  line: string,
  fields: RequestFields,
  body: string | Uint8Array | undefined,
  status: number,
  why: string,
];
const many = `${good}\n`.repeat(MAX_LINES);
const refusals: Refusal[] = [
  ["no type", "POST", {}, good, 415, notHere],
  ["another type", "POST", { "Content-Type": "application/json" }, good, 415, notHere],
  [
    "what is compressed",
    "POST",
    { ...TYPE, "Content-Encoding": "gzip" },
    hex("1f 8b"),
    415,
    notHere,
  ],
  ["no length", "POST", TYPE, undefined, 411, "Content-Length or chunked is needed"],
  ["a line too many", "POST", TYPE, many + good, 413, `over ${MAX_LINES} lines`],
  ["an empty line too many", "POST", TYPE, `${many}\n`, 413, `over ${MAX_LINES} lines`],
  [
    "a length over the limit, before the body is sent",
    "POST",
    { ...TYPE, "Content-Length": String(MAX_BATCH + 1) },
    "",
    413,
    `body is over ${MAX_BATCH} bytes`,
  ],
  [
    "a chunk over the limit, before it is sent",
    "POST",
    { ...TYPE, "Transfer-Encoding": "chunked" },
    `${(MAX_BATCH + 1).toString(16)}\r\n`,
    413,
    `body is over ${MAX_BATCH} bytes`,
  ],
  ["GET", "GET", {}, undefined, 405, "POST, OPTIONS are understood here"],
  ["PUT", "PUT", TYPE, good, 405, "POST, OPTIONS are understood here"],
  [
    "a stranger's page",
    "POST",
    { ...TYPE, Origin: "http://evil.example" },
    good,
    403,
    "this origin may not connect; it can be allowed with --origin",
  ],
  [
    "another name",
    "POST",
    { ...TYPE, Host: "evil.example" },
    good,
    421,
    "this server does not go by that name; see --host",
  ],
];
channelTest("a batch that is refused as a whole publishes nothing", async (testService) => {
  await using service = await testService();
  for (const [what, method, fields, body, status, why] of refusals) {
    const answer = await ask(service, `${method} /-/publish`, fields, body);
    assertEquals([answer.status, answer.body], [status, `${why}\n`], what);
    assertEquals(answer.headers.get("accept"), status === 415 ? TYPE["Content-Type"] : undefined);
    assertEquals(answer.headers.get("allow"), status === 405 ? "POST, OPTIONS" : undefined, what);
  }
  assertEquals(await remembered(service, "c"), []);
});

channelTest("the most lines and the largest body are taken", async (testService) => {
  await using service = await testService();
  const receipts = await postLines(service, many, {
    "Content-Type": "Application/X-NDJSON; charset=utf-8",
  });
  assertEquals(receipts.filter(({ id }) => id !== undefined).length, MAX_LINES);
  const line = (size: number) => `{"ch":"c","data":"${"x".repeat(size - 21)}"}\n`;
  const body = line(MAX_BATCH >> 4).repeat(16);
  assertEquals(body.length, MAX_BATCH);
  const large = await postLines(service, body);
  assertEquals(large.map(({ id }) => id === undefined), Array(16).fill(false));
});

Deno.test("a body cut short publishes nothing, also not the lines that have come", async () => {
  await using service = await testService();
  using client = await RawClient.connect(addressOf(service.port));
  const fields = { ...TYPE, "Content-Length": "100" };
  await client.send(requestBytes(service.port, "POST /-/publish", fields, `${good}\n${good}\n`));
  await client.end();
  const [answer] = answers(await client.readAll());
  assertEquals([answer!.status, answer!.body], [400, "the body ended early\n"]);
  assertEquals(await remembered(service, "c"), []);
});

Deno.test("a token is asked about each line's channel; who may write nowhere is told before the body", async () => {
  await using service = await testService("--secret", SECRET, "--public", "**");
  const line = (ch: string) => `{"ch":"${ch}","data":1}`;
  const by = async (claims: object) => ({ Authorization: `Bearer ${await sign({ ...claims })}` });
  const writer = await by({ w: ["a/*"] });
  const lines = ["a/1", "b/1", "a/2", "a", "a b"].map(line);
  const found = await postLines(service, lines, writer);
  const forbidden = { error: "forbidden", status: 403 };
  assertEquals([found[1], found[3], found[4].status], [forbidden, forbidden, 400]);
  assertEquals((await remembered(service, "a/1,a/2,b/1,a")).map(({ ch }) => ch), ["a/1", "a/2"]);

  const none: [what: string, fields: RequestFields, status: number, why: string][] = [
    ["nobody", {}, 401, "a token is needed to write anywhere"],
    ["a bad token", { Authorization: "Bearer x" }, 401, "the token is not valid"],
    ["who may only read", await by({ r: ["**"] }), 403, "not allowed to write anywhere"],
  ];
  for (const [what, fields, status, why] of none) {
    using client = await RawClient.connect(addressOf(service.port));
    // The body is not sent.
    const all = { ...TYPE, ...fields, "Content-Length": "9999", Expect: "100-continue" };
    await client.send(requestBytes(service.port, "POST /-/publish", all));
    const [answer] = answers(await client.until(hasAnswers(1)));
    assertEquals([answer!.status, answer!.body], [status, `${why}\n`], what);
  }
});

Deno.test("in protected mode only this machine publishes, and others are told what would change that", async () => {
  await using service = await testService();
  const { status, body } = await askLines(service, good, { "X-Forwarded-For": "192.0.2.1" });
  assertEquals(status, 403);
  assertMatch(body, /^not allowed to write anywhere: only this machine may write here/);
});

Deno.test("pages of an allowed origin publish, and read what is answered", async () => {
  await using service = await testService("--origin", "https://a.example");
  const fields = { Origin: "https://a.example" };
  const asked = await ask(service, "OPTIONS /-/publish", fields);
  assertEquals([asked.status, asked.headers.get("allow")], [204, "POST, OPTIONS"]);
  assertEquals(asked.headers.get("access-control-allow-methods"), "POST, OPTIONS");
  assertEquals(asked.headers.get("access-control-allow-origin"), "https://a.example");
  for (const [lines, status] of [[good, 200], [many + good, 413]] as const) {
    const answer = await askLines(service, lines, fields);
    assertEquals(answer.status, status);
    assertEquals(answer.headers.get("access-control-allow-origin"), "https://a.example");
  }
});

Deno.test("where the engine does not take a line, its answer says so, and whether that is certain", async () => {
  await using service = await hostedService(50);
  service.engine.stall();
  const uncertain = "uncertain whether it was published: the engine does not answer";
  assertEquals(await postLines(service, [good, "x", good]), [
    { error: uncertain, status: 503 },
    { error: "not JSON", status: 400 },
    { error: uncertain, status: 503 },
  ]);
  // Nothing is heard of it, and it is not asked again.
  assertEquals(await postLines(service, [good]), [
    { error: "the engine does not answer", status: 503 },
  ]);
  service.engine.goOn();
});

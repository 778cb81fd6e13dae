/**
 * Publishing over HTTP: what is refused and why.
 */
import { assertEquals } from "@std/assert";
import { channelTest } from "../tools/engines.ts";
import { answers } from "../tools/answers.ts";
import { addressOf, ask, remembered, requestBytes, type RequestFields } from "../tools/channels.ts";
import { hex } from "../tools/bytes.ts";
import { RawClient } from "../tools/raw.ts";

const chunked = { "Transfer-Encoding": "chunked" };
const json = "application/json";
const KiB = "x".repeat(1024);

type Refusal = [
  what: string,
  line: string,
  fields: RequestFields,
  body: string | Uint8Array | undefined,
  status: number,
  why: string,
];
const refusals: Refusal[] = [
  [
    "text that is not UTF-8",
    "POST /btc",
    {},
    hex("ff"),
    400,
    "the body is not UTF-8; send bytes as application/octet-stream",
  ],
  [
    "JSON that is not UTF-8",
    "POST /btc",
    { "Content-Type": json },
    hex("22 c3 22"),
    400,
    "the body is not UTF-8; send bytes as application/octet-stream",
  ],
  ["JSON that is none", "POST /btc", { "Content-Type": json }, "{", 400, "the body is not JSON"],
  ["empty JSON", "PUT /btc", { "Content-Type": json }, "", 400, "the body is not JSON"],
  ["no length", "POST /btc", {}, undefined, 411, "Content-Length or chunked is needed"],
  ["over the limit", "POST /btc", {}, KiB + "x", 413, "body is over 1024 bytes"],
  [
    "a length over the limit, before the body is sent",
    "POST /btc",
    { "Content-Length": "1025" },
    "",
    413,
    "body is over 1024 bytes",
  ],
  [
    "a length over the limit, instead of 100",
    "POST /btc",
    { "Content-Length": "1025", Expect: "100-continue" },
    "",
    413,
    "body is over 1024 bytes",
  ],
  [
    "chunks over the limit, when the chunk begins that passes it",
    "POST /btc",
    chunked,
    `400\r\n${KiB}\r\n1\r\n`,
    413,
    "body is over 1024 bytes",
  ],
  ["several channels", "POST /btc,eth", {}, "x", 400, "one message goes to one channel"],
  [
    "a bad name",
    "POST /bt%20c",
    {},
    "x",
    400,
    "a channel name has a character other than A-Z a-z 0-9 _ . ~ @ : = ! - /",
  ],
  ["a reserved name", "POST /%2D/btc", {}, "x", 400, '"-" is reserved'],
  ["a channel of the apps", "POST /apps/btc", {}, "x", 404, "nothing is here"],
  [
    "another method",
    "PATCH /btc",
    {},
    "x",
    405,
    "GET, HEAD, POST, PUT, OPTIONS are understood here",
  ],
  [
    "DELETE",
    "DELETE /btc",
    {},
    undefined,
    405,
    "GET, HEAD, POST, PUT, OPTIONS are understood here",
  ],
  [
    "a stranger's page",
    "POST /btc",
    { Origin: "http://evil.example" },
    "x",
    403,
    "this origin may not connect; it can be allowed with --origin",
  ],
  [
    "a page without an origin",
    "POST /btc",
    { Origin: "null" },
    "x",
    403,
    "this origin may not connect; it can be allowed with --origin",
  ],
  [
    "a stranger's page, instead of 100",
    "POST /btc",
    { Origin: "http://evil.example", "Content-Length": "1", Expect: "100-continue" },
    "",
    403,
    "this origin may not connect; it can be allowed with --origin",
  ],
  [
    "a rebound name",
    "POST /btc",
    { Host: "evil.example" },
    "x",
    421,
    "this server does not go by that name; see --host",
  ],
  [
    "an unknown expectation",
    "POST /btc",
    { Expect: "x" },
    "x",
    417,
    "only 100-continue can be expected",
  ],
  ...["", "a b", "é", "x".repeat(129)].map((key): Refusal => [
    `the key ${JSON.stringify(key.slice(0, 9))}`,
    "POST /btc",
    { "Idempotency-Key": key },
    "x",
    400,
    "Idempotency-Key is not 1 to 128 visible ASCII characters",
  ]),
];
channelTest("a publish that is refused says why, and publishes nothing", async (testService) => {
  await using service = await testService("--max-message", "1KiB");
  for (const [what, line, fields, body, status, why] of refusals) {
    const answer = await ask(service, line, fields, body);
    assertEquals([answer.status, answer.body], [status, `${why}\n`], what);
    assertEquals(answer.headers.get("connection"), "close", what);
    if (status === 405) assertEquals(answer.headers.get("allow"), "GET, HEAD, POST, PUT, OPTIONS");
  }
  assertEquals(await remembered(service, "btc,eth"), []);
});

const cut: [what: string, fields: RequestFields, body: string][] = [
  ["before its length", { "Content-Length": "5" }, "hell"],
  ["before its first byte", { "Content-Length": "5" }, ""],
  ["within a chunk", chunked, "5\r\nhell"],
  ["before the last chunk", chunked, "5\r\nhello\r\n"],
  ["before the end of the trailers", chunked, "5\r\nhello\r\n0\r\n"],
];
for (const [what, fields, body] of cut) {
  channelTest(`a body cut short ${what} publishes nothing`, async (testService) => {
    await using service = await testService();
    using client = await RawClient.connect(addressOf(service.port));
    await client.send(requestBytes(service.port, "POST /btc", fields, body));
    await client.end();
    const [answer] = answers(await client.readAll());
    assertEquals([answer!.status, answer!.body], [400, "the body ended early\n"]);
    assertEquals(await remembered(service, "btc"), []);
  });
}

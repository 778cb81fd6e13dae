/**
 * What an operator reads of requests that were refused, and of WebSockets that ended as they should not.
 */
import { assert, assertEquals } from "@std/assert";
import { NOTICES, Notices } from "../../lib/service/notices.ts";
import { HttpError } from "../../lib/http/error.ts";
import { ask, Subscriber, UPGRADE } from "../tools/channels.ts";
import { TestLog, testService } from "../tools/service.ts";
import { SECRET } from "../tools/tokens.ts";

const secret = ["--secret", SECRET];
const refusals: [
  line: string,
  flags: string[],
  fields: Record<string, string>,
  status: number,
  reason: string,
][] = [
  [
    "GET /btc?since=x",
    [],
    {},
    400,
    "since is no id, no age such as 30s, no number such as -10, and neither all nor last",
  ],
  ["GET /btc?token=SEKRET.SEKRET.SEKRET", secret, {}, 401, "the token is not valid"],
  ["GET /btc", secret, {}, 401, "a token is needed to read btc"],
  [
    "GET /btc",
    [],
    { ...UPGRADE, Origin: "http://a.example" },
    403,
    "this origin may not connect; it can be allowed with --origin",
  ],
  ["GET /btc", [], { Host: "a.example" }, 421, "this server does not go by that name; see --host"],
];
for (const [line, flags, fields, status, reason] of refusals) {
  Deno.test(`${line} refused with ${status} is one line with peer and reason`, async () => {
    await using service = await testService(...flags);
    assertEquals((await ask(service, line, fields)).status, status);
    const lines = service.log.lines.filter(({ message }) => message === "refused");
    assertEquals(
      lines.map(({ level, fields }) => [level, fields.status, fields.reason]),
      [["info", status, reason]],
    );
    assert(/^127\.0\.0\.1:\d+$/.test(String(lines[0]!.fields.peer)));
    assert(!JSON.stringify(service.log.lines).includes("SEKRET"));
  });
}

Deno.test("what is served, and a path where nothing is, leave no line", async () => {
  await using service = await testService();
  for (const line of ["GET /btc", "GET /-/nothing", "GET /-/health"]) await ask(service, line);
  using _one = await Subscriber.open(service, "/btc");
  assertEquals(service.log.lines, []);
});

Deno.test("a connection too many is a line", async () => {
  await using service = await testService("--max-connections", "1");
  using _one = await Subscriber.open(service, "/btc");
  assertEquals((await ask(service, "GET /btc")).status, 503);
  const { fields } = await service.log.line(({ message }) => message === "refused");
  assertEquals([fields.status, fields.reason], [503, "too many connections"]);
});

Deno.test("a WebSocket that breaks the protocol, and one that breaks a rule, are a line each", async () => {
  await using service = await testService();
  const rows: [frame: number[], code: number][] = [
    [[0xf1, 0x80, 0, 0, 0, 0], 1002],
    [[0x81, 0x81, 0, 0, 0, 0, 0xff], 1007],
    [[0x82, 0xff, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0], 1009],
  ];
  for (const [frame, code] of rows) {
    using subscriber = await Subscriber.open(service, "/btc");
    await subscriber.client.raw.send(Uint8Array.from(frame));
    const { level, fields } = await service.log.line((l) => l.fields.code === code);
    assertEquals([level, typeof fields.reason], ["info", "string"]);
  }
  using writer = await Subscriber.open(service, "/btc", { "X-Forwarded-For": "192.0.2.1" });
  await writer.client.raw.send(Uint8Array.of(0x81, 0x81, 0, 0, 0, 0, 0x78));
  await writer.closed();
  const { fields } = await service.log.line((l) => l.fields.code === 1008);
  assertEquals(fields.reason, "not allowed to write: only this machine may");
});

Deno.test("at most ten lines a second are written, and what is held back is counted and said", () => {
  const log = new TestLog();
  const notices = new Notices(log);
  const refuse = (count: number) => {
    for (let i = 0; i < count; i++) {
      notices.watch.refused!({ hostname: "::1", port: 1 }, new HttpError(400, "no"));
    }
  };
  refuse(NOTICES);
  notices.turn();
  assertEquals(log.lines.length, 10);
  refuse(NOTICES + 1);
  assertEquals(log.lines.length, 20);
  notices.turn();
  assertEquals(log.lines.at(-1)!.fields, { count: 1 });
  refuse(1);
  assertEquals(log.lines.at(-1)!.fields, { peer: "[::1]:1", status: 400, reason: "no" });
  notices.turn();
  notices.watch.ended!({ hostname: "", port: 0 }, { code: 1011, reason: "internal error" });
  assertEquals([log.lines.at(-1)!.level, log.lines.at(-1)!.fields.peer], ["error", "unix"]);
});

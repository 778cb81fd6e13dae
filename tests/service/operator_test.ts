/**
 * What an operator sees besides metrics, and who may see those.
 */
import { assertEquals } from "@std/assert";
import { channelTest } from "../tools/engines.ts";
import { ask, channelsOf, EventStream, post, Subscriber, UPGRADE } from "../tools/channels.ts";
import { SECRET, sign } from "../tools/tokens.ts";

channelTest(
  "channels are listed with their subscribers and the id of their last message",
  async (testService) => {
    await using service = await testService("--drain", "50ms");
    assertEquals(await channelsOf(service), []);
    using _one = await Subscriber.open(service, "/btc");
    using _two = await Subscriber.open(service, "/btc,orders/1");
    using _three = await EventStream.open(service, "/btc");
    await post(service, "nobody", "x");
    const { id } = await post(service, "btc", "x");
    const list = (await channelsOf(service)).sort((a, b) => a.name < b.name ? -1 : 1);
    assertEquals(list, [
      { name: "btc", subscribers: 3, last: id },
      { name: "orders/1", subscribers: 1 },
    ]);
    const { headers } = await ask(service, "GET /-/channels");
    assertEquals(headers.get("content-type"), "application/json");
    assertEquals(headers.get("cache-control"), "no-store");
  },
);

const remote = { "X-Forwarded-For": "192.0.2.1" };
type Row = [
  who: string,
  flags: string[],
  remote: boolean,
  claims: object | undefined,
  status: number,
  why?: string,
];
const secret = ["--secret", SECRET];
const needed = "a token is needed to read -/metrics";
const refused = "not allowed to read -/metrics";
const rows: Row[] = [
  ["this machine in protected mode", [], false, undefined, 200],
  ["another in protected mode", [], true, undefined, 403, refused],
  ["this machine where tokens are verified", secret, false, undefined, 200],
  ["another without a token", secret, true, undefined, 401, needed],
  ["another whose token reads other things", secret, true, { r: ["*", "btc"] }, 403, refused],
  ["another whose token writes", secret, true, { w: ["-/metrics"] }, 403, refused],
  ["another whose token reads -/metrics", secret, true, { r: ["-/metrics"] }, 200],
  ["another whose token reads all", secret, true, { r: ["**"] }, 200],
  [
    "another where all channels are public",
    [...secret, "--public", "**"],
    true,
    undefined,
    401,
    needed,
  ],
  ["another with a token for nothing there", [...secret, "--public", "**"], true, {}, 403, refused],
];
for (const [who, flags, isRemote, claims, status, why] of rows) {
  channelTest(`an operator's paths for ${who}: ${status}`, async (testService) => {
    await using service = await testService(...flags);
    const token = claims && await sign({ ...claims });
    const fields = { ...isRemote && remote, Authorization: token && `Bearer ${token}` };
    for (const path of ["/-/metrics", "/-/channels"]) {
      const answer = await ask(service, `GET ${path}`, fields);
      assertEquals(answer.status, status, path);
      if (why !== undefined) assertEquals(answer.body, `${why}\n`);
    }
  });
}

const paths: [
  line: string,
  fields: Record<string, string | undefined>,
  status: number,
  why: string,
][] = [
  ["POST /-/metrics", {}, 405, "GET and HEAD are understood here"],
  ["PUT /-/channels", {}, 405, "GET and HEAD are understood here"],
  ["GET /-/echo", {}, 426, "a WebSocket is here"],
  ["GET /-/nothing", {}, 404, "nothing is here"],
  ["GET /-/metrics/x", {}, 404, "nothing is here"],
  ["GET /-/", {}, 404, "nothing is here"],
  ["GET /-", {}, 400, '"-" is reserved'],
  ["GET /%2D/metrics", {}, 400, '"-" is reserved'],
  ["GET /app", {}, 404, "nothing is here"],
  ["GET /apps", {}, 404, "nothing is here"],
  ["GET /app/", {}, 404, "nothing is here"],
  ["GET /app/key?protocol=7", UPGRADE, 404, "nothing is here"],
  ["POST /apps/1/events", {}, 404, "nothing is here"],
  ["DELETE /app/x", {}, 404, "nothing is here"],
  ["GET /%61pp/x", {}, 404, "nothing is here"],
  ["GET /app%2Fx", {}, 404, "nothing is here"],
  ["GET /btc,app", {}, 400, '"app" is reserved'],
  ["GET /app,btc", {}, 400, '"app" is reserved'],
];
channelTest("what is no channel says so", async (testService) => {
  await using service = await testService();
  for (const [line, fields, status, why] of paths) {
    const body = /^P/.test(line) ? "x" : undefined;
    const answer = await ask(service, line, fields, body);
    assertEquals([answer.status, answer.body], [status, `${why}\n`], line);
  }
});

channelTest("what only looks like a reserved name is a channel", async (testService) => {
  await using service = await testService();
  const names = ["application", "apps1", "x/app", "App", "--", "-x", "x/-/metrics"];
  for (const name of [...names, "a.b_c~d@e:f=g!h-i", "...", "x".repeat(255)]) {
    assertEquals((await ask(service, `POST /${name}`, {}, "x")).status, 200, name);
  }
});

/** The HTTP API of the Pusher protocol: what is answered, and what is refused with which status. */
import { assertEquals, assertMatch } from "@std/assert";
import { MAX_BODY } from "../../lib/pusher/api.ts";
import { MAX_DATA, MAX_EVENT } from "../../lib/pusher/protocol.ts";
import { MAX_BATCH, MAX_CHANNELS } from "../../lib/pusher/trigger.ts";
import { ask, remembered } from "../tools/channels.ts";
import { APP, askApi, flagOf, OTHER, RawPusher, signed } from "../tools/pusher.ts";
import { testService } from "../tools/service.ts";

const start = (...flags: string[]) => testService(...flagOf(APP), ...flagOf(OTHER), ...flags);
const EVENT = { name: "e", channel: "btc", data: "{}" };

Deno.test("what is not signed by the app, of now, and whole, is 401; what is not there 404, and otherwise asked 405", async () => {
  await using service = await start();
  const body = JSON.stringify(EVENT), now = Math.floor(Date.now() / 1000);
  const path = `/apps/${APP.id}/events`, line = `POST ${path}`;
  const right = signed(APP, line, body);
  const rows: [target: string, status: number, why: RegExp, sent?: string][] = [
    [`${path}?${right}`, 200, /^\{\}$/],
    // What was signed is not told apart from what is sent again: within 600 s it is one more event.
    [`${path}?${right}`, 200, /^\{\}$/],
    [path, 401, /are needed/],
    [`${path}?${right}`, 401, /body_md5 is not the MD5/, body.replace("btc", "eth")],
    [`${path}?${right}&info=user_count`, 401, /auth_signature is not/],
    [`${path}?${signed(APP, "POST /apps/3/batch_events", body)}`, 401, /auth_signature is not/],
    [
      `${path}?${signed({ ...APP, secret: OTHER.secret }, line, body)}`,
      401,
      /auth_signature is not/,
    ],
    [`${path}?${signed(OTHER, line, body)}`, 401, /auth_key is not this app's/],
    [`${path}?${signed(APP, line, body, {}, now - 610)}`, 401, /not within 600 s/],
    [`${path}?${signed(APP, line, body, {}, now + 620)}`, 401, /not within 600 s/],
    [`${path}?${signed(APP, line, body, {}, now - 590)}`, 200, /^\{\}$/],
    [`${path}?${signed(APP, line)}`, 401, /body_md5/],
    [`/apps/nobody/events?${signed(APP, "POST /apps/nobody/events", body)}`, 404, /no such app/],
    [`/apps/${APP.id}/event?${right}`, 404, /nothing is here/],
    [`/apps/${APP.id}/channels?${right}`, 405, /GET is understood here/],
    ["/apps", 404, /no such app/],
  ];
  for (const [target, status, why, sent = body] of rows) {
    const answer = await ask(service, `POST ${target}`, {}, sent);
    assertEquals(answer.status, status, target);
    assertMatch(answer.body, why, target);
  }
  assertEquals((await remembered(service, "btc")).length, 3);
});

Deno.test("a body is not read before it is known who sends it, and at most 1 MiB then", async () => {
  await using service = await start();
  const line = `POST /apps/${APP.id}/events`, text = JSON.stringify(EVENT);
  const rows: [length: number, query: string, status: number][] = [
    [MAX_BODY, "", 401],
    [MAX_BODY + 1, "", 401],
    [MAX_BODY + 1, signed(APP, line, "another"), 413],
  ];
  for (const [length, query, status] of rows) {
    const fields = { "Content-Length": String(length) };
    assertEquals((await ask(service, `${line}?${query}`, fields)).status, status);
  }
  const whole = " ".repeat(MAX_BODY - text.length) + text;
  assertEquals((await ask(service, `${line}?${signed(APP, line, whole)}`, {}, whole)).status, 200);
});

Deno.test("an event that is not right is refused, and nothing of the request published", async () => {
  await using service = await start();
  const names = (count: number) => Array.from({ length: count }, (_, i) => `c${i}`);
  const size = (bytes: number) => "x".repeat(bytes);
  const rows: [body: unknown, status: number][] = [
    ["[]", 400],
    ["{", 400],
    [{ ...EVENT, name: undefined }, 400],
    [{ ...EVENT, name: "" }, 400],
    [{ ...EVENT, name: size(MAX_EVENT + 1) }, 400],
    [{ ...EVENT, name: "pusher:error" }, 400],
    [{ ...EVENT, name: "pusher_internal:member_added" }, 400],
    [{ ...EVENT, data: undefined }, 400],
    [{ ...EVENT, data: {} }, 400],
    [{ ...EVENT, data: size(MAX_DATA + 1) }, 413],
    [{ ...EVENT, data: "é".repeat(MAX_DATA / 2) + "x" }, 413],
    [{ ...EVENT, channel: undefined }, 400],
    [{ ...EVENT, channel: "a b" }, 400],
    [{ ...EVENT, channel: size(201) }, 400],
    [{ ...EVENT, channel: undefined, channels: [] }, 400],
    [{ ...EVENT, channel: undefined, channels: "btc" }, 400],
    [{ ...EVENT, channel: undefined, channels: ["btc", 1] }, 400],
    [{ ...EVENT, channel: undefined, channels: ["btc", "a/b"] }, 400],
    [{ ...EVENT, channel: undefined, channels: names(MAX_CHANNELS + 1) }, 400],
    [{ ...EVENT, socket_id: "1" }, 400],
    [{ ...EVENT, socket_id: 1.2 }, 400],
    [{ ...EVENT, info: "members" }, 400],
    [{ ...EVENT, info: "user_count" }, 400],
  ];
  for (const [body, status] of rows) {
    const answer = await askApi(service, "POST /events", body);
    assertEquals(answer.status, status, JSON.stringify(body).slice(0, 80));
    if (typeof body === "string") continue;
    const batch = await askApi(service, "POST /batch_events", { batch: [EVENT, body] });
    if (!("channels" in (body as object))) assertEquals(batch.status, status);
  }
  for (const batch of [undefined, {}, [1], Array(MAX_BATCH + 1).fill(EVENT)]) {
    assertEquals((await askApi(service, "POST /batch_events", { batch })).status, 400);
  }
  assertEquals(await remembered(service, "btc"), []);
  // The largest of each is taken.
  const all = { name: size(MAX_EVENT), data: size(MAX_DATA), channels: names(MAX_CHANNELS) };
  assertEquals((await askApi(service, "POST /events", all)).status, 200);
  const one = { name: size(MAX_EVENT), data: size(MAX_DATA), channel: "btc", socket_id: "1.2" };
  const batch = await askApi(service, "POST /batch_events", { batch: Array(MAX_BATCH).fill(one) });
  assertEquals([batch.status, batch.body], [200, "{}"]);
  const kept = await Promise.all(["c0", "c99", "btc"].map((name) => remembered(service, name)));
  assertEquals(kept.map(({ length }) => length), [1, 1, 10]);
});

Deno.test("a message of --max-message is taken, one byte more is 413", async () => {
  await using service = await start("--max-message", "100");
  const small = { ...EVENT, data: "x".repeat(77) };
  assertEquals((await askApi(service, "POST /events", small)).status, 200);
  const large = { ...EVENT, data: "x".repeat(78) };
  assertEquals((await askApi(service, "POST /events", large)).status, 413);
});

Deno.test("channels are those that somebody subscribes to, with what is asked of them", async () => {
  await using service = await start();
  const clients = [await RawPusher.open(service), await RawPusher.open(service)];
  for (const [i, client] of clients.entries()) {
    await client.subscribe("btc");
    await client.subscribe("presence-a", '{"user_id":"ann"}');
    if (i === 0) await client.subscribe("presence-b", '{"user_id":"ann"}');
  }
  const rows: [line: string, more: Record<string, string>, answer: unknown, status?: number][] = [
    ["GET /channels", {}, { channels: { btc: {}, "presence-a": {}, "presence-b": {} } }],
    ["GET /channels", { filter_by_prefix: "presence-" }, {
      channels: { "presence-a": {}, "presence-b": {} },
    }],
    [
      "GET /channels",
      { filter_by_prefix: "presence-", info: "user_count" },
      { channels: { "presence-a": { user_count: 1 }, "presence-b": { user_count: 1 } } },
    ],
    ["GET /channels", { filter_by_prefix: "b", info: "subscription_count" }, {
      channels: { btc: { subscription_count: 2 } },
    }],
    ["GET /channels", { filter_by_prefix: "none-" }, { channels: {} }],
    ["GET /channels", { info: "user_count" }, undefined, 400],
    ["GET /channels", { info: "x" }, undefined, 400],
    ["GET /channels/btc", {}, { occupied: true }],
    ["GET /channels/eth", {}, { occupied: false }],
    ["GET /channels/btc", { info: "subscription_count" }, {
      occupied: true,
      subscription_count: 2,
    }],
    ["GET /channels/presence-a", { info: "user_count,subscription_count" }, {
      occupied: true,
      user_count: 1,
      subscription_count: 2,
    }],
    ["GET /channels/btc", { info: "user_count" }, undefined, 400],
    ["GET /channels/presence-a/users", {}, { users: [{ id: "ann" }] }],
    ["GET /channels/presence-none/users", {}, { users: [] }],
    ["GET /channels/btc/users", {}, undefined, 400],
    ["GET /channels/a%2Fb", {}, undefined, 400],
    ["GET /channels/%FF", {}, undefined, 400],
  ];
  for (const [line, more, answer, status = 200] of rows) {
    const said = await askApi(service, line, undefined, more);
    assertEquals(said.status, status, `${line} ${JSON.stringify(more)}: ${said.body}`);
    if (answer !== undefined) assertEquals(JSON.parse(said.body), answer);
  }
  const event = { ...EVENT, channel: undefined, channels: ["presence-a", "presence-b"] };
  const told = await askApi(service, "POST /events", {
    ...event,
    info: "user_count,subscription_count",
  });
  assertEquals(JSON.parse(told.body), {
    channels: {
      "presence-a": { user_count: 1, subscription_count: 2 },
      "presence-b": { user_count: 1, subscription_count: 1 },
    },
  });
  const batch = [{ ...EVENT, info: "subscription_count" }, EVENT];
  const each = await askApi(service, "POST /batch_events", { batch });
  assertEquals(JSON.parse(each.body), { batch: [{ subscription_count: 2 }, {}] });
  for (const client of clients) client[Symbol.dispose]();
});

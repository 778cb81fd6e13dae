/** The WebSocket of the Pusher protocol: what is said, what is refused, and with which of Pusher's codes. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { EVENTS } from "../../lib/pusher/client.ts";
import { MAX_DATA, MAX_EVENT } from "../../lib/pusher/protocol.ts";
import { ask, channelsOf, post, Subscriber } from "../tools/channels.ts";
import { APP, askApi, authOf, flagOf, hmac, OTHER, RawPusher, signed } from "../tools/pusher.ts";
import { utf8 } from "../tools/bytes.ts";
import { clientFrame } from "../tools/frames.ts";
import { join } from "../tools/raw.ts";
import { closeCode } from "../tools/websocket.ts";
import { type TestService, testService } from "../tools/service.ts";

const start = (...flags: string[]) => testService(...flagOf(APP), ...flags);

/** Publishes an event as an app's server does. */
async function trigger(service: TestService, channel: string, data: string, socket_id?: string) {
  const { status, body } = await askApi(service, "POST /events", {
    name: "e",
    channel,
    data,
    socket_id,
  });
  assertEquals([status, body], [200, "{}"]);
}

Deno.test("an app that is none, or a version that is not spoken, is said in Pusher's words, and the connection closed", async () => {
  await using service = await start();
  const rows: [target: string, code: number][] = [
    ["/app/nobody?protocol=7", 4001],
    [`/app/${APP.id}?protocol=7`, 4001],
    ["/app/?protocol=7", 4005],
    ["/app?protocol=7", 4005],
    [`/app/${APP.key}/more?protocol=7`, 4005],
    [`/app/${APP.key}?protocol=4`, 4007],
    [`/app/${APP.key}?protocol=x`, 4006],
    [`/app/${APP.key}`, 4008],
  ];
  for (const [target, code] of rows) {
    using socket = await Subscriber.open(service, target);
    const { event, data } = await socket.json();
    assertEquals([event, data.code], ["pusher:error", code], target);
    assertEquals(closeCode(await socket.client.next()), code);
  }
  const { fields } = await service.log.line(({ message }) => message === "refused");
  assertEquals([fields.status, fields.reason], [4001, "no app has this key"]);
  assertEquals((await ask(service, `GET /app/${APP.key}`)).status, 426);
});

Deno.test("without --pusher nothing is there", async () => {
  await using service = await testService();
  for (const line of ["GET /app/x", "POST /apps/3/events", "GET /app", "GET /apps"]) {
    assertEquals((await ask(service, line)).status, 404, line);
  }
});

Deno.test("a ping is answered, and what is no message of the protocol is refused (4200) and ends nothing", async () => {
  await using service = await start();
  using client = await RawPusher.open(service);
  for (const text of ["", "{", "[]", '{"event":"e"}', '{"event":"pusher:subscribe","data":"x"}']) {
    await client.socket.say(text);
    const { event, data } = await client.next();
    assertEquals([event, data.code], ["pusher:error", 4200], text);
  }
  await client.say("pusher:ping", {});
  assertEquals(await client.socket.text(), '{"event":"pusher:pong","data":"{}"}');
  await client.socket.client.send(0x82, "{}");
  assertMatch(await client.socket.closed(), /^1003 /);
});

Deno.test("a subscription without the right signature is refused, and nothing of the channel comes", async () => {
  await using service = await start("--pusher", `${OTHER.id}:${OTHER.key}:${OTHER.secret}`);
  using client = await RawPusher.open(service);
  const ann = '{"user_id":"ann"}',
    auth = (channel: string, data?: string) => authOf(APP, client.id, channel, data);
  const rows: [data: Record<string, unknown>, status: number][] = [
    [{ channel: "private-x" }, 401],
    [{ channel: "private-x", auth: "" }, 401],
    [{ channel: "private-x", auth: auth("private-y") }, 401],
    [{ channel: "private-x", auth: authOf(APP, "1.2", "private-x") }, 401],
    [{ channel: "private-x", auth: authOf(OTHER, client.id, "private-x") }, 401],
    [
      { channel: "private-x", auth: authOf({ ...OTHER, key: APP.key }, client.id, "private-x") },
      401,
    ],
    [{ channel: "private-x", auth: auth("private-x").slice(0, -1) }, 401],
    [{ channel: "private-encrypted-x", auth: auth("private-x") }, 401],
    [{ channel: "presence-x", auth: auth("presence-x", ann) }, 401],
    [
      { channel: "presence-x", auth: auth("presence-x", ann), channel_data: '{"user_id":"bob"}' },
      401,
    ],
    [{ channel: "presence-x", auth: auth("presence-x", ann), channel_data: `${ann} ` }, 401],
    [{ channel: "presence-x", auth: auth("presence-x") }, 401],
    [{ channel: "presence-x", auth: auth("presence-x", "{}"), channel_data: "{}" }, 400],
    [{ channel: "presence-cache-x" }, 401],
    [{ channel: "#server-to-user-ann" }, 401],
    [{ channel: "#server-to-user-" }, 400],
    [{ channel: "a/b" }, 400],
    [{ channel: "" }, 400],
    [{ channel: "a".repeat(201) }, 400],
  ];
  for (const [data, status] of rows) {
    await client.say("pusher:subscribe", data);
    const said = await client.next();
    assertEquals(
      [said.event, said.data.status],
      ["pusher:subscription_error", status],
      JSON.stringify(data),
    );
    assertEquals(said.channel, data.channel);
  }
  assertEquals(await channelsOf(service), []);
});

Deno.test("events come to whoever subscribes, but not back to the socket_id that they are by, and none after an unsubscribe", async () => {
  await using service = await start();
  using ann = await RawPusher.open(service);
  using bob = await RawPusher.open(service);
  for (const client of [ann, bob]) {
    await client.ask("private-x");
    assertEquals(
      await client.socket.text(),
      '{"event":"pusher_internal:subscription_succeeded","channel":"private-x","data":"{}"}',
    );
  }
  await trigger(service, "private-x", '{"n": 1}');
  for (const client of [ann, bob]) {
    assertEquals(
      await client.socket.text(),
      '{"event":"e","channel":"private-x","data":"{\\"n\\": 1}"}',
    );
  }
  await trigger(service, "private-x", "2", ann.id);
  await trigger(service, "private-x", "3");
  assertEquals([(await bob.next()).data, (await bob.next()).data], [2, 3]);
  assertEquals((await ann.next()).data, 3);
  // To subscribe twice is refused, and changes nothing.
  assertEquals((await bob.subscribe("private-x")).data.code, 4200);
  await bob.say("pusher:unsubscribe", { channel: "private-x" });
  await bob.say("pusher:unsubscribe", { channel: "private-never" });
  await bob.subscribe("other");
  await trigger(service, "private-x", "4");
  await trigger(service, "other", "5");
  assertEquals([(await ann.next()).data, (await bob.next()).data], [4, 5]);
});

Deno.test("a plain publish is the event message, and an event is JSON for who reads the channel by its URL", async () => {
  await using service = await start();
  using client = await RawPusher.open(service);
  using reader = await Subscriber.open(service, "/a~2Cb?since=all");
  await reader.json();
  await client.subscribe("a,b");
  await post(service, "a~2Cb", "hello");
  await post(service, "a~2Cb", '{"event":"e","data":{"n":1}}', "application/json");
  await trigger(service, "a,b", '{"n":2}');
  assertEquals(await client.socket.text(), '{"event":"message","channel":"a,b","data":"hello"}');
  assertEquals(await client.socket.text(), '{"event":"e","channel":"a,b","data":"{\\"n\\":1}"}');
  assertEquals(await client.socket.text(), '{"event":"e","channel":"a,b","data":"{\\"n\\":2}"}');
  assertEquals((await reader.json()).data, "hello");
  assertEquals((await reader.json()).data, { event: "e", data: { n: 1 } });
  assertEquals((await reader.json()).data, { event: "e", data: { n: 2 } });
});

Deno.test("what an app's users need a signature for, nobody reads by its URL without a token", async () => {
  const secret = "x".repeat(32);
  await using service = await start("--secret", secret, "--public", "**");
  for (const path of ["private-x", "presence-x", "~23server-to-user-ann", "btc,private-x"]) {
    assertEquals((await ask(service, `GET /${path}`)).status, 401, path);
  }
  assertEquals((await ask(service, "GET /btc")).status, 200);
  using reader = await Subscriber.open(service, "/btc?since=all");
  await reader.json();
  await reader.say({ sub: "private-x" });
  assertEquals(await reader.json(), { error: "forbidden" });
});

Deno.test("in protected mode only this machine reads by its URL what an app's users need a signature for", async () => {
  await using service = await start(...flagOf(OTHER));
  const elsewhere = { "X-Forwarded-For": "192.0.2.1" };
  for (const name of ["private-x", "presence-x", "~23server-to-user-ann", "seven/private-x"]) {
    assertEquals((await ask(service, `GET /${name}`, elsewhere)).status, 403, name);
    assertEquals((await ask(service, `GET /${name}`)).status, 200, name);
  }
  for (const name of ["btc", "seven/btc", "three/private-x"]) {
    assertEquals((await ask(service, `GET /${name}`, elsewhere)).status, 200, name);
  }
});

Deno.test("where tokens are verified, a public channel is one that may be read without a token", async () => {
  await using service = await start("--secret", "x".repeat(32), "--public", "news");
  using client = await RawPusher.open(service);
  assertEquals((await client.subscribe("news")).event, "pusher_internal:subscription_succeeded");
  const refused = await client.subscribe("orders");
  assertEquals([refused.event, refused.data.status], ["pusher:subscription_error", 401]);
  assertMatch(refused.data.error, /--public/);
  // Its own signature is enough.
  assertEquals(
    (await client.subscribe("private-x")).event,
    "pusher_internal:subscription_succeeded",
  );
});

Deno.test("apps have channels of their own, of one name", async () => {
  await using service = await start(...flagOf(OTHER));
  using one = await RawPusher.open(service, APP);
  using other = await RawPusher.open(service, OTHER);
  for (const client of [one, other]) await client.subscribe("btc");
  await trigger(service, "btc", "1");
  await askApi(service, "POST /events", { name: "e", channel: "btc", data: "2" }, {}, OTHER);
  await post(service, `${OTHER.id}/btc`, "3");
  await post(service, "btc", "4");
  assertEquals([(await one.next()).data, (await one.next()).data], [1, 4]);
  assertEquals([(await other.next()).data, (await other.next()).data], [2, 3]);
  for (const app of [APP, OTHER]) {
    const { body } = await askApi(service, "GET /channels", undefined, {}, app);
    assertEquals(body, '{"channels":{"btc":{}}}');
  }
});

Deno.test("a client's event goes to the others of a private or presence channel, with who it is by on the latter", async () => {
  await using service = await start();
  using ann = await RawPusher.open(service);
  using bob = await RawPusher.open(service);
  const channels: [string, string?, string?][] = [
    ["private-x"],
    ["presence-x", '{"user_id":"ann"}', '{"user_id":"bob"}'],
  ];
  for (const [channel, asAnn, asBob] of channels) {
    await bob.subscribe(channel, asBob);
    await ann.subscribe(channel, asAnn);
  }
  assertEquals((await bob.next()).event, "pusher_internal:member_added");
  await ann.say("client-e", { n: 1 }, "private-x");
  await ann.say("client-e", "text", "presence-x");
  assertEquals(
    await bob.socket.text(),
    '{"event":"client-e","channel":"private-x","data":"{\\"n\\":1}"}',
  );
  assertEquals(
    await bob.socket.text(),
    '{"event":"client-e","channel":"presence-x","data":"text","user_id":"ann"}',
  );
  // Nothing of it came back.
  await ann.say("pusher:ping", {});
  assertEquals((await ann.next()).event, "pusher:pong");
});

Deno.test("an event that a client sends as the last thing before it leaves is sent", async () => {
  await using service = await start();
  using bob = await RawPusher.open(service);
  await bob.subscribe("private-x");
  {
    using ann = await RawPusher.open(service);
    await ann.subscribe("private-x");
    await ann.say("client-left", {}, "private-x");
    await ann.socket.client.send(0x88);
    assertEquals((await bob.next()).event, "client-left");
  }
});

Deno.test("events that a client may not send are refused (4301), and the connection stays", async () => {
  await using service = await start();
  using client = await RawPusher.open(service);
  for (const channel of ["public", "private-x", "private-encrypted-x"]) {
    await client.subscribe(channel);
  }
  const size = (bytes: number) => "x".repeat(bytes);
  const rows: [event: string, channel: string, data: unknown, why: RegExp][] = [
    ["client-e", "public", {}, /private and presence/],
    ["client-e", "private-encrypted-x", {}, /private and presence/],
    ["client-e", "private-y", {}, /subscribed to/],
    ["client-e", "a/b", {}, /subscribed to/],
    [`client-${size(MAX_EVENT - 6)}`, "private-x", {}, /name is over 200/],
    ["client-e", "private-x", size(MAX_DATA + 1), /data is over 10240/],
    ["client-e", "private-x", { s: size(MAX_DATA - 7) }, /data is over 10240/],
  ];
  for (const [event, channel, data, why] of rows) {
    await client.say(event, data, channel);
    const said = await client.next();
    assertEquals(
      [said.event, said.channel, said.data.code],
      ["pusher:error", channel, 4301],
      event,
    );
    assertMatch(said.data.message, why);
  }
});

Deno.test("a client sends 10 events at once, and one more is refused (4301)", async () => {
  await using service = await start();
  using bob = await RawPusher.open(service);
  using ann = await RawPusher.open(service);
  for (const client of [ann, bob]) await client.subscribe("private-x");
  // All in one segment: nothing of a second passes between them.
  const event = (i: number) => `{"event":"client-e","channel":"private-x","data":${i}}`;
  const frames = Array.from({ length: EVENTS + 1 }, (_, i) => clientFrame(0x81, utf8(event(i))));
  await ann.socket.client.raw.send(join(...frames));
  const said = await ann.next();
  assertEquals([said.event, said.data.code], ["pusher:error", 4301]);
  for (let i = 0; i < EVENTS; i++) assertEquals((await bob.next()).data, i);
});

Deno.test("an event of the largest size, with the longest name, is sent", async () => {
  await using service = await start();
  using bob = await RawPusher.open(service);
  using ann = await RawPusher.open(service);
  for (const client of [ann, bob]) await client.subscribe("private-x");
  const name = `client-${"x".repeat(MAX_EVENT - 7)}`, data = "x".repeat(MAX_DATA);
  await ann.say(name, data, "private-x");
  const said = JSON.parse(await bob.socket.text());
  assertEquals([said.event, said.data], [name, data]);
});

Deno.test("a cache channel tells its last event, of whoever subscribes, and that there is none", async () => {
  await using service = await start();
  using client = await RawPusher.open(service);
  for (const channel of ["cache-x", "private-cache-x"]) {
    await client.ask(channel);
    assertEquals((await client.next()).event, "pusher_internal:subscription_succeeded");
    assertEquals(
      await client.socket.text(),
      `{"event":"pusher:cache_miss","channel":"${channel}","data":"{}"}`,
    );
    await trigger(service, channel, "1");
    await trigger(service, channel, "2");
    assertEquals([(await client.next()).data, (await client.next()).data], [1, 2]);
    using late = await RawPusher.open(service);
    await late.ask(channel);
    assertEquals((await late.next()).event, "pusher_internal:subscription_succeeded");
    assertEquals(await late.next(), { event: "e", channel, data: 2 });
  }
  // What a client sends is not remembered as that.
  await client.say("client-e", {}, "private-cache-x");
  using later = await RawPusher.open(service);
  await client.say("pusher:ping", {});
  assertEquals((await client.next()).event, "pusher:pong");
  await later.ask("private-cache-x");
  assertEquals((await later.next()).event, "pusher_internal:subscription_succeeded");
  assertEquals((await later.next()).data, 2);
  await trigger(service, "private-cache-x", "3");
  assertEquals((await later.next()).data, 3);
});

Deno.test("members are told of the first and of the last connection of a user, and not of a tab", async () => {
  await using service = await start();
  using watcher = await RawPusher.open(service);
  const data = (id: string) => `{"user_id":"${id}","user_info":{"name":"${id}"}}`;
  const first = await watcher.subscribe("presence-r", data("watcher"));
  assertEquals(first.data, {
    presence: { count: 1, ids: ["watcher"], hash: { watcher: { name: "watcher" } } },
  });
  const tabs = [await RawPusher.open(service), await RawPusher.open(service)];
  const lists = [];
  for (const tab of tabs) {
    lists.push((await tab.subscribe("presence-r", data("ann"))).data.presence);
  }
  for (const { count, ids } of lists) {
    assertEquals([count, ids.toSorted()], [2, ["ann", "watcher"]]);
  }
  const { body } = await askApi(service, "GET /channels/presence-r/users");
  assertEquals(JSON.parse(body).users.map(({ id }: { id: string }) => id).toSorted(), [
    "ann",
    "watcher",
  ]);
  const info = { info: "user_count,subscription_count" };
  const about = await askApi(service, "GET /channels/presence-r", undefined, info);
  assertEquals(JSON.parse(about.body), { occupied: true, subscription_count: 3, user_count: 2 });
  assertEquals(await watcher.next(), {
    event: "pusher_internal:member_added",
    channel: "presence-r",
    data: { user_id: "ann", user_info: { name: "ann" } },
  });
  tabs[0]![Symbol.dispose]();
  using bob = await RawPusher.open(service);
  await bob.subscribe("presence-r", data("bob"));
  // That one of ann's two connections has gone, nobody was told before this.
  assertEquals((await watcher.next()).data.user_id, "bob");
  tabs[1]![Symbol.dispose]();
  assertEquals(await watcher.next(), {
    event: "pusher_internal:member_removed",
    channel: "presence-r",
    data: { user_id: "ann" },
  });
});

Deno.test("who signs in is told what is sent to them alone, and is ended (4009) where the application says so", async () => {
  await using service = await start();
  using ann = await RawPusher.open(service);
  const data = '{"id":"ann","user_info":{"name":"Ann"}}';
  const signIn = (client: RawPusher, data: string, secret = APP.secret) =>
    client.say("pusher:signin", {
      auth: `${APP.key}:${hmac(secret, `${client.id}::user::${data}`)}`,
      user_data: data,
    });
  await signIn(ann, data);
  assertEquals(await ann.next(), { event: "pusher:signin_success", data: { user_data: data } });
  assertEquals(
    (await ann.subscribe("#server-to-user-ann")).event,
    "pusher_internal:subscription_succeeded",
  );
  assertEquals((await ann.subscribe("#server-to-user-bob")).data.status, 401);
  // On a presence channel they are who they signed in as.
  await ann.ask("presence-r");
  assertEquals((await ann.next()).data.presence.hash, { ann: { name: "Ann" } });
  await trigger(service, "#server-to-user-ann", "1");
  assertEquals(await ann.next(), { event: "e", channel: "#server-to-user-ann", data: 1 });
  using bob = await RawPusher.open(service);
  await signIn(bob, '{"id":"bob"}', OTHER.secret);
  assertEquals((await bob.next()).data.code, 4009);
  assertMatch(await bob.socket.closed(), /^4009 /);
  const { status, body } = await askApi(service, "POST /users/ann/terminate_connections", {});
  assertEquals([status, body], [200, "{}"]);
  assertEquals((await ann.next()).data.code, 4009);
  assertMatch(await ann.socket.closed(), /^4009 /);
});

Deno.test("members, senders and whose a connection is are Kodama's own, whichever way they come", async () => {
  await using service = await start();
  using ann = await RawPusher.open(service);
  await ann.subscribe("presence-r", '{"user_id":"ann","user_info":{"name":"Ann"}}');
  const who = await ask(service, "GET /presence-r?presence");
  assertEquals(JSON.parse(who.body), {
    channel: "presence-r",
    connections: 1,
    members: [{ sub: "ann", connections: 1, info: { name: "Ann" } }],
  });
  await ann.subscribe("btc");
  for (const [data, sender] of [["1", ann.id], ["2", "1.1"]] as const) {
    assertEquals((await ask(service, "POST /btc", { "Kodama-Sender": sender }, data)).status, 200);
  }
  assertEquals((await ann.next()).data, 2);
  const user = '{"id":"ann"}', auth = hmac(APP.secret, `${ann.id}::user::${user}`);
  await ann.say("pusher:signin", { auth: `${APP.key}:${auth}`, user_data: user });
  assertEquals((await ann.next()).event, "pusher:signin_success");
  const closed = await ask(service, "DELETE /-/connections?sub=ann");
  assertEquals(JSON.parse(closed.body), { closed: 1 });
  assertMatch(await ann.socket.closed(), /^4009 /);
});

Deno.test("as many channels as --max-channels says are subscribed, one more is refused", async () => {
  await using service = await start("--max-channels", "2");
  using client = await RawPusher.open(service);
  const events = [];
  for (const channel of ["a", "b", "c"]) events.push((await client.subscribe(channel)).event);
  const succeeded = "pusher_internal:subscription_succeeded";
  assertEquals(events, [succeeded, succeeded, "pusher:subscription_error"]);
  await client.say("pusher:unsubscribe", { channel: "a" });
  assertEquals((await client.subscribe("c")).event, succeeded);
});

Deno.test("more messages than the rate allows are 4301: nobody comes back to send them again", async () => {
  await using service = await start("--message-rate", "1");
  using client = await RawPusher.open(service);
  for (let i = 0; i < 3; i++) await client.say("pusher:ping", {});
  for (let i = 0; i < 2; i++) assertEquals((await client.next()).event, "pusher:pong");
  assertEquals((await client.next()).data.code, 4301);
  assertMatch(await client.socket.closed(), /^4301 too many messages/);
});

Deno.test("nothing of an app's key or secret is in the log or the metrics", async () => {
  await using service = await start("--log-level", "debug");
  using client = await RawPusher.open(service);
  await client.subscribe("private-x");
  await ask(service, `GET /apps/${APP.id}/channels?${signed(OTHER, "GET /x")}`);
  const { body } = await ask(service, "GET /-/metrics");
  assertMatch(body, /^kodama_connections\{kind="pusher",tls="no"\} 1$/m);
  const said = JSON.stringify([service.log.lines, service.about, body]);
  assert(!said.includes(APP.secret) && !said.includes("auth_signature="), said);
});

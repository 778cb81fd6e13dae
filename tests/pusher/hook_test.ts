/** Webhooks: what an app's server is told, and how it is signed. */
import { assertEquals, assertThrows } from "@std/assert";
import { tellChange, webhook } from "../../lib/pusher/hook.ts";
import { parseCommand } from "../../lib/settings/command.ts";
import { ConfigError } from "../../lib/settings/setting.ts";
import { Backend, type Came } from "../tools/backend.ts";
import { APP, flagOf, hmac, OTHER, RawPusher, type TestApp } from "../tools/pusher.ts";
import { pusherTest } from "../tools/pusher_ways.ts";
import { ask } from "../tools/channels.ts";
import { soon } from "../tools/nats.ts";
import type { TestService } from "../tools/service.ts";

Deno.test("a change is told in Pusher's words, by the app's own names, and of members where it is a presence channel", () => {
  const told: unknown[] = [];
  const app = { ...APP, prefix: "" }, other = { ...OTHER, prefix: "seven/" };
  const hooks = [app, other].map((app) => ({
    app,
    queue: { tell: (event: unknown) => void told.push([app.id, event]) },
  }));
  const ann = { sub: "ann" };
  const change = (channel: string, occupied?: boolean) =>
    tellChange(hooks, {
      ...{ channel, join: occupied === false ? [] : [ann], leave: occupied ? [] : ["bob"] },
      ...occupied !== undefined && { occupied },
    });
  change("btc", true);
  change("a~2Cb", false);
  change("presence-r", true);
  change("presence-r");
  change("seven/presence-r", false);
  // Of no app, or of one user.
  for (const channel of ["a/b", "~23server-to-user-ann", "eight/btc"]) change(channel, true);
  const [r, ofAnn, ofBob] = [{ channel: "presence-r" }, { user_id: "ann" }, { user_id: "bob" }];
  assertEquals(told, [
    ["3", { name: "channel_occupied", channel: "btc" }],
    ["3", { name: "channel_vacated", channel: "a,b" }],
    ["3", { name: "channel_occupied", ...r }],
    ["3", { name: "member_added", ...r, ...ofAnn }],
    ["3", { name: "member_added", ...r, ...ofAnn }],
    ["3", { name: "member_removed", ...r, ...ofBob }],
    ["seven", { name: "member_removed", ...r, ...ofBob }],
    ["seven", { name: "channel_vacated", ...r }],
  ]);
});

Deno.test("a webhook is signed with the app's secret, over all of its body", () => {
  const { body, headers } = webhook({ ...APP, prefix: "" }, '{"name":"x"},{"name":"y"}', 5);
  assertEquals(body, '{"time_ms":5,"events":[{"name":"x"},{"name":"y"}]}');
  assertEquals(headers, { "X-Pusher-Key": APP.key, "X-Pusher-Signature": hmac(APP.secret, body) });
});

Deno.test("a hook of an app needs the app", () => {
  const parse = (...flags: string[]) => parseCommand(flags, () => undefined);
  parse(...flagOf(APP), "--hook", `${APP.id}=http://127.0.0.1/x`);
  for (
    const hook of ["9=http://127.0.0.1/x", `${APP.id}=ftp://127.0.0.1/x`, "=http://127.0.0.1/"]
  ) {
    assertThrows(() => parse(...flagOf(APP), "--hook", hook), ConfigError, "--hook");
  }
});

/** The events of all requests that came for an app, each request signed. */
function eventsOf(came: readonly Came[], app: TestApp) {
  return came.flatMap(({ text, body, headers }) => {
    assertEquals(headers.get("x-pusher-key"), app.key);
    assertEquals(headers.get("x-pusher-signature"), hmac(app.secret, text));
    assertEquals([headers.get("content-type"), typeof body.time_ms], [
      "application/json",
      "number",
    ]);
    return body.events;
  });
}

/** Waits until the ends of a service know each other, which no end is told. */
async function know(service: TestService, several: boolean): Promise<void> {
  const threads = service.about.workers === 2;
  if (!several && !threads) return;
  await soon("peers", async () => {
    const { body } = await ask(service, "GET /-/metrics");
    return /^kodama_bus_peers 1$/m.test(body);
  });
}

const backend = new Backend();
pusherTest(
  "an app's server is told who comes and goes, once, and what clients send",
  [...flagOf(APP), "--hook", `${APP.id}=${backend.url}`],
  async (one, other) => {
    const { came } = backend;
    came.length = 0;
    const told = (name: string) => eventsOf(came, APP).some((event) => event.name === name);
    // Two who do not know each other would each tell.
    for (const service of new Set([one, other])) await know(service, one !== other);
    const ann = await RawPusher.open(one), bob = await RawPusher.open(other);
    for (const [client, id] of [[ann, "ann"], [bob, "bob"]] as const) {
      await client.subscribe("presence-r", `{"user_id":"${id}"}`);
    }
    await ann.ask("cache-x");
    await soon("occupied", () => Promise.resolve(told("channel_occupied") && told("cache_miss")));
    await bob.say("client-e", { n: 1 }, "presence-r");
    await soon("the client's event", () => Promise.resolve(told("client_event")));
    for (const client of [ann, bob]) client[Symbol.dispose]();
    await soon("vacated", () =>
      Promise.resolve(
        eventsOf(came, APP).filter(({ name }) => name === "channel_vacated").length === 2,
      ));
    const events = eventsOf(came, APP).filter(({ channel }) => channel === "presence-r");
    const names = events.map(({ name, user_id }) => `${name} ${user_id ?? ""}`.trim());
    assertEquals(names.toSorted(), [
      ...["channel_occupied", "channel_vacated", "client_event bob"],
      ...["member_added ann", "member_added bob", "member_removed ann", "member_removed bob"],
    ]);
    assertEquals([names[0], names.at(-1)], ["channel_occupied", "channel_vacated"]);
    assertEquals(events.find(({ name }) => name === "client_event"), {
      ...{ name: "client_event", channel: "presence-r", event: "client-e", data: '{"n":1}' },
      ...{ socket_id: bob.id, user_id: "bob" },
    });
  },
  // The server is there for all of them.
  { sanitizeOps: false, sanitizeResources: false },
);

Deno.test.afterAll(() => backend[Symbol.asyncDispose]());

/** pusher-js, from its registry and unchanged. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { post } from "../tools/channels.ts";
import { soon } from "../tools/nats.ts";
import {
  APP,
  AppServer,
  clientOf,
  type ClientOptions,
  flagOf,
  next,
  type PusherClient,
} from "../tools/pusher.ts";
import { pusherTest } from "../tools/pusher_ways.ts";
import { proxy } from "../tools/proxy.ts";
import { type TestService, testService } from "../tools/service.ts";

const SUCCEEDED = "pusher:subscription_succeeded";
const flags = flagOf(APP);

/** Some clients, that are gone at the end. */
class Clients implements Disposable {
  readonly #all: PusherClient[] = [];

  async open(service: { port: number }, options?: ClientOptions): Promise<PusherClient> {
    const client = clientOf(service, options);
    this.#all.push(client);
    await next(client.connection, "connected");
    return client;
  }

  [Symbol.dispose](): void {
    for (const client of this.#all) client.disconnect();
  }
}

pusherTest(
  "pusher-js is told on public, private and encrypted channels what the app's server triggers",
  flags,
  async (one, other) => {
    using clients = new Clients();
    const ann = await clients.open(one), bob = await clients.open(other);
    const server = new AppServer(other);
    for (const name of ["btc", "private-orders.1", "private-encrypted-notes", "a,b;c=1@2"]) {
      const channels = [ann, bob].map((client) => client.subscribe(name));
      await Promise.all(channels.map((channel) => next(channel, SUCCEEDED)));
      const told = channels.map((channel) => next(channel, "price"));
      await server.trigger(name, "price", { value: 42, 木: "霊" });
      assertEquals(await Promise.all(told), Array(2).fill({ value: 42, 木: "霊" }));
      // Who triggers it by its own connection is not told.
      const onlyBob = next(channels[1]!, "price"), then = next(channels[0]!, "price");
      await server.trigger(name, "price", 1, { socket_id: ann.connection.socket_id });
      assertEquals(await onlyBob, 1);
      await server.trigger(name, "price", 2);
      assertEquals(await then, 2);
    }
    const plain = next(bob.channel("btc")!, "message");
    await post(one, "btc", "published without Pusher");
    assertEquals(await plain, "published without Pusher");
    const left = bob.channel("btc")!;
    bob.unsubscribe("btc");
    left.bind("price", () => assert(false));
    const still = next(ann.channel("btc")!, "price"),
      last = next(bob.channel("private-orders.1")!, "price");
    await server.trigger(["btc", "private-orders.1"], "price", 3);
    assertEquals([await still, await last], [3, 3]);
    const first = next(ann.channel("btc")!, "one"), second = next(ann.channel("btc")!, "two");
    const batch = ["one", "two"].map((name) => ({ channel: "btc", name, data: name }));
    await server.post("/batch_events", { batch });
    assertEquals([await first, await second], ["one", "two"]);
  },
);

pusherTest(
  "pusher-js knows who is on a presence channel, and hears clients' events from there",
  flags,
  async (one, other) => {
    using clients = new Clients();
    const open = async (service: TestService, id: string) => {
      const client = await clients.open(service, { user: { id, info: { name: id } } });
      const channel = client.subscribe("presence-room");
      return { client, channel, members: await next(channel, SUCCEEDED) };
    };
    const ann = await open(one, "ann");
    assertEquals([ann.members.count, ann.members.me], [1, { id: "ann", info: { name: "ann" } }]);
    const added = next(ann.channel, "pusher:member_added");
    const bob = await open(other, "bob");
    assertEquals(await added, { id: "bob", info: { name: "bob" } });
    await soon("list of both", () => Promise.resolve(bob.members.count === 2));
    assertEquals(bob.members.members, { ann: { name: "ann" }, bob: { name: "bob" } });
    // A second tab is nobody new, nor is it missed.
    let told = 0;
    for (const event of ["pusher:member_added", "pusher:member_removed"]) {
      ann.channel.bind(event, ({ id }: { id: string }) => told += id === "bob" ? 1 : 0);
    }
    const tab = await open(one, "bob");
    tab.client.disconnect();
    const heard = next(ann.channel, "client-typing");
    bob.channel.trigger("client-typing", { in: "room" });
    assertEquals(await heard, { in: "room" });
    const server = new AppServer(one);
    const { users } = await server.get("/channels/presence-room/users");
    assertEquals(users.map(({ id }: { id: string }) => id).toSorted(), ["ann", "bob"]);
    const params = { filter_by_prefix: "presence-", info: "user_count" };
    const { channels } = await server.get("/channels", params);
    assertEquals(channels, { "presence-room": { user_count: 2 } });
    assertEquals(told, 0);
    const removed = next(ann.channel, "pusher:member_removed");
    bob.client.disconnect();
    assertEquals((await removed).id, "bob");
    assertEquals(ann.members.count, 1);
  },
);

pusherTest(
  "pusher-js signs in, is told what is sent to its user alone, and is ended by the application",
  flags,
  async (one, other) => {
    using clients = new Clients();
    const ann = await clients.open(one, { user: { id: "ann@example.com" } });
    const tab = await clients.open(other, { user: { id: "ann@example.com" } });
    const bob = await clients.open(other, { user: { id: "bob" } });
    const server = new AppServer(other);
    for (const client of [ann, tab, bob]) {
      client.signin();
      await client.user.signinDonePromise;
      await soon(
        "its own channel",
        () => Promise.resolve(client.user.serverToUserChannel?.subscribed === true),
      );
    }
    bob.user.bind("note", () => assert(false));
    const told = [ann, tab].map((client) => next(client.user, "note"));
    await server.trigger("#server-to-user-ann@example.com", "note", { n: 1 });
    assertEquals(await Promise.all(told), [{ n: 1 }, { n: 1 }]);
    const ended = [ann, tab].map((client) => next(client.connection, "error"));
    await server.post("/users/ann@example.com/terminate_connections", {});
    for (const { data } of await Promise.all(ended)) assertEquals(data.code, 4009);
    await soon("their end", () => {
      const states = [ann, tab].map((client) => client.connection.state);
      return Promise.resolve(states.every((state) => state === "disconnected"));
    });
    assertEquals(bob.connection.state, "connected");
  },
  // What it closes that has been closed already, it waits 30 s for.
  { sanitizeOps: false, sanitizeResources: false },
);

pusherTest(
  "pusher-js has the last event of a cache channel, or is told that there is none",
  flags,
  async (one, other) => {
    using clients = new Clients();
    const ann = await clients.open(one);
    for (const name of ["cache-btc", "private-cache-btc"]) {
      const channel = ann.subscribe(name);
      await next(channel, "pusher:cache_miss");
      const told = next(channel, "price");
      await new AppServer(other).trigger(name, "price", { n: 1 });
      assertEquals(await told, { n: 1 });
      const bob = await clients.open(other);
      assertEquals(await next(bob.subscribe(name), "price"), { n: 1 });
    }
  },
);

pusherTest(
  "pusher-js is told how many subscribe, where that is switched on",
  [...flags, "--pusher-counts", "on"],
  async (one, other) => {
    using clients = new Clients();
    const ann = await clients.open(one), channel = ann.subscribe("btc");
    const counts: number[] = [];
    channel.bind("pusher:subscription_count", ({ subscription_count }: Record<string, number>) => {
      counts.push(subscription_count!);
    });
    const is = (count: number) =>
      soon(`a count of ${count}`, () => Promise.resolve(counts.at(-1) === count));
    await is(1);
    const bob = await clients.open(other);
    await next(bob.subscribe("btc"), SUCCEEDED);
    await is(2);
    bob.unsubscribe("btc");
    await is(1);
    const { channels } = await new AppServer(other).get("/channels", {
      info: "subscription_count",
    });
    assertEquals(channels, { btc: { subscription_count: 1 } });
  },
);

pusherTest(
  "pusher-js comes back after a cut, and subscribes to what it had",
  flags,
  async (one, other) => {
    await using between = proxy(one.port);
    using clients = new Clients();
    const ann = await clients.open({ port: between.port });
    const channel = ann.subscribe("private-x");
    await next(channel, SUCCEEDED);
    const before = ann.connection.socket_id, again = next(channel, SUCCEEDED);
    between.cut();
    await again;
    assert(ann.connection.socket_id !== before);
    const told = next(channel, "e");
    await new AppServer(other).trigger("private-x", "e", 1);
    assertEquals(await told, 1);
  },
);

Deno.test("pusher-js does not come back where there is no such app, or it may not subscribe", async () => {
  await using service = await testService(...flags);
  const nobody = clientOf(service, { app: { ...APP, key: "nobody" } });
  assertEquals((await next(nobody.connection, "error")).error.data.code, 4001);
  await soon("its end", () => Promise.resolve(nobody.connection.state === "disconnected"));
  using clients = new Clients();
  const wrong = await clients.open(service, { signer: { ...APP, secret: "another" } });
  const error = await next(wrong.subscribe("private-x"), "pusher:subscription_error");
  assertEquals([error.type, error.status], ["AuthError", 401]);
  const server = new AppServer(service, { ...APP, secret: "another" });
  await assertRejects(() => server.trigger("btc", "e", {}), Error, "answered 401");
});

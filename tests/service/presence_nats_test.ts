/**
 * Who is there on two nodes that share a stream in NATS, and tokens and senders over both.
 */
import { assert, assertEquals } from "@std/assert";
import { ask, type RequestFields, Subscriber } from "../tools/channels.ts";
import { natsServers, natsTest, soon } from "../tools/nats.ts";
import { scrape } from "../tools/scrape.ts";
import { type TestService, testService } from "../tools/service.ts";
import { SECRET, sign } from "../tools/tokens.ts";

async function as(sub: string): Promise<RequestFields> {
  const token = await sign({ sub, r: ["**"], w: ["**", "-/connections"] });
  return { Authorization: `Bearer ${token}` };
}

function ready(service: TestService): Promise<void> {
  return soon("readiness", async () => (await ask(service, "GET /-/ready")).status === 200);
}

/** Waits until a node hears of so many others. */
async function hears(service: TestService, peers: number): Promise<void> {
  await soon("others", async () => (await scrape(service)).value("kodama_bus_peers") === peers);
}

/** What a watcher is told until its list is this one. */
async function until(watcher: Subscriber, members: Set<string>, subs: string[]): Promise<void> {
  while ([...members].sort().join() !== subs.join()) {
    const said = await watcher.json();
    if (said.presence !== undefined) members.clear();
    const joined = said.members ?? said.join ?? [], left = said.leave ?? [];
    for (const { sub } of [joined].flat()) {
      assert(!members.has(sub), `${sub} joins twice`);
      members.add(sub);
    }
    for (const { sub } of [left].flat()) assert(members.delete(sub), `${sub} leaves twice`);
  }
}

const workers = Deno.env.get("TEST_THREADS") === "off" ? ["1"] : ["1", "2"];
for (const count of workers) {
  natsTest(
    `who is there is told over two nodes, and is right again once NATS is back [${count} workers]`,
    async () => {
      // So little goes at a time where somebody has set it so.
      await using nats = await natsServers(1, "max_payload: 65536");
      const flags = ["--engine", nats.engine, "--workers", count, "--secret", SECRET];
      flags.push("--drain", "50ms", "--ping-interval", "1h");
      await using one = await testService(...flags);
      await using other = await testService(...flags);
      await Promise.all([ready(one), ready(other)]);
      const peers = 2 * Number(count) - 1;
      await Promise.all([hears(one, peers), hears(other, peers)]);
      const watching: [Subscriber, Set<string>][] = [];
      for (const node of [one, other]) {
        const watcher = await Subscriber.open(node, "/room?presence", await as("watcher"));
        await watcher.json();
        watching.push([watcher, new Set()]);
      }
      const told = async (...subs: string[]) => {
        for (const [watcher, members] of watching) {
          await until(watcher, members, [...subs, "watcher"].sort());
        }
      };
      await told();
      const ann = await Subscriber.open(one, "/room", await as("ann"));
      const far = await Subscriber.open(other, "/room", await as("ann"));
      const bob = await Subscriber.open(other, "/room", await as("bob"));
      await told("ann", "bob");
      const { body } = await ask(one, "GET /room?presence", await as("x"));
      const { connections, members } = JSON.parse(body);
      assertEquals(connections, 5);
      assertEquals(members.find(({ sub }: { sub: string }) => sub === "ann").connections, 2);
      // What is told of a sender is told to all but that one, on both.
      const s1 = await Subscriber.open(other, "/room?sender=s1", await as("cy"));
      await told("ann", "bob", "cy");
      const fields = { ...await as("x"), "Kodama-Sender": "s1" };
      await ask(one, "POST /room", fields, "by s1");
      await ask(one, "POST /room", await as("x"), "by x");
      assertEquals(await s1.text(), "by x");
      for (const each of [ann, far, bob]) {
        assertEquals([await each.text(), await each.text()], ["by s1", "by x"]);
      }
      for (const [watcher] of watching) {
        assertEquals([(await watcher.json()).data, (await watcher.json()).data], ["by s1", "by x"]);
      }
      // While NATS is gone, people come and go.
      await nats.servers[0]!.kill();
      await soon("an end of it", async () => (await ask(one, "GET /-/ready")).status === 503);
      bob[Symbol.dispose]();
      await nats.servers[0]!.start();
      await Promise.all([ready(one), ready(other)]);
      const dee = await Subscriber.open(one, "/room", await as("dee"));
      await told("ann", "cy", "dee");
      // All of ann's, on both.
      const closed = await ask(one, "DELETE /-/connections?sub=ann", await as("x"));
      assertEquals([closed.status, closed.body], [200, '{"closed":2}']);
      for (const each of [ann, far]) {
        assertEquals(await each.closed(), "1008 closed by an operator");
      }
      await told("cy", "dee");
      for (const each of [ann, far, s1, dee, ...watching.map(([w]) => w)]) each[Symbol.dispose]();
    },
  );
}

natsTest("a node that shuts down takes its members with it", async () => {
  await using nats = await natsServers(1);
  const flags = ["--engine", nats.engine, "--secret", SECRET, "--drain", "50ms"];
  await using one = await testService(...flags);
  await ready(one);
  using watcher = await Subscriber.open(one, "/room?presence", await as("watcher"));
  await watcher.json();
  const members = new Set<string>();
  {
    await using other = await testService(...flags);
    await ready(other);
    using ann = await Subscriber.open(other, "/room", await as("ann"));
    await until(watcher, members, ["ann", "watcher"]);
    void ann;
  }
  await until(watcher, members, ["watcher"]);
  assertEquals((await scrape(one)).value("kodama_bus_peers"), 0);
});

natsTest(
  "where NATS does not let nodes talk to each other, that is said, and all else goes on",
  async () => {
    const allowed = `publish: ["k.>", "$JS.API.>", "$JS.FC.>"], subscribe: ["_INBOX.>"]`;
    const user = `{ user: ann, password: "s3cret", permissions: { ${allowed} } }`;
    await using nats = await natsServers(1, `authorization { users: [${user}] }`);
    const engine = nats.engine.replace("://", "://ann:s3cret@");
    await using service = await testService("--engine", engine, "--secret", SECRET);
    await ready(service);
    const why = /^NATS does not let nodes talk to each other on kb: [^\n]+$/;
    await service.log.line(({ fields }) => why.test(String(fields.what)));
    using watcher = await Subscriber.open(service, "/room?presence", await as("ann"));
    await watcher.json();
    assertEquals(await watcher.json(), { presence: "room", members: [{ sub: "ann" }] });
    await ask(service, "POST /room", await as("ann"), "x");
    assertEquals((await watcher.json()).data, "x");
  },
);

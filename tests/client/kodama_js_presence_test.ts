/**
 * kodama.js and who is there: against the service, and against a server that says what it likes.
 */
import { assertEquals } from "@std/assert";
import { type SubscribeOptions } from "../../static/kodama.js";
import { Subscriber } from "../tools/channels.ts";
import { testService } from "../tools/service.ts";
import { SECRET, sign } from "../tools/tokens.ts";
import { Listener } from "./listener.ts";
import { opening, scriptedServer } from "./scripted.ts";

/** What `presence` was told: each time the channel and all who are there. */
class Told {
  readonly lists: [channel: string, members: [string, unknown][]][] = [];
  #look: () => void = () => {};
  readonly presence: SubscribeOptions["presence"] = (members, channel) => {
    this.lists.push([channel, [...members].sort()]);
    this.#look();
  };

  async count(count: number): Promise<void> {
    while (this.lists.length < count) await new Promise<void>((look) => this.#look = look);
  }
}

Deno.test("it tells who is there, who joins and who leaves", async () => {
  await using service = await testService("--secret", SECRET, "--drain", "50ms");
  const url = service.url.replace(/\/$/, "");
  const token = (sub: string, info?: unknown) => sign({ sub, info, r: ["**"] });
  const told = new Told();
  const ann = await token("ann", { name: "Ann" });
  await using listener = new Listener(`${url}/a,b`, { token: ann, presence: told.presence });
  await told.count(2);
  const me: [string, unknown] = ["ann", { name: "Ann" }];
  assertEquals(told.lists.sort(), [["a", [me]], ["b", [me]]]);
  const fields = { Authorization: `Bearer ${await token("bob")}` };
  const bob = await Subscriber.open(service, "/b", fields);
  await told.count(3);
  assertEquals(told.lists[2], ["b", [me, ["bob", undefined]]]);
  bob[Symbol.dispose]();
  await told.count(4);
  assertEquals(told.lists[3], ["b", [me]]);
  assertEquals(listener.messages, []);
});

Deno.test("it takes several who join and leave at once, and a list in place of another", async () => {
  await using server = scriptedServer((it) => {
    it.say(opening("e.0"));
    it.say({ presence: "c", members: [{ sub: "ann", info: 1 }] });
    it.say({ join: [{ sub: "bob" }, { sub: "cy" }], leave: [{ sub: "ann" }], ch: "c" });
    it.say({ join: { sub: "dee" }, ch: "c" });
    it.say({ leave: { sub: "bob" }, ch: "c" });
    it.say({ presence: "c", members: [] });
    it.say({ id: "e.1", ch: "c", data: { join: 1 } });
  });
  const told = new Told();
  await using listener = new Listener(server.url, { presence: told.presence });
  await listener.count(1);
  assertEquals(server.connections[0]!.query.get("presence"), "");
  assertEquals(told.lists.map(([, members]) => members.map(([sub]) => sub).join()), [
    "ann",
    "bob,cy",
    "bob,cy,dee",
    "cy,dee",
    "",
  ]);
  assertEquals(listener.data, [{ join: 1 }]);
});

for (const since of ["last", "-10"]) {
  Deno.test(`since ${since} begins with the newest, and a connection that is made again goes on where it was`, async () => {
    await using server = scriptedServer(
      async (it) => {
        it.say(opening("e.5"));
        it.say({ id: "e.5", ch: "c", data: 5 });
        await it.leave();
        it.close(1001);
      },
      (it) => {
        it.say(opening("e.6"));
        it.say({ id: "e.6", ch: "c", data: 6 });
      },
    );
    await using listener = new Listener(server.url, { since });
    await listener.count(2);
    assertEquals(server.connections.map(({ query }) => query.get("since")), [since, "e.5"]);
    assertEquals(listener.data, [5, 6]);
  });
}

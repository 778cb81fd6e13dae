/**
 * NATS that is gone, cut off, replaced, or another's; and what nodes that share it see of each other.
 */
import { assert, assertEquals, assertMatch, assertNotEquals, assertRejects } from "@std/assert";
import type { LogEngine } from "../../lib/engine/engine.ts";
import { EngineError } from "../../lib/hub/engine.ts";
import { administer, natsServers, natsTest, soon } from "../tools/nats.ts";
import { proxy } from "../tools/proxy.ts";
import { after, draft, publishAll, word } from "../../lib/testing/engine_suite.ts";
import { beginNatsEngine, Ear, openNatsEngine, reachable } from "./nats_engine.ts";

/** Lets an engine tell, and writes it down. */
function ear(engine: LogEngine): Ear {
  const made = new Ear();
  engine.listen(made);
  return made;
}

/** Resolves when an engine cannot be reached any more. */
function gone(engine: LogEngine): Promise<void> {
  return soon("end of it", () => Promise.resolve(engine.unreachable !== undefined));
}

const all = { from: "all" } as const;

natsTest(
  "nodes that share a stream give the same ids, the same history and the same receipts",
  async () => {
    await using nats = await natsServers(1);
    const one = await openNatsEngine(nats), other = await openNatsEngine(nats);
    const heard = ear(other);
    const [first] = await publishAll(one, "a:1");
    const keyed = await one.publish(draft("a", "2"), 34, "key");
    const [third] = await publishAll(other, "b:3");
    await heard.hears("b:3 3");
    assertEquals(heard.heard, ["a:1 1", "a:2 2", "b:3 3"]);
    // It has no subscribers of its own, and answers with those that there were.
    assertEquals(await other.publish(draft("a", "again"), 0, "key"), { ...keyed, replayed: true });
    const late = await openNatsEngine(nats);
    assertEquals(await late.publish(draft("a", "again"), 0, "key"), { ...keyed, replayed: true });
    for (const engine of [one, other, late]) {
      const { open, lost, messages } = await engine.history(["a", "b"], after(first!));
      assertEquals([open, lost.size, messages.map(word)], [third, 0, ["a:2", "b:3"]]);
    }
    // At once on many nodes, it is published once.
    const receipts = await Promise.all(
      [one, other, late].map((engine, i) => engine.publish(draft("a", "4"), i, "other key")),
    );
    assertEquals(new Set(receipts.map(({ id, subscribers }) => `${id} ${subscribers}`)).size, 1);
    assertEquals(receipts.filter(({ replayed }) => !replayed).length, 1);
    await Promise.all([one, other, late].map((engine) => engine.close()));
  },
);

natsTest("a cursor that another node gave a moment ago is never unknown", async () => {
  await using nats = await natsServers(1);
  const one = await openNatsEngine(nats), other = await openNatsEngine(nats);
  for (let i = 0; i < 200; i++) {
    const { id } = await one.publish(draft("a", String(i)), 0);
    const { lost, messages } = await other.history(["a"], after(id));
    assertEquals([[...lost], messages.length], [[], 0]);
  }
  // One that nobody can have given is, and at once.
  const [epoch] = (await one.history([], undefined)).open.split(".");
  const began = performance.now();
  const { lost } = await other.history(["a"], after(`${epoch}.1000`));
  assertEquals([...lost], [["a", "unknown"]]);
  assert(performance.now() - began < 900);
  await Promise.all([one.close(), other.close()]);
});

natsTest(
  "a channel's name is one subject, whatever is in it, and what others publish there is read as it is",
  async () => {
    await using nats = await natsServers(1);
    const engine = await openNatsEngine(nats);
    const names = ["a.b", "a/b", "a", "~@:=!-._", "x".repeat(255), "a..b", ".a", "a."];
    for (const name of names) await engine.publish(draft(name, name), 0);
    await administer(nats.engine, async (jsm) => {
      const js = jsm.jetstream();
      await js.publish("k.theirs", "text");
      await js.publish("k.theirs", new Uint8Array([0xff]));
      await js.publish("k.no.channel", "skipped");
    });
    const last = await engine.publish(draft("last"), 0);
    assertMatch(last.id, new RegExp(`\\.${names.length + 4}$`));
    const { messages } = await engine.history([...names, "theirs"], all);
    assertEquals(messages.map((m) => m.channel), [...names, "theirs", "theirs"]);
    assertEquals(
      messages.slice(0, -2).map((m) => m.channel),
      messages.slice(0, -2).map((m) => new TextDecoder().decode(m.body)),
    );
    assertEquals(messages.slice(-2).map((m) => m.kind), ["text", "binary"]);
    await engine.close();
  },
);

natsTest("an engine begins without NATS, refuses, and goes on when it is there", async () => {
  await using nats = await natsServers(1);
  const [server] = nats.servers;
  const before = await openNatsEngine(nats);
  const [id] = await publishAll(before, "a:1");
  await before.close();
  await server!.kill();
  const engine = beginNatsEngine(nats), heard = ear(engine);
  await assertRejects(() => engine.publish(draft("a"), 0), EngineError, "not connected yet");
  await soon("refusal", () => Promise.resolve(heard.heard.length > 0));
  assertMatch(heard.heard[0]!, /^NATS at nats:\/\/127\.0\.0\.1:\d+ cannot be reached: .*refused/);
  await server!.start();
  await heard.hears("reachable");
  // Said once, however often it was tried.
  assertEquals(heard.heard.slice(1), ["lost epoch", "reachable"]);
  const { lost, messages } = await engine.history(["a"], all);
  assertEquals([lost.size, messages.map((m) => m.id)], [0, [id]]);
  await engine.close();
});

natsTest(
  "a server that is killed: publishes are refused, and whoever listens misses nothing when it is back",
  async () => {
    await using nats = await natsServers(1);
    const [server] = nats.servers;
    const one = await openNatsEngine(nats), other = await openNatsEngine(nats);
    const heard = ear(other);
    const [first] = await publishAll(one, "a:1", "a:2");
    await heard.hears("a:2 2");
    await server!.kill();
    await Promise.all([gone(one), gone(other)]);
    const refused = await assertRejects(() => one.publish(draft("a"), 0), EngineError);
    assertEquals([refused.uncertain, refused.reason], [false, one.unreachable]);
    // What is remembered is there meanwhile.
    assertEquals((await one.history(["a"], after(first!))).messages.map(word), ["a:2"]);
    await server!.start();
    await Promise.all([reachable(one), reachable(other)]);
    await publishAll(one, "a:3");
    await heard.hears("a:3 3");
    const why = heard.heard.filter((text) => text.startsWith("NATS at"));
    assertEquals(why.length, 1);
    assertEquals(heard.heard, ["a:1 1", "a:2 2", why[0], "reachable", "a:3 3"]);
    await Promise.all([one.close(), other.close()]);
  },
);

natsTest(
  "a connection that passes nothing: it is uncertain what was published, and then known",
  async () => {
    await using nats = await natsServers(1);
    await using between = proxy(nats.servers[0]!.port);
    const far = await openNatsEngine({ engine: `nats://127.0.0.1:${between.port}` });
    const near = await openNatsEngine(nats);
    const heard = ear(far);
    await publishAll(far, "a:1");
    between.hold();
    const began = performance.now();
    const error = await assertRejects(() => far.publish(draft("a", "2"), 1, "key"), EngineError);
    assertEquals([error.uncertain, performance.now() - began < 4000], [true, true]);
    await publishAll(near, "a:3");
    // It notices by itself, connects anew, and has what came meanwhile.
    await gone(far);
    await heard.hears("a:3 2");
    await reachable(far);
    // The proxy has passed nothing, so it was not published: the same key does.
    const again = await far.publish(draft("a", "2"), 1, "key");
    assertEquals(again.replayed, false);
    await heard.hears("a:2 3");
    assertEquals(heard.heard.filter((text) => text.startsWith("a:")), ["a:1 1", "a:3 2", "a:2 3"]);
    await Promise.all([far.close(), near.close()]);
  },
);

natsTest(
  "a publish whose acknowledgement is lost is found when the node is back, under its key",
  async () => {
    await using nats = await natsServers(1);
    await using between = proxy(nats.servers[0]!.port);
    const far = await openNatsEngine({ engine: `nats://127.0.0.1:${between.port}` });
    between.deaf = true;
    const published = far.publish(draft("a", "1"), 7, "key");
    const error = await assertRejects(() => published, EngineError);
    assertEquals(error.uncertain, true);
    await gone(far);
    between.deaf = false;
    await reachable(far);
    const [epoch] = (await far.history([], undefined)).open.split(".");
    assertEquals(await far.publish(draft("a", "1"), 0, "key"), {
      id: `${epoch}.1`,
      subscribers: 7,
      replayed: true,
    });
    await far.close();
  },
);

natsTest("a consumer that is taken away without a word is made anew within seconds", async () => {
  await using nats = await natsServers(1);
  const engine = await openNatsEngine(nats);
  await publishAll(engine, "a:1");
  await administer(nats.engine, async (jsm) => {
    for (const { name } of await jsm.consumers.list("kodama").next()) {
      await jsm.consumers.delete("kodama", name);
    }
    await jsm.jetstream().publish("k.a", "2");
  });
  const heard = ear(engine);
  await heard.hears("a:2 2");
  assertEquals(heard.heard, ["a:2 2"]);
  assertEquals((await engine.stats()).log?.anew, 1);
  await engine.close();
});

for (const others of [0, 5]) {
  natsTest(
    `a stream that is deleted and made anew with ${others} messages is another life, before anything of it is told`,
    async () => {
      await using nats = await natsServers(1);
      const engine = await openNatsEngine(nats), heard = ear(engine);
      const ids = await publishAll(engine, "a:1", "a:2");
      await administer(nats.engine, async (jsm) => {
        const { config } = await jsm.streams.info("kodama");
        await jsm.streams.delete("kodama");
        if (others === 0) return;
        await jsm.streams.add({ ...config, metadata: {} });
        for (let i = 0; i < others; i++) await jsm.jetstream().publish("k.a", "x");
      });
      // While it is not there, nobody takes what is published.
      if (others === 0) {
        const error = await assertRejects(() => engine.publish(draft("a"), 0), EngineError);
        assertEquals(error.uncertain, false);
      }
      await heard.hears("lost epoch");
      await reachable(engine);
      await publishAll(engine, "a:3", "a:4", "a:5");
      const { open, lost, messages } = await engine.history(["a"], after(ids[1]!));
      assertNotEquals(open.split(".")[0], ids[0]!.split(".")[0]);
      assertEquals([lost.get("a"), messages.length], ["epoch", others + 3]);
      const told = heard.heard.slice(0, heard.heard.indexOf("lost epoch"));
      assertEquals(told.filter((text) => text.startsWith("a:")), ["a:1 1", "a:2 2"]);
      await engine.close();
    },
  );
}

natsTest(
  "a cursor of a later life is not called one of another: the node looks, and begins anew",
  async () => {
    await using nats = await natsServers(1);
    const one = await openNatsEngine(nats), heard = ear(one);
    await publishAll(one, "a:1");
    await administer(nats.engine, (jsm) => jsm.streams.delete("kodama"));
    const other = await openNatsEngine(nats);
    const [id] = await publishAll(other, "a:2");
    const error = await assertRejects(() => one.history(["a"], after(id!)), EngineError);
    assertEquals([error.reason, error.uncertain], ["the stream has been made anew", false]);
    await heard.hears("lost epoch");
    await reachable(one);
    const { lost, messages } = await one.history(["a"], after(id!));
    assertEquals([lost.size, messages.length], [0, 0]);
    await Promise.all([one.close(), other.close()]);
  },
);

/** Lets a server lose what it took since the copy was made. */
async function loseSince(
  server: { folder: string; kill(): Promise<void>; start(): Promise<void> },
) {
  await server.kill();
  await Deno.remove(server.folder, { recursive: true });
  await Deno.rename(`${server.folder}.copy`, server.folder);
}

/** Copies what a server has written. */
async function copy(server: { folder: string }): Promise<void> {
  const { success } = await new Deno.Command("cp", {
    args: ["-r", server.folder, `${server.folder}.copy`],
  }).output();
  assert(success);
}

const losses: [what: string, others: number][] = [
  ["fewer messages", 0],
  ["other messages at the same numbers", 2],
  ["other messages at the same numbers, and more", 5],
];
for (const [what, others] of losses) {
  natsTest(`a server that comes back with ${what} is another life, for all nodes`, async () => {
    await using nats = await natsServers(1);
    const server = nats.servers[0]!;
    await using between = proxy(server.port);
    const engine = `nats://127.0.0.1:${between.port}`;
    await (await openNatsEngine({ engine })).close();
    // What is in its files now is all that it will have.
    await server.kill();
    await copy(server);
    await server.start();
    const one = await openNatsEngine({ engine }), other = await openNatsEngine({ engine });
    const heard = ear(one), heardOther = ear(other);
    const [, last] = await publishAll(one, "a:1", "a:2");
    between.refuse = true;
    between.cut();
    await Promise.all([gone(one), gone(other)]);
    await loseSince(server);
    await server.start();
    // Somebody is back earlier than they are.
    await administer(nats.engine, async (jsm) => {
      for (let i = 0; i < others; i++) await jsm.jetstream().publish("k.a", "x");
    });
    between.refuse = false;
    await Promise.all([heard.hears("lost epoch"), heardOther.hears("lost epoch")]);
    await Promise.all([reachable(one), reachable(other)]);
    await publishAll(one, "a:4");
    await heardOther.hears(`a:4 ${others + 1}`);
    const { open, lost, messages } = await other.history(["a"], after(last!));
    assertEquals([lost.get("a"), messages.length], ["epoch", others + 1]);
    assertNotEquals(open.split(".")[0], last!.split(".")[0]);
    // Nothing of the other life was told before it was said.
    const told = heard.heard.slice(
      heard.heard.indexOf("a:2 2") + 1,
      heard.heard.indexOf("lost epoch"),
    );
    assertEquals(told.filter((text) => text.startsWith("a:")), []);
    await Promise.all([one.close(), other.close()]);
  });
}

natsTest(
  "a node that was cut off for longer than the stream remembers is told so, and what is left",
  async () => {
    await using nats = await natsServers(1);
    await using between = proxy(nats.servers[0]!.port);
    const far = await openNatsEngine({ engine: `nats://127.0.0.1:${between.port}` }, {
      historyBytes: 0,
    });
    const near = await openNatsEngine(nats, { historyBytes: 0 });
    const heard = ear(far);
    const [id] = await publishAll(far, "a:1");
    between.refuse = true;
    between.cut();
    await gone(far);
    const body = new Uint8Array(1_000_000);
    for (let i = 0; i < 20; i++) await near.publish({ channel: "b", kind: "binary", body }, 0);
    await publishAll(near, "a:last");
    between.refuse = false;
    await reachable(far);
    const [, , lost, ...rest] = heard.heard;
    assertEquals(lost, "lost expired");
    // The newest 16 MiB, in order, up to the last.
    const numbers = rest.filter((text) => /^[ab]:/.test(text)).map((text) =>
      Number(/\d+$/.exec(text))
    );
    assert(numbers.length > 10 && numbers[0]! > 2);
    assertEquals(numbers, Array.from(numbers, (_, i) => numbers[0]! + i));
    assertEquals(numbers.at(-1), 22);
    assertEquals((await far.history(["a"], after(id!))).lost.get("a"), "expired");
    await Promise.all([far.close(), near.close()]);
  },
);

natsTest(
  "what is larger than NATS takes is refused as such, and one byte less is taken",
  async () => {
    await using nats = await natsServers(1, "max_payload: 65536");
    const engine = await openNatsEngine(nats);
    const publish = (size: number) =>
      engine.publish(
        { channel: "a", kind: "binary", body: new Uint8Array(size) },
        0,
        "k".repeat(128),
      );
    const error = await assertRejects(() => publish(65536 - 512 + 1), EngineError);
    assertEquals([error.tooLarge, error.uncertain], [true, false]);
    assertEquals((await publish(65536 - 512)).replayed, false);
    await engine.close();
  },
);

/** Why an engine is refused, once it is. */
async function refusal(choice: Parameters<typeof beginNatsEngine>[0]): Promise<string> {
  const engine = beginNatsEngine(choice), heard = ear(engine);
  await soon("refusal", () => Promise.resolve(heard.heard.length > 0));
  await engine.close();
  return heard.heard[0]!;
}

natsTest("a stream that is somebody else's is left as it is, with a clear line", async () => {
  await using nats = await natsServers(1);
  await administer(
    nats.engine,
    (jsm) => jsm.streams.add({ name: "theirs", subjects: ["orders.>"] }),
  );
  assertEquals(
    await refusal({ ...nats, stream: "theirs" }),
    'the stream theirs is not Kodama\'s: its subjects is ["orders.>"], and must be ["k-theirs.>"]',
  );
  assertMatch(
    await refusal({ ...nats, replicas: 3 }),
    /^NATS refuses the stream kodama as it is wanted: .*replicas/,
  );
});

natsTest("a stream that differs is changed, and what it has stays", async () => {
  await using nats = await natsServers(1);
  const one = await openNatsEngine(nats);
  const [id] = await publishAll(one, "a:1");
  await one.close();
  const hour = 3_600_000;
  const other = await openNatsEngine(nats, { historyAge: hour, historyBytes: 99 << 20 });
  assertEquals((await other.history(["a"], all)).messages.map((m) => m.id), [id]);
  await administer(nats.engine, async (jsm) => {
    const { config } = await jsm.streams.info("kodama");
    assertEquals([config.max_age, config.max_bytes], [hour * 1e6, 99 << 20]);
    assertEquals([config.deny_delete, config.deny_purge, config.duplicate_window], [
      true,
      true,
      600e9,
    ]);
    assertEquals([config.max_msgs_per_subject, config.discard, config.storage], [
      -1,
      "old",
      "file",
    ]);
  });
  await other.close();
});

natsTest("who comes is in the URL, is refused where it is wrong, and is never shown", async () => {
  await using nats = await natsServers(1, 'authorization { user: ann, password: "p@ss:word" }');
  const where = nats.engine.slice("nats://".length);
  const shown = `NATS at nats://${where} refuses the credentials`;
  assertEquals(await refusal({ engine: `nats://ann:secret@${where}` }), shown);
  assertEquals(await refusal(nats), shown);
  const engine = await openNatsEngine({ engine: `nats://ann:p%40ss:word@${where}` });
  await publishAll(engine, "a:1");
  await engine.close();
});

Deno.test("a server older than 2.11 is refused, with what it is", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const serving = (async () => {
    for await (const conn of listener) {
      const info = { server_id: "x", version: "2.10.29", proto: 1, headers: true, max_payload: 99 };
      await conn.write(new TextEncoder().encode(`INFO ${JSON.stringify(info)}\r\n`));
      await conn.read(new Uint8Array(4096));
      await conn.write(new TextEncoder().encode("PONG\r\n"));
      while (await conn.read(new Uint8Array(4096)) !== null);
      conn.close();
    }
  })();
  assertEquals(
    await refusal({ engine: `nats://127.0.0.1:${port}` }),
    "NATS is 2.10.29, and must be 2.11 or later",
  );
  listener.close();
  await serving;
});

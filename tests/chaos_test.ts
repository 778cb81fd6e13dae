/** Everything at once: `deno task chaos --seed …` plays a run again, and longer ones. */
import { assertEquals, assertGreater } from "@std/assert";
import { runCluster } from "./chaos/cluster.ts";
import { KILL_LIMITS, runKills } from "./chaos/kill.ts";
import { runPresence } from "./chaos/presence.ts";
import { MortalServer } from "./chaos/process.ts";
import { MEMORIES, newSeed, runChaos } from "./chaos/run.ts";
import { ask } from "./tools/channels.ts";
import { channelTest, tried } from "./tools/engines.ts";
import { natsServers, natsTest, soon } from "./tools/nats.ts";
import { testService } from "./tools/service.ts";
import { SECRET } from "./tools/tokens.ts";

const MESSAGES = 20_000;

for (const { what, share, gaps, ...memory } of MEMORIES) {
  channelTest(
    `subscribers that are cut off anywhere miss nothing that they are not told of: ${what}`,
    async (start) => {
      const seed = newSeed();
      const result = await runChaos({
        start,
        seed,
        messages: MESSAGES * share,
        subscribers: 50,
        deadline: 120_000,
        ...memory,
      });
      // The run was one of the kind that it was meant to be.
      const said = `seed ${seed}: ${JSON.stringify(result)}`;
      assertGreater(result.sessions, 200, said);
      if (gaps) assertGreater(result.gaps, 50, said);
      else assertEquals(result.gaps, 0, said);
    },
    false,
  );
}

for (const engine of tried) {
  Deno.test(`a server that is killed under load tells the truth when it is back, and has what it keeps [${engine.name}]`, async () => {
    const seed = newSeed();
    const result = await runKills({
      ...KILL_LIMITS,
      engine,
      seed,
      messages: 2000,
      kills: 2,
      subscribers: 20,
      deadline: 120_000,
    });
    const said = `seed ${seed}: ${JSON.stringify(result)}`;
    assertGreater(result.killed + result.ended, 0, said);
    if (!engine.survives) assertGreater(result.lives, 1, said);
    assertGreater(result.gaps, 0, said);
  });
}

natsTest(
  "two nodes on three servers of NATS, of which each fails, miss nothing untold, and the stream may go",
  async () => {
    const seed = newSeed();
    const result = await runCluster({
      seed,
      faults: ["leader", "between", "node", "stream"],
      subscribers: 10,
      deadline: 120_000,
    });
    const said = `seed ${seed}: ${JSON.stringify(result)}`;
    // Some publishes fell into each of the faults.
    assertGreater(result.acknowledged, 100, said);
    assertGreater(result.refused, 0, said);
    assertGreater(result.gaps, 0, said);
  },
);

for (const workers of Deno.env.get("TEST_THREADS") === "off" ? ["1"] : ["1", "2"]) {
  Deno.test(`who is there adds up, whoever comes and goes in whatever way [${workers === "1" ? "memory" : "memory, 2 workers"}]`, async () => {
    const seed = newSeed();
    const flags = ["--secret", SECRET, "--drain", "50ms", "--workers", workers];
    await using service = await testService(...flags);
    const result = await runPresence({ seed, places: [service], steps: 60 });
    assertGreater(result.left, 50, `seed ${seed}: ${JSON.stringify(result)}`);
  });
}

natsTest("who is there adds up over two nodes, of which one is killed", async () => {
  const seed = newSeed(), folder = await Deno.makeTempDir();
  await using nats = await natsServers(1);
  const flags = ["--engine", nats.engine, "--secret", SECRET, "--drain", "0s"];
  const nodes = [1, 2].map(() => new MortalServer(flags, folder));
  try {
    await Promise.all(nodes.map((node) => node.start()));
    for (const node of nodes) {
      await soon("readiness", async () => (await ask(node, "GET /-/ready")).status === 200);
    }
    const kill = async () => {
      await nodes[0]!.end("SIGKILL");
      return nodes[0]!;
    };
    const result = await runPresence({ seed, places: nodes, steps: 60, kill });
    assertGreater(result.left, 20, `seed ${seed}: ${JSON.stringify(result)}`);
  } finally {
    for (const node of nodes) await node.end("SIGKILL");
    await Deno.remove(folder, { recursive: true });
  }
});

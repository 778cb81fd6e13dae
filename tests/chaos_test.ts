/** Everything at once: `deno task chaos --seed …` plays a run again, and longer ones. */
import { assertEquals, assertGreater } from "@std/assert";
import { runCluster } from "./chaos/cluster.ts";
import { KILL_LIMITS, runKills } from "./chaos/kill.ts";
import { MEMORIES, newSeed, runChaos } from "./chaos/run.ts";
import { channelTest, tried } from "./tools/engines.ts";
import { natsTest } from "./tools/nats.ts";

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

/**
 * Longer runs of what `tests/chaos_test.ts` does:
 *
 *     deno task chaos --seed 7 --messages 1000000
 *     deno task chaos --kill 40 --messages 40000 [--engine "SQLite, 2 workers"]
 *
 * With `--kill` the server is a process of its own, and is ended so often, with each engine. Otherwise each round of
 * 20,000 has a seed of its own, the one after the last. Without a seed, one is taken at random.
 * @module
 */
import { parseArgs } from "node:util";
import { ENGINES } from "../tools/engines.ts";
import { KILL_LIMITS, runKills } from "./kill.ts";
import { MEMORIES, newSeed, runChaos } from "./run.ts";

/** Messages of one round, over all memories. */
const ROUND = 20_000;
const SUBSCRIBERS = 50;

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    messages: { type: "string", default: String(ROUND) },
    kill: { type: "string", default: "0" },
    engine: { type: "string" },
  },
});
const first = Number(values.seed ?? newSeed());
const messages = Number(values.messages), kills = Number(values.kill);
for (const number of [first, messages - 1, kills]) {
  if (!Number.isSafeInteger(number) || number < 0) {
    throw new TypeError("--seed, --messages and --kill are whole numbers");
  }
}
if (kills > 0) await withKills();
else await withCuts();

async function withCuts(): Promise<void> {
  for (let round = 0; round * ROUND < messages; round++) {
    const seed = first + round, count = Math.min(ROUND, messages - round * ROUND);
    console.log(`--seed ${seed} --messages ${count}`);
    for (const { what, share, gaps: _, ...memory } of MEMORIES) {
      const began = performance.now();
      const result = await runChaos({
        ...memory,
        seed,
        messages: Math.ceil(count * share),
        subscribers: SUBSCRIBERS,
        deadline: 300_000,
      });
      const { published, delivered, sessions, gaps } = result;
      const time = Math.round(performance.now() - began);
      console.log(
        `  ${what}: ${published} published, ${delivered} delivered over ${sessions} connections, ` +
          `${gaps} gaps told, ${time} ms`,
      );
    }
  }
}

async function withKills(): Promise<void> {
  const engines = ENGINES.filter(({ name }) => name === (values.engine ?? name));
  if (engines.length === 0) {
    throw new TypeError(`--engine is one of ${ENGINES.map(({ name }) => name).join("; ")}`);
  }
  console.log(`--seed ${first} --messages ${messages} --kill ${kills}`);
  for (const engine of engines) {
    const began = performance.now();
    const result = await runKills({
      ...KILL_LIMITS,
      engine,
      kills,
      seed: first,
      messages,
      subscribers: SUBSCRIBERS,
      deadline: 60_000 + kills * 10_000 + messages * 10,
    });
    const { published, delivered, sessions, gaps, killed, ended, lives } = result;
    const time = Math.round(performance.now() - began);
    console.log(
      `  ${engine.name}: ${published} published, ${delivered} delivered over ${sessions} ` +
        `connections, ${gaps} gaps told, ${killed} times killed, ${ended} times ended in order, ` +
        `${lives} lives, ${time} ms`,
    );
  }
}

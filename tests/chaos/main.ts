/**
 * Longer runs of what `tests/chaos_test.ts` does:
 *
 *     deno task chaos --seed 7 --messages 1000000
 *
 * Each round of 20,000 has a seed of its own, the one after the last. Without a seed, one is taken at random.
 * @module
 */
import { parseArgs } from "node:util";
import { MEMORIES, newSeed, runChaos } from "./run.ts";

/** Messages of one round, over all memories. */
const ROUND = 20_000;

const { values } = parseArgs({
  options: { seed: { type: "string" }, messages: { type: "string", default: String(ROUND) } },
});
const first = Number(values.seed ?? newSeed());
const messages = Number(values.messages);
if (!Number.isSafeInteger(first) || !Number.isSafeInteger(messages) || messages < 1) {
  throw new TypeError("--seed and --messages are whole numbers");
}
for (let round = 0; round * ROUND < messages; round++) {
  const seed = first + round, count = Math.min(ROUND, messages - round * ROUND);
  console.log(`--seed ${seed} --messages ${count}`);
  for (const { what, share, gaps: _, ...memory } of MEMORIES) {
    const began = performance.now();
    const result = await runChaos({
      ...memory,
      seed,
      messages: Math.ceil(count * share),
      subscribers: 50,
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

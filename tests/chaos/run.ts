/**
 * One run: subscribers and publishers whose connections are cut, and afterwards everybody is asked.
 * @module
 */
import { within } from "../tools/raw.ts";
import type { StartService } from "../tools/engines.ts";
import { testService } from "../tools/service.ts";
import { type ChaosResult, Crowd, type CrowdOptions, limitsOf } from "./crowd.ts";
import { Progress } from "./progress.ts";
import { Random } from "./random.ts";
import { Witness } from "./witness.ts";

/** What a run is made of. */
export interface ChaosOptions extends CrowdOptions {
  /** Decides everything but the order in which sockets become ready. */
  seed: number;
  /** For all of it, in ms. */
  deadline: number;
  /** Starts the service. Default: with memory, in one thread. */
  start?: StartService;
}

/** Three kinds of memory, each with its share of all messages. */
export const MEMORIES = [
  {
    what: "with memory for all of it",
    share: 0.2,
    gaps: false,
    history: 1_000_000,
    historyBytes: 2 ** 30,
  },
  {
    what: "with memory for a few messages of each channel",
    share: 0.4,
    gaps: true,
    history: 8,
    historyBytes: 2 ** 26,
  },
  {
    what: "with so little memory that whole channels are forgotten",
    share: 0.4,
    gaps: true,
    history: 100,
    historyBytes: 100_000,
  },
];

/** A seed that nobody chose. */
export function newSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0]!;
}

const PUBLISHERS = ["http", "http", "ws", "ws"] as const;

/**
 * Runs it.
 * @throws {Error} If anybody was told anything else than they must have been; it names the seed.
 */
export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const progress = new Progress();
  try {
    return await within(options.deadline, "the run", run(options, progress));
  } catch (error) {
    throw new Error(`seed ${options.seed}, ${options.messages} messages`, { cause: error });
  } finally {
    progress.end();
  }
}

async function run(options: ChaosOptions, progress: Progress): Promise<ChaosResult> {
  const random = new Random(options.seed);
  const { start = testService } = options;
  await using service = await start(...limitsOf(options));
  const witness = new Witness(service.port, progress);
  await witness.connect();
  const crowd = new Crowd(options, PUBLISHERS, service.port, random, progress);
  await crowd.publishing;
  await crowd.finish(witness);
  const faults = service.log.lines.filter((line) => line.level === "error");
  if (faults.length > 0) throw new Error(`faults: ${JSON.stringify(faults[0])}`);
  const result = await crowd.check(witness.lives, options);
  const codes = crowd.closeCodes.filter((code) => code !== 1013);
  if (codes.length > 0) throw new Error(`closed with ${codes}`);
  return result;
}

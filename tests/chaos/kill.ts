/**
 * One run against a server that is killed under load, with `kill -9` mostly, and started again: what was acknowledged is
 * there, once and in order, where it is kept on the disk; where it is not, everybody is told.
 * @module
 */
import type { EngineChoice } from "../tools/engines.ts";
import { within } from "../tools/raw.ts";
import { type ChaosResult, Crowd, limitsOf } from "./crowd.ts";
import { MortalServer } from "./process.ts";
import { Progress } from "./progress.ts";
import { Random } from "./random.ts";
import type { ChaosOptions } from "./run.ts";
import { Witness } from "./witness.ts";

/** What a run is made of. */
export interface KillOptions extends ChaosOptions {
  /** How the server keeps messages. */
  engine: EngineChoice;
  /** How often it is ended. */
  kills: number;
}

/** What came of it. */
export interface KillResult extends ChaosResult {
  /** How often it was killed, and how often ended in order. */
  killed: number;
  ended: number;
  /** Lives of what it remembers. */
  lives: number;
}

const PUBLISHERS = ["http", "http", "plain", "ws", "ws"] as const;
/** How often it ends in order, and how often it is killed again as it starts. */
const ORDERLY = 0.25, AGAIN = 0.2;
/** Latest moment of a start at which it is killed, in ms. */
const STARTING = 400;
/** Latest moment after a message at which it is killed, in ms. */
const LATER = 20;
/** Codes that somebody may be closed with: the witness must not be too slow on a busy machine, so nobody is. */
const CODES = [1001];

/** What is remembered: enough for whoever comes back at once, too little for who stays away. */
export const KILL_LIMITS = { history: 100, historyBytes: 2 ** 26 };

/**
 * Runs it.
 * @throws {Error} If anything is missing, twice, out of order, or wrongly told; it names the seed.
 */
export async function runKills(options: KillOptions): Promise<KillResult> {
  const { seed, messages, kills, engine, deadline } = options;
  const progress = new Progress(true);
  const folder = await Deno.makeTempDir();
  const flags = [
    ...[...limitsOf(options), "--max-buffered", "64MiB", "--drain", "300ms"],
    ...engine.flags(folder),
  ];
  const server = new MortalServer(flags, folder);
  try {
    return await within(deadline, "the run", run(options, server, progress));
  } catch (error) {
    const what = `seed ${seed}, ${messages} messages, ${kills} kills, ${engine.name}`;
    throw new Error(`${what}; it said: ${server.errors}`, { cause: error });
  } finally {
    progress.end();
    await server.end("SIGKILL");
    await Deno.remove(folder, { recursive: true });
  }
}

async function run(
  options: KillOptions,
  server: MortalServer,
  progress: Progress,
): Promise<KillResult> {
  const { engine, kills, messages } = options;
  const random = new Random(options.seed);
  await server.start();
  const witness = new Witness(server.port, progress);
  await witness.connect();
  const crowd = new Crowd(options, PUBLISHERS, server.port, random, progress);
  const reaper = random.fork();
  let killed = 0, ended = 0;
  const reaping = async () => {
    for (let left = kills; left > 0; left--) {
      await progress.more(reaper.between(1, Math.max(1, Math.floor(1.5 * messages / kills))));
      // Not as soon as something has been delivered, which is just after it was kept.
      await pause(reaper.between(0, LATER));
      if (progress.calm) return;
      progress.down();
      const orderly = reaper.chance(ORDERLY);
      if (orderly) ended++;
      else killed++;
      await server.end(orderly ? "SIGTERM" : "SIGKILL");
      for (; reaper.chance(AGAIN); killed++) {
        await server.startInVain(reaper.between(0, STARTING));
      }
      await server.start();
      await witness.connect();
      progress.up();
    }
  };
  const reaped = reaping();
  await Promise.race([crowd.publishing, reaped.then(() => crowd.publishing)]);
  progress.calmDown();
  await reaped;
  await crowd.finish(witness);
  await server.end("SIGTERM");
  if (server.errors !== "") throw new Error("it said what it should not have to say");
  const result = await crowd.check(witness.lives, options);
  const lives = witness.lives.length;
  if (engine.survives && lives > 1) throw new Error(`${lives} lives, where one is kept`);
  const codes = crowd.closeCodes.filter((code) => !CODES.includes(code));
  if (codes.length > 0) throw new Error(`closed with ${codes}`);
  return { ...result, killed, ended, lives };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

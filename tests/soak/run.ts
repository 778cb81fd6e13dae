/**
 * A soak: round after round against one server, which must hold as much after each as after the first.
 * @module
 */
import { MortalServer } from "../chaos/process.ts";
import { Random } from "../chaos/random.ts";
import { ask, post } from "../tools/channels.ts";
import { soon } from "../tools/nats.ts";
import { median, rise } from "./drift.ts";
import { gauge, type Held } from "./gauge.ts";
import { Resident } from "./resident.ts";
import { type Played, playRound, SOAK_LIMITS } from "./round.ts";

/** What a soak is made of. */
export interface SoakOptions {
  /** Flags of the server, besides its port and {@linkcode SOAK_LIMITS}. */
  flags: string[];
  /** What it may write to. */
  folder: string;
  /** How long rounds are begun, in ms; at least one is played. */
  ms: number;
  /** How long clients come and go in each, in ms. */
  round: number;
  /** Decides who does what, but not when. */
  seed: number;
  /** Told of each round. */
  told?: (row: Row) => void;
}

/** What is known after a round. */
export interface Row extends Held, Played {}

/** For a message to reach who stays, in ms. */
const PATIENCE = 30_000;
/** Most that memory may rise over the second half, of its median. */
const MEMORY = 0.05;
/** Most that the CPU that it takes to do nothing may rise over the second half, in ms a second. */
const IDLE = 5;

/**
 * Runs it.
 * @throws {Error} If something was lost untold, repeated or out of order, if something was not given back, if memory or the CPU
 * of an idle server rises, or if the server said that something is wrong.
 */
export async function runSoak(options: SoakOptions): Promise<Row[]> {
  const server = new MortalServer([...options.flags, ...SOAK_LIMITS], options.folder);
  await server.start();
  try {
    const rows = await play(server, options);
    await server.end("SIGTERM");
    if (server.errors !== "") throw new Error(`it said: ${server.errors}`);
    check(rows);
    return rows;
  } catch (error) {
    await server.end("SIGKILL");
    throw new Error(`seed ${options.seed}; it said: ${server.errors}`, { cause: error });
  }
}

async function play(server: MortalServer, options: SoakOptions): Promise<Row[]> {
  const random = new Random(options.seed), rows: Row[] = [];
  await soon("readiness", async () => (await ask(server, "GET /-/ready")).status === 200);
  const began = performance.now();
  using resident = new Resident(server.port, "soak/resident");
  await resident.next(PATIENCE);
  const total: Played = { acknowledged: 0, delivered: 0, sessions: 0, gaps: 0 };
  let files: number | undefined;
  do {
    const round = rows.length;
    const played = await playRound(server.port, options.round, round, random.fork());
    for (const key of Object.keys(total) as (keyof Played)[]) total[key] += played[key];
    const { id } = await post(server, "soak/resident", `${round}`);
    const heard = await resident.next(PATIENCE);
    if (heard.id !== id || heard.data !== `${round}`) throw new Error(`it heard ${heard.data}`);
    const held = await gauge(server, 1, files);
    files ??= held.files;
    rows.push({ minute: (performance.now() - began) / 60_000, ...held, ...total });
    options.told?.(rows.at(-1)!);
  } while (performance.now() - began < options.ms);
  return rows;
}

/**
 * Holds the curves to being flat; too short ones say nothing.
 * @throws {Error} If one is not.
 */
export function check(rows: readonly Held[]): void {
  const memory = rise(rows.map(({ minute, memory }) => ({ at: minute, value: memory })));
  const idle = rise(rows.map(({ minute, idle }) => ({ at: minute, value: idle })));
  const most = MEMORY * median(rows.map((row) => row.memory));
  if (memory !== undefined && memory > most) {
    throw new Error(`memory rises by ${memory.toFixed(1)} MiB, over ${most.toFixed(1)}`);
  }
  if (idle !== undefined && idle > IDLE) {
    throw new Error(`the CPU of an idle server rises by ${idle.toFixed(1)} ms/s, over ${IDLE}`);
  }
}

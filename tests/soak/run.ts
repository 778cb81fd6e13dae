/**
 * A soak: round after round against one server, which must hold as much after each as after the first.
 * @module
 */
import { MortalServer } from "../chaos/process.ts";
import { Random } from "../chaos/random.ts";
import { ask, post } from "../tools/channels.ts";
import { soon } from "../tools/nats.ts";
import { freePorts } from "../tools/ports.ts";
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
/**
 * Files that each thread opens once it has read so often that it reads in turns, be that in the first round or later: both ends
 * of its connection to itself.
 */
const TURNS = 2;
/** What must be flat over the second half: most that it may rise by, given what lies in its middle. */
const FLAT: { [curve in "heap" | "memory" | "idle"]: (middle: number) => number } = {
  heap: (middle) => 0.05 * middle,
  memory: (middle) => 0.1 * middle,
  idle: () => 5,
};

/**
 * Runs it.
 * @throws {Error} If something was lost untold, repeated or out of order, if something was not given back, if memory or the CPU
 * of an idle server rises, or if the server said that something is wrong.
 */
export async function runSoak(options: SoakOptions): Promise<Row[]> {
  const [inspector] = freePorts(1) as [number];
  const server = new MortalServer(
    [...options.flags, ...SOAK_LIMITS],
    options.folder,
    // Without a word of it on standard error.
    [`--inspect=127.0.0.1:${inspector}`],
  );
  await server.start();
  try {
    const rows = await play(server, inspector, options);
    await server.end("SIGTERM");
    if (server.errors !== "") throw new Error(`it said: ${server.errors}`);
    check(rows);
    return rows;
  } catch (error) {
    await server.end("SIGKILL");
    throw new Error(`seed ${options.seed}; it said: ${server.errors}`, { cause: error });
  }
}

async function play(server: MortalServer, inspector: number, options: SoakOptions): Promise<Row[]> {
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
    const { port, pid } = server;
    const held = await gauge({ port, pid, inspector }, 1, files);
    files ??= held.files + TURNS * threadsOf(options.flags);
    rows.push({ minute: (performance.now() - began) / 60_000, ...held, ...total });
    options.told?.(rows.at(-1)!);
  } while (performance.now() - began < options.ms);
  return rows;
}

/** How many threads serve. */
function threadsOf(flags: readonly string[]): number {
  const at = flags.indexOf("--workers");
  return at < 0 ? 1 : Number(flags[at + 1]);
}

/** How much a curve rises over its second half, and what lies in its middle; too short ones say nothing. */
export function risen(rows: readonly Held[], curve: keyof typeof FLAT) {
  const by = rise(rows.map((row) => ({ at: row.minute, value: row[curve] })));
  return { by, middle: median(rows.map((row) => row[curve])) };
}

/**
 * Holds the curves to being flat.
 * @throws {Error} If one is not.
 */
export function check(rows: readonly Held[]): void {
  for (const [curve, most] of Object.entries(FLAT)) {
    const { by, middle } = risen(rows, curve as keyof typeof FLAT);
    if (by === undefined || by <= most(middle)) continue;
    throw new Error(`${curve} rises by ${by.toFixed(1)}, over ${most(middle).toFixed(1)}`);
  }
}

/**
 * Fuzzes a target: takes an input, changes it, and looks whether what must hold does, whole and cut.
 * @module
 */
import process from "node:process";
import type { Random } from "../chaos/random.ts";
import { toHex } from "../tools/bytes.ts";
import { mutate, someCuts } from "./mutate.ts";
import { shrink } from "./shrink.ts";
import { hold, linear, type Outcome, type Target } from "./target.ts";

/** Inputs with outcomes of new kinds that are kept to be changed further, for a target; and how long they may be. */
const MOST_KEPT = 1000, LONGEST_KEPT = 4096;
/** Runs that may be too slow before it is the input that is. */
const SLOW_RUNS = 8;

/** Something that does not hold. */
export interface Finding {
  target: string;
  what: string;
  /** The smallest input that shows it, and where it is cut. */
  input: Uint8Array;
  cuts: readonly number[];
}

/** A target that is being fuzzed. */
export class Fuzzer {
  readonly target: Target;
  /** How many inputs it was given. */
  inputs = 0;
  readonly #pool: Uint8Array[];
  readonly #kinds = new Set<string>();
  readonly #random: Random;

  /**
   * @param corpus What changes begin with; at least one.
   * @param random From which all that happens follows.
   */
  constructor(target: Target, corpus: readonly Uint8Array[], random: Random) {
    this.target = target;
    this.#pool = [...corpus];
    this.#random = random;
  }

  /** How many kinds of outcomes it has had. */
  get kinds(): number {
    return this.#kinds.size;
  }

  /** Its next input, and where it is cut. */
  next(): { input: Uint8Array; cuts: number[] } {
    const input = mutate(this.#random.pick(this.#pool), this.#random, this.#pool);
    return { input, cuts: someCuts(input, this.#random) };
  }

  /** Tries an input. Returns what does not hold. */
  async look(input: Uint8Array, cuts: readonly number[]): Promise<Finding | undefined> {
    this.inputs++;
    const what = await this.#fault(input, cuts);
    if (what === undefined) return undefined;
    const same = async (smaller: Uint8Array) => {
      const found = await fault(this.target, smaller, everywhere(smaller, cuts));
      return found?.slice(0, 12) === what.slice(0, 12);
    };
    const small = await shrink(input, same);
    return { target: this.target.name, what, input: small, cuts: everywhere(small, cuts) };
  }

  async #fault(input: Uint8Array, cuts: readonly number[]): Promise<string | undefined> {
    return await fault(this.target, input, cuts, ({ kind }) => {
      if (this.#kinds.has(kind)) return;
      if (this.#pool.length >= MOST_KEPT || input.length > LONGEST_KEPT) return;
      this.#kinds.add(kind);
      this.#pool.push(input.slice());
    });
  }
}

/** Cuts for a smaller input: at each byte where it was cut at all. */
function everywhere({ length }: Uint8Array, cuts: readonly number[]): number[] {
  return cuts.length === 0 ? [] : Array.from({ length: Math.max(0, length - 1) }, (_, i) => i + 1);
}

/** What this process has used of the processor, in ms. */
function cpuTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** What does not hold for an input; `undefined` where all does. */
export async function fault(
  target: Target,
  input: Uint8Array,
  cuts: readonly number[],
  took: (outcome: Outcome) => void = () => {},
): Promise<string | undefined> {
  try {
    const most = (target.time ?? linear)(input);
    let whole: Outcome | undefined, best = Infinity;
    for (let run = 0; run < SLOW_RUNS && best > most; run++) {
      const began = performance.now(), used = cpuTime();
      // What takes an input may change it, as unmasking does.
      whole = await target.run(input.slice(), []);
      // Where others have the processor for a while, that is no time of its own.
      best = Math.min(best, performance.now() - began, cpuTime() - used);
    }
    hold(best <= most, `too slow: ${input.length} bytes take ${best.toFixed(1)} ms, over ${most}`);
    took(whole!);
    if (cuts.length === 0) return undefined;
    const cut = await target.run(input.slice(), cuts);
    hold(cut.seen === whole!.seen, `not the same when cut:\n  ${cut.seen}\n  ${whole!.seen}`);
    return undefined;
  } catch (error) {
    return error instanceof Error
      ? `${error.message}\n${error.stack ?? ""}`.slice(0, 4000)
      : `${error}`;
  }
}

/** A finding, and how to have it again. */
export function told({ target, what, input, cuts }: Finding): string {
  const shown = JSON.stringify(String.fromCharCode(...input.subarray(0, 400)));
  const again = `deno task fuzz --target ${target} --hex ${toHex(input)}` +
    (cuts.length > 0 ? " --cut" : "");
  return `${target}: ${what}\n  input, ${input.length} bytes: ${shown}\n  again: ${again}`;
}

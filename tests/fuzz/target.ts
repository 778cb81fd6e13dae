/**
 * What is fuzzed: something that takes bytes, and what must hold of it whatever they are.
 * @module
 */

/** What became of an input. */
export interface Outcome {
  /** All that can be seen of it. It is the same however the input is cut. */
  seen: string;
  /** What sort of outcome it is: an input that has a new one is worth changing further. */
  kind: string;
}

/** Something that is fuzzed. */
export interface Target {
  /** Its name, and its folder in the corpus. */
  name: string;
  /** How many of its inputs follow each other before the next one's turn. */
  share: number;
  /**
   * Takes an input.
   * @param cuts Before which bytes it is cut; ascending.
   * @throws If something does not hold: that is a finding.
   */
  run(input: Uint8Array, cuts: readonly number[]): Outcome | Promise<Outcome>;
  /** How long an input may take, in ms, in the first of its runs that is quick enough. Default {@linkcode linear}. */
  time?: (input: Uint8Array) => number;
  /** Whether an input is also asked of Node. */
  differs?: (inputs: readonly Uint8Array[]) => Promise<(string | undefined)[]>;
}

/** Says what does not hold. */
export function hold(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(what);
}

/** What anything may take that is linear in time, in ms: microseconds for a byte, and what a busy machine adds. */
export function linear({ length }: Uint8Array): number {
  return 20 + length / 500;
}

/** The pieces of an input. */
export function pieces(input: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const list: Uint8Array[] = [];
  let at = 0;
  for (const cut of [...cuts, input.length]) {
    list.push(input.subarray(at, cut));
    at = cut;
  }
  return list;
}

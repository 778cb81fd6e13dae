/**
 * What is published in a run, and by whom.
 * @module
 */
import type { Letter } from "./publisher.ts";
import type { Random } from "./random.ts";

/** Where to. */
export const CHANNELS: readonly string[] = Array.from({ length: 10 }, (_, i) => `chaos/${i}`);

/** Some channels get a hundred times what others get; most messages are small. */
export function letters(random: Random, count: number, first: number): Letter[] {
  return Array.from({ length: count }, (_, i) => {
    const channel = CHANNELS[CHANNELS.length - random.magnitude(CHANNELS.length + 1)]!;
    const size = random.chance(0.02) ? random.between(2000, 20_000) : random.magnitude(500);
    const n = first + i;
    return { n, channel, text: JSON.stringify({ n, pad: "x".repeat(size) }) };
  });
}

/** The last of each channel: who has these has all. */
export function lastLetters(first: number): Letter[] {
  return CHANNELS.map((channel, i) => {
    const n = first + i;
    return { n, channel, text: JSON.stringify({ n, last: true }) };
  });
}

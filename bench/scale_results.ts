/**
 * What a scaling run found: the cost of a unit at each size, and where it leaves its bounds.
 * @module
 */
import type { Rounds } from "./measure.ts";
import { figure, type Setting } from "./results.ts";
import type { Series } from "./series.ts";
import type { Peer } from "./peers.ts";

/** What the cost of a unit may grow by. */
export const BOUND = 1.3;

/** One size. */
export interface Point {
  size: number;
  rounds: Rounds;
}

/** A whole run: `scale.json`. */
export interface ScaleResults extends Setting {
  /** By the series' ids. */
  series: Record<string, Point[]>;
}

/** The medians of a server, where it was measured. */
export function costs(points: readonly Point[], peer: Peer): { size: number; cost: number }[] {
  return points.flatMap(({ size, rounds }) => {
    const cost = figure({ id: "", rounds }, peer, "cpu");
    return cost === undefined ? [] : [{ size, cost }];
  });
}

/** What is told of one size. */
export interface Growth {
  size: number;
  /** How many times what is held against it its cost is. */
  ratio: number;
  /** What each beyond the first size cost; `undefined` where that cannot be told. */
  each: number | undefined;
}

/**
 * How the cost grows. It is held to the cheapest size's; where each of what grows costs something, to the smallest
 * size's plus, for each beyond, what one costs where it costs least.
 */
export function growth({ each }: Series, points: readonly Point[]): Growth[] {
  const all = costs(points, "kodama");
  const first = all[0]!;
  const cheapest = Math.min(...all.map(({ cost }) => cost));
  if (each === undefined) {
    return all.map(({ size, cost }) => ({ size, ratio: cost / cheapest, each: undefined }));
  }
  const beyond = (p: { size: number; cost: number }) =>
    p.size < each.from ? undefined : (p.cost - first.cost) / (p.size - first.size);
  const least = Math.min(...all.map(beyond).filter((cost) => cost !== undefined));
  return all.map((p) => ({
    size: p.size,
    ratio: p.cost / (first.cost + least * (p.size - first.size)),
    each: beyond(p),
  }));
}

/** What there is to say of a series: one line. */
export function summary(series: Series, points: readonly Point[]): string {
  const beyond = growth(series, points).filter(({ ratio }) => ratio > BOUND);
  if (beyond.length === 0) return `Within ${BOUND} × over the whole range.`;
  const list = beyond.map(({ size, ratio }) =>
    `${ratio.toFixed(2)} × at ${size.toLocaleString("en")}`
  );
  return `Beyond ${BOUND} ×: ${list.join(", ")}.`;
}

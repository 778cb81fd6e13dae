/**
 * Whether a curve is flat once it has warmed up.
 * @module
 */

/** A value at a moment. */
export interface Point {
  at: number;
  value: number;
}

/** Fewest points of a half that say anything. */
export const LEAST_POINTS = 8;

/**
 * How much a curve rises over its second half: the median of the slopes between all pairs of its points (Theil and Sen), so that
 * a few peaks do not count, times its length. `undefined` where there are too few.
 */
export function rise(points: readonly Point[]): number | undefined {
  const half = points.slice(Math.floor(points.length / 2));
  if (half.length < LEAST_POINTS) return undefined;
  const slopes = half.flatMap((a, i) =>
    half.slice(i + 1).map((b) => (b.value - a.value) / (b.at - a.at))
  );
  return median(slopes) * (half.at(-1)!.at - half[0]!.at);
}

/** What lies in the middle. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

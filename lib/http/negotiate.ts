/**
 * Which representation a client would rather have (RFC 9110, 12.5.1).
 * @module
 */

/**
 * Chooses among media types by a request's `Accept`.
 * @param accept The field's value; without it anything will do.
 * @param offered Media types in lower case, the server's preference first.
 * @returns The best: of the highest quality, then the one that is named most exactly, then the server's preference;
 * the first where none is acceptable, which is kinder than 406.
 */
export function preferredType<T extends string>(
  accept: string | undefined,
  offered: readonly T[],
): T {
  const ranges = (accept ?? "").split(",").map(parseRange);
  let best = offered[0]!;
  let bestWeight = 0;
  for (const type of offered) {
    const weight = weightOf(type, ranges);
    if (weight > bestWeight) {
      best = type;
      bestWeight = weight;
    }
  }
  return best;
}

/** One element of `Accept`. */
interface Range {
  type: string;
  quality: number;
}

function parseRange(text: string): Range {
  const [type = "", ...parameters] = text.split(";").map((part) => part.trim().toLowerCase());
  const q = parameters.find((p) => p.startsWith("q="));
  const quality = q === undefined ? 1 : Number(q.slice(2));
  return { type, quality: quality >= 0 && quality <= 1 ? quality : 0 };
}

/** The quality, and a little more, less than any two qualities differ by, for being named. */
function weightOf(type: string, ranges: readonly Range[]): number {
  // 12.5.1: "the most specific reference has precedence".
  for (const [wildcards, wanted] of [type, type.replace(/\/.*/, "/*"), "*/*"].entries()) {
    const found = ranges.find((range) => range.type === wanted);
    if (found !== undefined) return found.quality && found.quality - wildcards / 10_000;
  }
  return 0;
}

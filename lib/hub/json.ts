/**
 * JSON that comes from outside: its numbers as they were written, and its members without what is not its own.
 * @module
 */

/** What may be a number that a double does not hold: many digits, or an exponent. */
const unheld = /[\d.]{16}|\d[eE][+-]?\d/;
/** ECMAScript's `JSON.rawJSON`, which is not declared yet. */
const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };

/**
 * Reads JSON. A number that a double may not hold is kept as it was written, and is so written again.
 * @throws {Error} If it is none.
 */
export function parseJSON(text: string): unknown {
  const value = JSON.parse(text);
  // Where the data is a text, it has no numbers.
  if (typeof value?.data === "string" || !unheld.test(text)) return value;
  const keep = (_: string, value: unknown, { source }: { source: string }) =>
    typeof value === "number" ? rawJSON(source) : value;
  return JSON.parse(text, keep as Parameters<JSON["parse"]>[1]);
}

/** Members of an object that came as JSON. */
export type Members = Readonly<Partial<Record<string, unknown>>>;

/** The members of an object; `undefined` where it is none. */
export function membersOf(value: unknown): Members | undefined {
  const is = typeof value === "object" && value !== null && !Array.isArray(value);
  return is ? value as Members : undefined;
}

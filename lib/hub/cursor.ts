/**
 * Cursors: where in the engine's one sequence of messages somebody stands.
 * @module
 */

/** A place in the sequence, written `epoch.seq`. */
export interface Cursor {
  /** Names one life of the engine's memory. */
  epoch: string;
  /** The number of the last message seen; 0 before the first. */
  seq: number;
}

/** From where on somebody wants to hear. */
export type Since =
  /** Everything after a cursor. */
  | { from: "cursor"; cursor: Cursor }
  /** Everything that is remembered. */
  | { from: "all" }
  /** Everything of the last so many milliseconds. */
  | { from: "age"; age: number }
  /** The newest so many of each channel; whether there were more before them is not asked. */
  | { from: "newest"; count: number };

/** Why nobody can say that nothing was missed. */
export type Loss =
  /** The cursor is of another life of the engine's memory. */
  | "epoch"
  /** Something after the cursor is no longer kept. */
  | "expired"
  /** The cursor is of the future. */
  | "unknown";

/** Writes a cursor as an id. */
export function formatCursor({ epoch, seq }: Cursor): string {
  return `${epoch}.${seq}`;
}

const units: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Most messages of each channel that can be asked for by their number. */
export const MAX_NEWEST = 1000;

/**
 * Reads what follows `since=`: an id, `all`, an age such as `30s`, `10m`, `2h`, `last`, or a number such as `-10`.
 * @returns `undefined` if it is none of them.
 */
export function parseSince(text: string): Since | undefined {
  if (text === "all") return { from: "all" };
  if (text === "last") return { from: "newest", count: 1 };
  const count = Number(/^-([1-9]\d{0,3})$/.exec(text)?.[1]);
  if (count <= MAX_NEWEST) return { from: "newest", count };
  const age = /^(\d{1,9})(ms|s|m|h)$/.exec(text);
  if (age !== null) return { from: "age", age: Number(age[1]) * units[age[2]!]! };
  const cursor = parseCursor(text);
  return cursor && { from: "cursor", cursor };
}

/**
 * Reads an id.
 * @returns `undefined` if it is none.
 */
export function parseCursor(text: string): Cursor | undefined {
  const id = /^([0-9A-Za-z_-]{1,32})\.(0|[1-9]\d{0,15})$/.exec(text);
  const seq = Number(id?.[2]);
  return id === null || !Number.isSafeInteger(seq) ? undefined : { epoch: id[1]!, seq };
}

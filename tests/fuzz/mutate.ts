/**
 * Changes to an input, as chance has it: bytes, pieces, numbers, and parts of other inputs.
 * @module
 */
import type { Random } from "../chaos/random.ts";
import { concat, utf8 } from "../tools/bytes.ts";

/** Longest input, in bytes. */
export const MAX_INPUT = 64 * 1024;

/** Bytes at which readers decide. */
const EDGES = [0, 9, 10, 13, 32, 34, 35, 37, 42, 44, 46, 47, 58, 59, 61, 92, 125, 126, 127];
const HIGH = [0x80, 0x81, 0x88, 0x89, 0xbf, 0xc0, 0xc1, 0xc2, 0xe0, 0xed, 0xf0, 0xf4, 0xfe, 0xff];
const BYTES = [...EDGES, ...HIGH];
/** Numbers at which readers decide. */
const NUMBERS = ["0", "1", "-1", "00", "+1", "65535", "65536", "4294967296", "9007199254740993"]
  .concat(["18446744073709551616", "1e3", "0x10", "ffffffff", "9".repeat(20)]).map(utf8);

type Change = (bytes: Uint8Array, random: Random, others: readonly Uint8Array[]) => Uint8Array;

/** Where a piece is, mostly a short one. */
function piece({ length }: Uint8Array, random: Random): [from: number, to: number] {
  const from = random.between(0, Math.max(0, length - 1));
  return [from, Math.min(length, from + random.magnitude(Math.max(2, length - from)))];
}

function insert(bytes: Uint8Array, at: number, more: Uint8Array): Uint8Array {
  return concat(bytes.subarray(0, at), more, bytes.subarray(at));
}

function set(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const changed = bytes.slice();
  if (at < changed.length) changed[at] = value;
  return changed;
}

const anywhere = (bytes: Uint8Array, random: Random) => random.between(0, bytes.length);

const changes: Change[] = [
  (bytes, random) => {
    const at = random.between(0, Math.max(0, bytes.length - 1));
    return set(bytes, at, (bytes[at] ?? 0) ^ 1 << random.between(0, 7));
  },
  (bytes, random) => set(bytes, anywhere(bytes, random), random.pick(BYTES)),
  (bytes, random) => set(bytes, anywhere(bytes, random), random.between(0, 255)),
  (bytes, random) => insert(bytes, anywhere(bytes, random), Uint8Array.of(random.pick(BYTES))),
  (bytes, random) => {
    const [from, to] = piece(bytes, random);
    return concat(bytes.subarray(0, from), bytes.subarray(to));
  },
  (bytes, random) => {
    const [from, to] = piece(bytes, random);
    return insert(bytes, random.chance(0.5) ? to : anywhere(bytes, random), bytes.slice(from, to));
  },
  (bytes, random, others) => {
    const other = random.pick(others);
    const [from, to] = piece(other, random);
    return insert(bytes, anywhere(bytes, random), other.slice(from, to));
  },
  (bytes, random, others) => {
    const other = random.pick(others);
    return concat(
      bytes.subarray(0, anywhere(bytes, random)),
      other.subarray(anywhere(other, random)),
    );
  },
  (bytes, random, others) => concat(bytes, random.pick(others)),
  (bytes, random) => bytes.slice(0, anywhere(bytes, random)),
  number,
];

/** Another number in the place of one that is there. */
function number(bytes: Uint8Array, random: Random): Uint8Array {
  let from = anywhere(bytes, random);
  const digit = (at: number) => bytes[at] !== undefined && bytes[at]! >= 48 && bytes[at]! <= 57;
  while (from < bytes.length && !digit(from)) from++;
  let to = from;
  while (digit(to)) to++;
  return concat(bytes.subarray(0, from), random.pick(NUMBERS), bytes.subarray(to));
}

/** A piece, again and again: what is not read in linear time shows. */
function again(bytes: Uint8Array, random: Random): Uint8Array {
  const [from, to] = piece(bytes, random);
  const repeated = bytes.slice(from, Math.max(to, from + 1));
  if (repeated.length === 0) return bytes;
  const times = Math.floor(random.magnitude(MAX_INPUT) / repeated.length);
  return insert(bytes, to, concat(...Array.from({ length: times }, () => repeated)));
}

/**
 * Changes an input, mostly a little.
 * @param others What pieces are taken from; at least one.
 */
export function mutate(
  bytes: Uint8Array,
  random: Random,
  others: readonly Uint8Array[],
): Uint8Array {
  let changed = bytes;
  for (let left = random.magnitude(9); left > 0; left--) {
    changed = random.pick(changes)(changed, random, others);
  }
  if (random.chance(0.04)) changed = again(changed, random);
  return changed.subarray(0, MAX_INPUT);
}

/** Where an input is cut: in the middle, in several places, or at each byte; ascending. */
export function someCuts({ length }: Uint8Array, random: Random): number[] {
  if (length < 2) return [];
  if (length < 400 && random.chance(0.2)) {
    return Array.from({ length: length - 1 }, (_, i) => i + 1);
  }
  const count = random.magnitude(6);
  const cuts = Array.from({ length: count }, () => random.between(1, length - 1));
  return [...new Set(cuts)].sort((a, b) => a - b);
}

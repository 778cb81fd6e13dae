// What a compressed message consists of (RFC 1951): bytes as they are, and copies of what stood before. Pure.

/**
 * @typedef {object} Token
 * @property {number} from Index of its first byte in the message.
 * @property {number} length In bytes.
 * @property {number} distance How far back it is copied from, in bytes; 0: the byte itself was sent.
 */

const lengthBase = [
  3,
  4,
  5,
  6,
  7,
  8,
  9,
  10,
  11,
  13,
  15,
  17,
  19,
  23,
  27,
  31,
  35,
  43,
  51,
  59,
  67,
  83,
  99,
  115,
  131,
  163,
  195,
  227,
  258,
];
const distanceBase = [
  1,
  2,
  3,
  4,
  5,
  7,
  9,
  13,
  17,
  25,
  33,
  49,
  65,
  97,
  129,
  193,
  257,
  385,
  513,
  769,
  1025,
  1537,
  2049,
  3073,
  4097,
  6145,
  8193,
  12289,
  16385,
  24577,
];
const lengthBits = (i) => i < 8 || i === 28 ? 0 : (i - 4) >> 2;
const distanceBits = (i) => i < 4 ? 0 : (i - 2) >> 1;
/** 3.2.7: in which order the lengths of the code lengths' codes are written. */
const order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
const most = 64 * 1024; // bytes of a message; a small one may inflate to much

/**
 * @param {Uint8Array} deflated Blocks (RFC 1951, 3.2.3); with the 4 bytes that a sender of RFC 7692 leaves off.
 * @returns {Token[] | undefined} `undefined` where it is no such thing, or inflates to too much.
 */
export function tokensOf(deflated) {
  const tokens = [];
  const end = deflated.length * 8;
  let at = 0; // in bits
  let size = 0;

  function bit() {
    if (at >= end) throw new RangeError("it ends within a block");
    return deflated[at >> 3] >> (at++ & 7) & 1;
  }

  function number(bits) {
    let value = 0;
    for (let i = 0; i < bits; i++) value |= bit() << i;
    return value;
  }

  /** 3.2.2: codes of one length are consecutive, those of a longer one follow. */
  function symbol({ counts, symbols }) {
    let code = 0, first = 0, index = 0;
    for (let length = 1; length < 16; length++) {
      code |= bit();
      if (code - counts[length] < first) return symbols[index + code - first];
      index += counts[length];
      first = first + counts[length] << 1;
      code <<= 1;
    }
    throw new RangeError("no such code");
  }

  function add(length, distance) {
    if (size + length > most) throw new RangeError("too much");
    tokens.push({ from: size, length, distance });
    size += length;
  }

  function stored() {
    at = at + 7 & ~7;
    const length = number(16);
    number(16);
    for (let i = 0; i < length; i++, at += 8) {
      if (at >= end) throw new RangeError("it ends within a block");
      add(1, 0);
    }
  }

  function coded(literals, distances) {
    for (let value; (value = symbol(literals)) !== 256;) {
      if (value < 256) {
        add(1, 0);
        continue;
      }
      const length = lengthBase[value - 257] + number(lengthBits(value - 257));
      const far = symbol(distances);
      add(length, distanceBase[far] + number(distanceBits(far)));
    }
  }

  function dynamic() {
    const [literals, distances, codes] = [number(5) + 257, number(5) + 1, number(4) + 4];
    const short = Array(19).fill(0);
    for (let i = 0; i < codes; i++) short[order[i]] = number(3);
    const lengths = [];
    const code = huffman(short);
    while (lengths.length < literals + distances) {
      const value = symbol(code);
      if (value < 16) lengths.push(value);
      else if (value === 16) lengths.push(...Array(3 + number(2)).fill(lengths.at(-1)));
      else lengths.push(...Array(value === 17 ? 3 + number(3) : 11 + number(7)).fill(0));
    }
    coded(huffman(lengths.slice(0, literals)), huffman(lengths.slice(literals)));
  }

  try {
    for (let last = false; !last && end - at > 2;) {
      last = number(1) === 1;
      const kind = number(2);
      if (kind === 0) stored();
      else if (kind === 1) coded(fixed.literals, fixed.distances);
      else if (kind === 2) dynamic();
      else return undefined;
    }
    return tokens;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return undefined;
  }
}

/** The codes of symbols, from their lengths. */
function huffman(lengths) {
  const counts = Array(16).fill(0);
  for (const length of lengths) if (length > 0) counts[length]++;
  const symbols = lengths.map((length, symbol) => ({ length, symbol }))
    .filter(({ length }) => length > 0)
    .sort((a, b) => a.length - b.length || a.symbol - b.symbol)
    .map(({ symbol }) => symbol);
  return { counts, symbols };
}

/** 3.2.6 */
const fixed = {
  literals: huffman(
    Array.from({ length: 288 }, (_, i) => i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8),
  ),
  distances: huffman(Array(30).fill(5)),
};

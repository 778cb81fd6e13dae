/**
 * The smallest input that still shows a finding.
 * @module
 */
import { concat } from "../tools/bytes.ts";

/** Most attempts, and for how long, in ms. */
const ATTEMPTS = 2000, PATIENCE = 5000;

/**
 * Makes an input smaller as long as it still shows something: pieces go, half of it first; then bytes become plain.
 * @param shows Whether an input shows it.
 */
export async function shrink(
  input: Uint8Array,
  shows: (input: Uint8Array) => Promise<boolean>,
): Promise<Uint8Array> {
  let small = input, left = ATTEMPTS;
  const until = performance.now() + PATIENCE;
  const attempt = async (smaller: Uint8Array) => {
    if (performance.now() > until) left = 0;
    if (left-- <= 0 || !await shows(smaller)) return false;
    small = smaller;
    return true;
  };
  for (let size = small.length >> 1; size > 0 && left > 0; size >>= 1) {
    for (let at = 0; at < small.length && left > 0;) {
      const without = concat(small.subarray(0, at), small.subarray(at + size));
      if (!await attempt(without)) at += size;
    }
  }
  for (let at = 0; at < small.length && left > 0; at++) {
    if (small[at] === 0x61) continue;
    const plain = small.slice();
    plain[at] = 0x61;
    await attempt(plain);
  }
  return small;
}

/**
 * Time to compress and to inflate a message of JSON; `codec.ts` gives the same as messages and MB a second.
 * @module
 */
import { deflating, inflating, JSON_SIZES, MODES } from "./deflate.ts";

for (const make of [deflating, inflating]) {
  for (const size of JSON_SIZES) {
    for (const mode of MODES) {
      const { name, run } = make(mode, size);
      Deno.bench(`${name} ${size} B`, { group: make.name }, () => void run());
    }
  }
}

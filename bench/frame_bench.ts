/**
 * Time of one read or write full of frames; `codec.ts` gives the same as frames and MB a second.
 * @module
 */
import { decode, encode, SIZES } from "./codec.ts";

for (const make of [decode, encode]) {
  for (const size of SIZES) {
    const { name, frames, run } = make(size);
    // Written `async`, since Deno awaits no other: what is encoded would pile up.
    Deno.bench(`${name} ${frames} × ${size} B`, { group: name }, async () => await run());
  }
}

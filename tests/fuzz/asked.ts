/**
 * Inputs of which Node is asked, many at once, and the smallest of each sort that it takes for something else.
 * @module
 */
import type { Finding } from "./fuzz.ts";
import { differences, type Node } from "./node.ts";
import { requests } from "./requests.ts";
import { shrink } from "./shrink.ts";

/** Inputs of which it is asked at once. */
const BATCH = 200;

/** Inputs that are asked of Node, many at once. */
export class Asked {
  count = 0;
  readonly #node: Node | undefined;
  readonly #found: (finding: Finding) => void;
  readonly #seen = new Set<string>();
  #waiting: Uint8Array[] = [];

  constructor(node: Node | undefined, found: (finding: Finding) => void) {
    this.#node = node;
    this.#found = found;
  }

  async take(input: Uint8Array): Promise<void> {
    if (this.#node === undefined) return;
    this.#waiting.push(input);
    if (this.#waiting.length >= BATCH) await this.flush();
  }

  async flush(): Promise<void> {
    const node = this.#node, inputs = this.#waiting;
    if (node === undefined || inputs.length === 0) return;
    this.#waiting = [];
    this.count += inputs.length;
    for (const [i, what] of (await differences(node, inputs)).entries()) {
      if (what === undefined) continue;
      // One of a sort is enough.
      const sort = sortOf(what);
      if (this.#seen.has(sort)) continue;
      this.#seen.add(sort);
      const same = async (smaller: Uint8Array) => {
        const [other] = await differences(node, [smaller]);
        return other !== undefined && sortOf(other) === sort;
      };
      const input = await shrink(inputs[i]!, same);
      this.#found({ target: requests.name, what, input, cuts: [] });
    }
  }
}

/** A difference without what is particular to an input. */
function sortOf(what: string): string {
  return what.replace(/ \d+/g, "").replace(/^(request: \w+).*/s, "$1");
}

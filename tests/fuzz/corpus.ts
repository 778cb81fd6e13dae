/**
 * The corpus: small files of one idea each, `tests/corpus/TARGET/NAME.EXT`.
 *
 * `.hex` is bytes in hexadecimal digits, with `#` and what is behind it for the reader; anything else is taken as it is,
 * but that a line break of `.http` is CR LF on the wire.
 * @module
 */
import { hex, utf8 } from "../tools/bytes.ts";

const folder = new URL("../corpus/", import.meta.url);

/** One of its inputs. */
export interface Entry {
  name: string;
  bytes: Uint8Array;
}

/** The inputs for a target, by name. */
export function corpusOf(target: string): Entry[] {
  const entries = [...Deno.readDirSync(new URL(`${target}/`, folder))].map(({ name }) => name)
    .sort();
  return entries.map((name) => {
    const path = new URL(`${target}/${name}`, folder);
    if (name.endsWith(".hex")) {
      return { name, bytes: hex(Deno.readTextFileSync(path).replace(/#.*$/gm, "")) };
    }
    if (!name.endsWith(".http")) return { name, bytes: Deno.readFileSync(path) };
    return { name, bytes: utf8(Deno.readTextFileSync(path).replace(/\r?\n/g, "\r\n")) };
  });
}

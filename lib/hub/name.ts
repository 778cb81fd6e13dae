/**
 * Channel names: what a URL's path names, and what a token's globs match; and idempotency keys.
 * @module
 */

/** Longest name, in bytes. */
export const MAX_NAME = 255;
/** First segments that are not channels. */
const reserved = new Set(["-", "app", "apps"]);
const segment = /^[A-Za-z0-9_.~@:=!-]+$/;

/**
 * Says what is wrong with a channel name.
 * @param name Percent-decoded once.
 * @returns Why, in a few words; `undefined` if it is a good name.
 */
export function nameFault(name: string): string | undefined {
  if (name === "") return "a channel name is empty";
  // All that is allowed is ASCII, so characters are bytes once the segments are good.
  if (name.length > MAX_NAME) return `a channel name is over ${MAX_NAME} bytes`;
  const segments = name.split("/");
  if (reserved.has(segments[0]!)) return `"${segments[0]}" is reserved`;
  for (const part of segments) {
    if (part === "") return "a segment of a channel name is empty";
    if (part === "." || part === "..") return "a segment of a channel name is . or ..";
    if (!segment.test(part)) {
      return "a channel name has a character other than A-Z a-z 0-9 _ . ~ @ : = ! - /";
    }
  }
  return undefined;
}

/** Whether a text can be an idempotency key. */
export function isKey(text: string): boolean {
  return /^[!-~]{1,128}$/.test(text);
}

/** A glob of channel names, compiled: `*` is one segment, `**` any number of them. */
export type Glob = (name: string) => boolean;

/**
 * Compiles a glob.
 * @param glob Segments joined by `/`, each literal, `*` or `**`.
 */
export function compileGlob(glob: string): Glob {
  const pattern = glob.split("/");
  return (name) => matches(pattern, name.split("/"));
}

/** Segment by segment: a set of places in the pattern is moved along, so that no pattern is worse than linear in it. */
function matches(pattern: readonly string[], name: readonly string[]): boolean {
  let places = reach(pattern, new Set([0]));
  for (const part of name) {
    const next = new Set<number>();
    for (const place of places) {
      const wanted = pattern[place];
      if (wanted === "**") next.add(place);
      else if (wanted === "*" || wanted === part) next.add(place + 1);
    }
    places = reach(pattern, next);
  }
  return places.has(pattern.length);
}

/** Adds the places that follow a `**`, which may stand for no segment at all. */
function reach(pattern: readonly string[], places: Set<number>): Set<number> {
  for (const place of places) if (pattern[place] === "**") places.add(place + 1);
  return places;
}

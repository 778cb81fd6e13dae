/**
 * Why a request of ours failed below HTTP.
 * @module
 */

/** The longest reason that is told, in characters. */
const LONGEST = 300;

/**
 * The innermost reason, in words for a line of the log.
 * @param error What `fetch` threw.
 * @returns It, without the URL: who tells it says where, and parts of a URL may be secret.
 */
export function reasonOf(error: unknown): string {
  let inner = error;
  while (inner instanceof Error && inner.cause instanceof Error) inner = inner.cause;
  const text = inner instanceof Error ? inner.message : String(inner);
  return text.replace(/^error sending request for url \(\S*\): (client error \(Connect\): )?/, "")
    .slice(0, LONGEST);
}

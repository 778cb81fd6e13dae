/**
 * Text on its way out.
 * @module
 */

const encoder = new TextEncoder();
const scratch = new Uint8Array(4096);

/** Text as UTF-8; valid until the next call. */
export function encodeText(text: string): Uint8Array {
  // At most three bytes for each UTF-16 code unit.
  if (text.length * 3 > scratch.length) return encoder.encode(text);
  return scratch.subarray(0, encoder.encodeInto(text, scratch).written);
}

/**
 * UTF-8: validation that survives any split (RFC 3629; RFC 6455, 8.1), and encoding without a buffer for each text.
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

/**
 * Validates UTF-8 piece by piece and fails at the first byte that no valid text could have there.
 * Nothing is decoded and nothing is kept but the few bits that say what may come next.
 */
export class Utf8Validator {
  /** How many continuation bytes the character under way still needs: 0 to 3. */
  #needed = 0;
  /** The bounds of the next continuation byte: they exclude overlong forms, surrogates and all past U+10FFFF. */
  #lowest = 0x80;
  #highest = 0xbf;

  /** Whether the bytes so far end with a whole character. */
  get complete(): boolean {
    return this.#needed === 0;
  }

  /** Forgets what came before, for the next text. */
  reset(): void {
    this.#needed = 0;
    this.#lowest = 0x80;
    this.#highest = 0xbf;
  }

  /**
   * Takes the next bytes of the text.
   * @param bytes Where they are.
   * @param from Index of the first, included.
   * @param to Index after the last.
   * @returns `false` at the first impossible byte; `true` as long as the text can still become valid.
   */
  push(bytes: Uint8Array, from = 0, to: number = bytes.length): boolean {
    let needed = this.#needed, lowest = this.#lowest, highest = this.#highest;
    for (let i = from; i < to; i++) {
      const byte = bytes[i]!;
      if (needed > 0) {
        if (byte < lowest || byte > highest) return false;
        needed--;
        lowest = 0x80;
        highest = 0xbf;
      } else if (byte >= 0x80) {
        // RFC 3629, 4: the first byte tells the length, and narrows the range of the second.
        if (byte < 0xc2 || byte > 0xf4) return false;
        needed = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
        if (byte === 0xe0) lowest = 0xa0;
        else if (byte === 0xed) highest = 0x9f;
        else if (byte === 0xf0) lowest = 0x90;
        else if (byte === 0xf4) highest = 0x8f;
      }
    }
    this.#needed = needed;
    this.#lowest = lowest;
    this.#highest = highest;
    return true;
  }
}

const validator = new Utf8Validator();

/**
 * Whether bytes are valid UTF-8, all of them.
 * @param from Index of the first, included.
 * @param to Index after the last.
 */
export function isUtf8(bytes: Uint8Array, from = 0, to: number = bytes.length): boolean {
  validator.reset();
  return validator.push(bytes, from, to) && validator.complete;
}

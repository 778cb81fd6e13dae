/** What all the programs here share: one line for each check, and the payloads. */

/** Sizes of the messages that are echoed, in bytes. */
export const SIZES = [0, 125, 126, 65535, 65536, 1_000_000];
/** What comes on the channel. */
export const PUBLISHED = '{"echo":"木霊"}';

export const urls = process.argv.slice(2);

export function text(size) {
  return "kodama ".repeat(size / 7 + 1).slice(0, size);
}

export function binary(size) {
  return Buffer.from({ length: size }, (_, i) => i % 251);
}

/** Prints what came of one check. */
export async function check(name, action) {
  try {
    await action();
    say(`ok ${name}`);
  } catch (error) {
    say(`not ok ${name}: ${String(error?.stack ?? error).slice(0, 300).replaceAll("\n", " ")}`);
  }
}

export function skip(name, why) {
  say(`skip ${name}: ${why}`);
}

export function say(line) {
  console.log(line);
}

export function equal(got, expected) {
  const same = expected instanceof Uint8Array
    ? got instanceof Uint8Array && Buffer.compare(got, expected) === 0
    : got === expected;
  if (!same) throw new Error(`got ${String(got).slice(0, 100)}, not ${String(expected).slice(0, 100)}`);
}

export function contains(got, expected) {
  if (!String(got).includes(expected)) throw new Error(`got ${String(got).slice(0, 100)}`);
}

/** Where a client's callbacks put what they are told, to be taken one by one; an `Error` is thrown. */
export class Inbox {
  #arrived = [];
  #wake;

  put(event) {
    this.#arrived.push(event);
    this.#wake?.();
  }

  async next() {
    while (this.#arrived.length === 0) await new Promise((resolve) => this.#wake = resolve);
    const event = this.#arrived.shift();
    if (event instanceof Error) throw event;
    return event;
  }
}

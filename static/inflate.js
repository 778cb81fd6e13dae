// Compressed messages read (RFC 7692, 7.2.2): each with what those before it said, if it refers to them.

const tail = [0x00, 0x00, 0xff, 0xff]; // what a sender leaves off
const end = [0x01, 0x00, 0x00, 0xff, 0xff]; // a last block, empty: DecompressionStream wants one
const shown = 16 * 1024; // bytes kept of a message
const furthest = 32 * 1024; // bytes that a message may refer back
const longest = 4 << 20; // bytes of a message that is read to its end
const mostWaiting = 500; // messages; under load the compressed bytes have to do
const nothing = new Uint8Array();

/**
 * @typedef {object} Inflated
 * @property {Uint8Array} bytes The message, or its beginning.
 * @property {number} size Of the whole message, in bytes.
 * @property {boolean} cut Whether it is only the beginning.
 * @property {Uint8Array | undefined} after What the next message may refer to.
 */

/**
 * @param {Uint8Array} data The payload of a whole message, unmasked.
 * @param {Uint8Array} before What it may refer to.
 * @returns {Promise<Inflated | undefined>} `undefined` if it does not inflate.
 */
export async function inflate(data, before = nothing) {
  const context = stored(before);
  return await read(new Blob([context, data, new Uint8Array([...tail, ...end])]), before.length) ??
    // 7.2.3.4: a message may end with a last block of its own, and an octet behind it.
    await read(new Blob([context, data.subarray(0, -1)]), before.length);
}

/** Bytes as a block that is not compressed (RFC 1951, 3.2.4): in front of a message they are its window. */
function stored(bytes) {
  const { length } = bytes;
  if (length === 0) return nothing;
  const low = length & 0xff, high = length >> 8;
  return new Uint8Array([0, low, high, ~low, ~high, ...bytes]);
}

async function read(blob, skip) {
  const reader = blob.stream().pipeThrough(new DecompressionStream("deflate-raw")).getReader();
  const parts = [];
  let size = 0, whole = false;
  try {
    while (!whole && size <= longest) {
      const { done, value = nothing } = await reader.read();
      whole = done;
      parts.push(value);
      size += value.length;
    }
    await reader.cancel();
  } catch {
    return undefined;
  }
  const bytes = new Uint8Array(await new Blob(parts).arrayBuffer());
  return {
    bytes: bytes.slice(skip, skip + shown),
    size: size - skip,
    cut: size - skip > shown,
    after: whole ? bytes.slice(-furthest) : undefined,
  };
}

/** Inflates the messages that go one way, in their order. */
export function createInflater() {
  /** What the next message may refer to; `undefined` once something is missing. */
  let context = Promise.resolve(nothing);
  let waiting = 0;

  /**
   * @param {Uint8Array} data The payload of a whole message.
   * @returns {Promise<Inflated | "notAlone" | "broken">} Or why there is nothing to show.
   */
  async function next(data) {
    if (waiting >= mostWaiting) {
      lose();
      return "notAlone";
    }
    waiting++;
    const inflated = context.then((before) => inflate(data, before));
    const before = context;
    // A message that stands alone says nothing of what those after it refer to, if something is missing already.
    context = inflated.then(async (it) => await before && it?.after);
    const it = await inflated;
    waiting--;
    return it ?? (await before ? "broken" : "notAlone");
  }

  /** A message is not to be had. */
  function lose() {
    context = Promise.resolve(undefined);
  }

  return { next, lose };
}

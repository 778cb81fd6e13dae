// A compressed message read (RFC 7692, 7.2.2), where it stands alone.

const tail = [0x00, 0x00, 0xff, 0xff]; // what a sender leaves off
const end = [0x01, 0x00, 0x00, 0xff, 0xff]; // a last block, empty: DecompressionStream wants one
const most = 64 * 1024; // bytes shown

/**
 * @param {Uint8Array} data The payload of a whole message, unmasked.
 * @returns {Promise<{ bytes: Uint8Array, cut: boolean } | undefined>} `undefined` if it does not inflate.
 */
export async function inflate(data) {
  return await read(new Blob([data, new Uint8Array([...tail, ...end])])) ??
    // 7.2.3.4: a message may end with a last block of its own, and an octet behind it.
    await read(new Blob([data.subarray(0, -1)]));
}

async function read(blob) {
  const reader = blob.stream().pipeThrough(new DecompressionStream("deflate-raw")).getReader();
  const parts = [];
  let size = 0;
  try {
    while (size <= most) {
      const { done, value } = await reader.read();
      if (done) break;
      parts.push(value);
      size += value.length;
    }
    if (size > most) await reader.cancel();
  } catch {
    return undefined;
  }
  const bytes = new Uint8Array(await new Blob(parts).arrayBuffer());
  return { bytes: bytes.subarray(0, most), cut: size > most };
}

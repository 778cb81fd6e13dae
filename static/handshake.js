// The opening handshake's heads, and how the accept value comes about (RFC 6455, 4.2.2). Pure.

export const guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** The RFC's own pair: what is worked through where there is no tap. */
export const exampleKey = "dGhlIHNhbXBsZSBub25jZQ==";

/** A head taken apart: its first line, and its fields as they came. */
export function parseHead(text) {
  const [first, ...lines] = text.replace(/\r\n\r\n$/, "").split("\r\n");
  const fields = lines.map((line) => {
    const colon = line.indexOf(":");
    return { name: line.slice(0, colon), value: line.slice(colon + 1).trim() };
  });
  const get = (name) => {
    const found = fields.filter((field) => field.name.toLowerCase() === name);
    return found.length > 0 ? found.map((field) => field.value).join(", ") : undefined;
  };
  return { first, fields, get };
}

/**
 * The steps from a key to its accept value.
 * @param {string} key Of `Sec-WebSocket-Key`.
 * @returns {Promise<{ joined: string, sha1: Uint8Array, accept: string }>}
 */
export async function acceptOf(key) {
  const joined = key + guid;
  const bytes = new TextEncoder().encode(joined);
  // Web Crypto is for secure contexts only: over plain HTTP from elsewhere there is none.
  const sha1 = new Uint8Array(await crypto.subtle.digest("SHA-1", bytes));
  return { joined, sha1, accept: btoa(String.fromCharCode(...sha1)) };
}

/**
 * Whether messages may be compressed (RFC 7692, 7.1).
 * @param {string | undefined} extensions Of the response.
 */
export function deflates(extensions) {
  return /(^|,)\s*permessage-deflate\b/i.test(extensions ?? "");
}

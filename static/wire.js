// A frame's bytes and what they mean (RFC 6455, 5.2). Pure.

export const opcodes = {
  0: "continuation",
  1: "text",
  2: "binary",
  8: "close",
  9: "ping",
  10: "pong",
};

/**
 * @typedef {object} Frame
 * @property {Uint8Array} bytes As they crossed the wire; the payload perhaps cut.
 * @property {boolean} fin
 * @property {boolean[]} rsv RSV1 to RSV3.
 * @property {number} opcode
 * @property {boolean} masked
 * @property {7 | 16 | 64} form How the length is written, in bits.
 * @property {bigint | number} length Of the payload, in bytes.
 * @property {Uint8Array | undefined} key
 * @property {number} header Bytes before the payload.
 * @property {Uint8Array} payload As on the wire.
 * @property {Uint8Array} data Unmasked.
 */

/** @param {Uint8Array} bytes @returns {Frame} */
export function parseFrame(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const short = bytes[1] & 0x7f;
  const form = short < 126 ? 7 : short === 126 ? 16 : 64;
  const behind = form === 7 ? 2 : form === 16 ? 4 : 10;
  const masked = bytes[1] >= 0x80;
  const header = behind + (masked ? 4 : 0);
  const key = masked ? bytes.slice(behind, header) : undefined;
  const payload = bytes.slice(header);
  return {
    bytes,
    fin: bytes[0] >= 0x80,
    rsv: [0x40, 0x20, 0x10].map((bit) => (bytes[0] & bit) !== 0),
    opcode: bytes[0] & 0x0f,
    masked,
    form,
    length: form === 7 ? short : form === 16 ? view.getUint16(2) : Number(view.getBigUint64(2)),
    key,
    header,
    payload,
    data: key ? mask(payload, key) : payload,
  };
}

/** 5.3: octet i XOR octet i MOD 4 of the key; the same both ways. */
export function mask(payload, key) {
  return payload.map((octet, i) => octet ^ key[i % 4]);
}

/** The same frame under another key. */
export function maskAnew(frame, key) {
  const bytes = frame.bytes.slice();
  bytes.set(key, frame.header - 4);
  bytes.set(mask(frame.data, key), frame.header);
  return parseFrame(bytes);
}

/**
 * The fields of a frame, in order, in bits.
 * @param {Frame} frame
 * @returns {{ id: string, from: number, size: number }[]}
 */
export function fieldsOf(frame) {
  const fields = [];
  let from = 0;
  const add = (id, size) => {
    fields.push({ id, from, size });
    from += size;
  };
  for (const id of ["fin", "rsv1", "rsv2", "rsv3"]) add(id, 1);
  add("opcode", 4);
  add("mask", 1);
  add("length", 7);
  if (frame.form !== 7) add(`length${frame.form}`, frame.form);
  if (frame.masked) add("key", 32);
  if (frame.payload.length > 0) add("payload", frame.payload.length * 8);
  return fields;
}

/** Whether an opcode is of a control frame (5.5). */
export const isControl = (opcode) => opcode >= 8;

/** `81 05 48`. */
export const hex = (bytes, between = " ") =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(between);

export const unhex = (text) =>
  Uint8Array.from(text.match(/[0-9a-f]{2}/gi) ?? [], (pair) => parseInt(pair, 16));

/** The eight bits of each byte. */
export const bits = (bytes) =>
  Array.from(bytes, (byte) => byte.toString(2).padStart(8, "0")).join("");

/**
 * A text of UTF-8, or `undefined` where it is none.
 * @param {boolean} [cut] Whether it may end within a character.
 */
export function utf8(bytes, cut = false) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes, {
      stream: cut,
    });
  } catch {
    return undefined;
  }
}

/** What a close frame says (5.5.1); `undefined` where it says nothing. */
export function closeOf(data) {
  if (data.length < 2) return undefined;
  return { code: data[0] * 256 + data[1], reason: utf8(data.subarray(2)) ?? "" };
}

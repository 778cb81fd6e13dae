/**
 * Frames: header and length (RFC 6455, section 5); {@link ./unmask.ts} is their masking.
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     +-+-+-+-+-------+-+-------------+-------------------------------+
 *     |F|R|R|R| opcode|M| length (7)  | extended length: 0, 2 or 8    |
 *     |I|S|S|S|  (4)  |A|             | bytes, then the masking key:  |
 *     |N|V|V|V|       |S|             | 0 or 4 bytes, then payload    |
 *     | |1|2|3|       |K|             |                               |
 *     +-+-+-+-+-------+-+-------------+-------------------------------+
 *
 * @module
 */
import { CloseCode, ProtocolError } from "./close.ts";
import { unmask } from "./unmask.ts";

/** What a frame is (RFC 6455, 5.2). */
export const Opcode = {
  /** The next fragment of a message. */
  Continuation: 0x0,
  /** A message of UTF-8, or its first fragment. */
  Text: 0x1,
  /** A message of bytes, or its first fragment. */
  Binary: 0x2,
  /** Control: the closing handshake. */
  Close: 0x8,
  /** Control: a question whether the peer is there. */
  Ping: 0x9,
  /** Control: the answer to a ping. */
  Pong: 0xa,
} as const;

/** The bit that marks the last fragment of a message. */
export const FIN = 0x80;
/** The first reserved bit; RFC 7692 uses it for "this message is compressed". */
export const RSV1 = 0x40;

/** A frame's header, decoded. One is kept per connection and filled anew for each frame. */
export class FrameHeader {
  /** Whether this is the last fragment of its message. */
  fin = false;
  /** Whether the first reserved bit is set. */
  rsv1 = false;
  /** One of {@linkcode Opcode}. */
  opcode = 0;
  /** Payload length, in bytes. */
  length = 0;
  /** The masking key as one 32-bit word, its first byte lowest. */
  key = 0;
  /** Length of the header itself: 6, 8 or 14 bytes. */
  size = 0;
}

function malformed(reason: string): never {
  throw new ProtocolError(CloseCode.ProtocolError, reason);
}

/**
 * Reads the header of a client's frame (RFC 6455, 5.2). Every rule that the header alone can break is
 * checked here, before anything is allocated for the payload.
 * @param bytes Where the frame is.
 * @param at Index of its first byte.
 * @param end Index after the last byte that has arrived.
 * @param rsv1 Whether an extension that gives RSV1 a meaning was negotiated.
 * @param header Filled in where the header is complete.
 * @returns Whether it was complete.
 * @throws {ProtocolError} 1002 if malformed.
 */
export function readHeader(
  bytes: Uint8Array,
  at: number,
  end: number,
  rsv1: boolean,
  header: FrameHeader,
): boolean {
  if (end - at < 2) return false;
  const first = bytes[at]!, second = bytes[at + 1]!;
  // A masked data frame without reserved bits breaks no rule yet.
  if ((first & ~FIN) > Opcode.Binary || second < 0x80) checkStart(first, second, rsv1);
  let length = second & 0x7f;
  let size = 6;
  if (length > 125) {
    size = length === 126 ? 8 : 14;
    if (end - at >= size - 4) length = readLength(bytes, at + 2, length);
  }
  if (end - at < size) return false;

  header.fin = first >= FIN;
  header.rsv1 = (first & RSV1) !== 0;
  header.opcode = first & 0x0f;
  header.length = length;
  header.size = size;
  const key = at + size - 4;
  header.key = bytes[key]! | bytes[key + 1]! << 8 | bytes[key + 2]! << 16 |
    bytes[key + 3]! << 24;
  return true;
}

/** Checks what the first two bytes of a frame can break (RFC 6455, 5). */
function checkStart(first: number, second: number, rsv1: boolean): void {
  const opcode = first & 0x0f;
  // 5.2: a reserved bit "MUST be 0 unless an extension is negotiated that defines meanings for non-zero values".
  if (first & 0x30) malformed("reserved bit set");
  // RFC 7692, 6: RSV1 is set on the first frame of a data message and on no other.
  if (first & RSV1 && (!rsv1 || opcode === 0 || opcode > 7)) {
    malformed("RSV1 set");
  }
  // 5.2: "If an unknown opcode is received, the receiving endpoint MUST _Fail the WebSocket Connection_."
  if (opcode > 2 && opcode < 8 || opcode > 10) {
    malformed(`reserved opcode ${opcode}`);
  }
  if (opcode > 7) {
    // 5.5: control frames "MUST have a payload length of 125 bytes or less and MUST NOT be fragmented".
    if ((second & 0x7f) > 125) malformed("control frame over 125 bytes");
    if (first < FIN) malformed("fragmented control frame");
  }
  // 5.1: "The server MUST close the connection upon receiving a frame that is not masked."
  if (second < 0x80) malformed("frame is not masked");
}

/** The extended payload length: 16 bits behind 126, 64 bits behind 127. */
function readLength(bytes: Uint8Array, at: number, short: number): number {
  if (short === 126) {
    const length = bytes[at]! << 8 | bytes[at + 1]!;
    // 5.2: "the minimal number of bytes MUST be used to encode the length".
    if (length < 126) malformed("length is not minimal");
    return length;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, 8);
  const high = view.getUint32(0);
  // 5.2: "the most significant bit MUST be 0".
  if (high >= 0x80000000) malformed("length has its top bit set");
  const length = high * 0x100000000 + view.getUint32(4);
  if (length < 0x10000) malformed("length is not minimal");
  return length;
}

/** A frame, decoded. */
export interface Frame {
  /** Whether this is the last fragment of its message. */
  fin: boolean;
  /** Whether the first reserved bit is set. */
  rsv1: boolean;
  /** One of {@linkcode Opcode}. */
  opcode: number;
  /** The payload, unmasked: a view of the bytes it was decoded from. */
  payload: Uint8Array;
}

/**
 * Decodes one client frame (RFC 6455, 5.2).
 * @param bytes What has arrived; the payload is unmasked in place.
 * @param maxPayload Largest payload accepted, in bytes.
 * @param rsv1 Whether an extension that gives RSV1 a meaning was negotiated.
 * @returns The frame and the bytes it took, or `undefined` while incomplete.
 * @throws {ProtocolError} 1002 if malformed, 1009 if too large.
 */
export function decodeFrame(
  bytes: Uint8Array,
  maxPayload: number,
  rsv1 = false,
): { frame: Frame; size: number } | undefined {
  const header = new FrameHeader();
  if (!readHeader(bytes, 0, bytes.length, rsv1, header)) return undefined;
  const { fin, opcode, length, key } = header;
  if (length > maxPayload) {
    throw new ProtocolError(CloseCode.TooBig, "frame is too big");
  }
  const size = header.size + length;
  if (bytes.length < size) return undefined;
  unmask(bytes, header.size, size, key);
  const payload = bytes.subarray(header.size, size);
  return { frame: { fin, rsv1: header.rsv1, opcode, payload }, size };
}

/**
 * How long the header of a server's frame is: 2, 4 or 10 bytes.
 * @param length Payload length, in bytes.
 */
export function headerSize(length: number): number {
  return length < 126 ? 2 : length < 0x10000 ? 4 : 10;
}

/**
 * Writes the header of a server's frame, unmasked, with the shortest length that fits (RFC 6455, 5.2).
 * @param bytes Where to.
 * @param at Index of its first byte; {@linkcode headerSize} bytes are written.
 * @param first The first byte: FIN, reserved bits and opcode.
 * @param length Payload length, in bytes.
 * @returns Index after the header.
 */
export function writeHeader(
  bytes: Uint8Array,
  at: number,
  first: number,
  length: number,
): number {
  bytes[at] = first;
  if (length < 126) {
    bytes[at + 1] = length;
    return at + 2;
  }
  if (length < 0x10000) {
    bytes[at + 1] = 126;
    bytes[at + 2] = length >>> 8;
    bytes[at + 3] = length;
    return at + 4;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, 10);
  view.setUint8(1, 127);
  view.setUint32(2, Math.floor(length / 0x100000000));
  view.setUint32(6, length >>> 0);
  return at + 10;
}

/**
 * Encodes one server frame (RFC 6455, 5.2): unmasked, with the shortest length that fits.
 * @param opcode One of {@linkcode Opcode}.
 * @param payload Any bytes; at most 125 of them for a control frame.
 * @param bits FIN and reserved bits; a whole, plain message by default.
 * @throws {RangeError} If the payload of a control frame is over 125 bytes.
 */
export function encodeFrame(
  opcode: number,
  payload: Uint8Array,
  bits: number = FIN,
): Uint8Array {
  // 5.5: control frames "MUST have a payload length of 125 bytes or less".
  if (opcode > 7 && payload.length > 125) {
    throw new RangeError(`control frame of ${payload.length} bytes, over 125`);
  }
  const bytes = new Uint8Array(headerSize(payload.length) + payload.length);
  bytes.set(payload, writeHeader(bytes, 0, bits | opcode, payload.length));
  return bytes;
}

/**
 * Close codes, and the payload of a close frame (RFC 6455, 5.5.1 and 7.4).
 * @module
 */

/** The close codes that Kodama itself sends or receives (RFC 6455, 7.4.1, and the IANA registry). */
export const CloseCode = {
  /** The purpose of the connection is fulfilled. */
  Normal: 1000,
  /** The server is shutting down, or the page was left. */
  GoingAway: 1001,
  /** The peer broke RFC 6455. */
  ProtocolError: 1002,
  /** A kind of data that cannot be accepted here. */
  Unsupported: 1003,
  /** Never on the wire: the close frame carried no code. */
  NoStatus: 1005,
  /** Never on the wire: TCP ended without a close frame. */
  Abnormal: 1006,
  /** Text that is not UTF-8, or a deflate stream that does not inflate. */
  InvalidData: 1007,
  /** A rule of this server was broken. */
  Policy: 1008,
  /** The message is larger than the limit. */
  TooBig: 1009,
  /** A fault of the server. */
  InternalError: 1011,
  /** Something behind the server began anew: what was missed meanwhile is not known. */
  ServiceRestart: 1012,
  /** The peer reads too slowly: try again later. */
  TryAgainLater: 1013,
} as const;

/** Whether a code says more than that one side left: 1002 to 1015, without 1005 and 1006, which are no codes at all. */
export function isAbnormal(code: number): boolean {
  return code > CloseCode.GoingAway && code < 1016 && code !== CloseCode.NoStatus &&
    code !== CloseCode.Abnormal;
}

/** An error of the protocol that ends the connection; it carries the close code to send. */
export class ProtocolError extends Error {
  /** The close code that tells the peer why (RFC 6455, 7.4.1). */
  readonly code: number;

  /**
   * Makes one.
   * @param code The close code to send.
   * @param message The reason, sent with it: at most 123 bytes of UTF-8.
   */
  constructor(code: number, message: string) {
    super(message);
    this.name = "ProtocolError";
    this.code = code;
  }
}

/** What a close frame said. */
export interface CloseReason {
  /** The close code; 1005 where the frame carried none. */
  code: number;
  /** The reason; empty where the frame carried none. */
  reason: string;
}

/**
 * Whether a code may appear in a close frame (RFC 6455, 7.4.2, and the IANA registry).
 * @param code A close code.
 */
export function isCloseCode(code: number): boolean {
  // 7.4.1: 1004 is reserved; 1005, 1006 and 1015 "MUST NOT be set as a status code".
  if (code >= 1000 && code <= 1014) return code < 1004 || code > 1006;
  // 7.4.2: 3000-3999 for libraries and frameworks, 4000-4999 for private use.
  return code >= 3000 && code <= 4999;
}

const MAX_REASON = 123;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Encodes the payload of a close frame (RFC 6455, 5.5.1).
 * @param code The close code; without it the payload is empty.
 * @param reason Cut, at a character, to the 123 bytes that fit into a control frame.
 * @returns 0, or 2 to 125 bytes.
 * @throws {RangeError} If the code must not appear in a close frame.
 */
export function encodeClose(code?: number, reason = ""): Uint8Array {
  if (code === undefined) return new Uint8Array(0);
  if (!isCloseCode(code)) {
    throw new RangeError(`close code ${code} must not be sent`);
  }
  const payload = new Uint8Array(2 + MAX_REASON);
  new DataView(payload.buffer).setUint16(0, code);
  const { written } = encoder.encodeInto(reason, payload.subarray(2));
  return payload.subarray(0, 2 + written);
}

/**
 * Decodes the payload of a close frame (RFC 6455, 5.5.1).
 * @param payload 0 to 125 bytes, unmasked.
 * @throws {ProtocolError} 1002 if one byte long or with a code that must not appear, 1007 if the reason is not UTF-8.
 */
export function decodeClose(payload: Uint8Array): CloseReason {
  if (payload.length === 0) return { code: CloseCode.NoStatus, reason: "" };
  // 5.5.1: "the first two bytes of the body MUST be a 2-byte unsigned integer".
  if (payload.length === 1) {
    throw new ProtocolError(
      CloseCode.ProtocolError,
      "close payload of one byte",
    );
  }
  const code = payload[0]! << 8 | payload[1]!;
  if (!isCloseCode(code)) {
    throw new ProtocolError(
      CloseCode.ProtocolError,
      `close code ${code} must not be sent`,
    );
  }
  try {
    return { code, reason: decoder.decode(payload.subarray(2)) };
  } catch {
    // 5.5.1: the reason is "UTF-8-encoded data".
    throw new ProtocolError(CloseCode.InvalidData, "close reason is not UTF-8");
  }
}

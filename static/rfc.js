// The sentences of the RFCs that a field or a step stands on, word for word (without the marks that the text has for
// terms: _Fail_).

export const rfc = {
  fin: [
    "RFC 6455, 5.2",
    "Indicates that this is the final fragment in a message. The first fragment MAY also be the final fragment.",
  ],
  rsv1: [
    "RFC 7692, 6",
    "This document allocates the RSV1 bit of the WebSocket header for PMCEs and calls the bit the “Per-Message Compressed” bit.",
  ],
  rsv: [
    "RFC 6455, 5.2",
    "MUST be 0 unless an extension is negotiated that defines meanings for non-zero values.",
  ],
  opcode: [
    "RFC 6455, 5.2",
    "Defines the interpretation of the “Payload data”. If an unknown opcode is received, the receiving endpoint MUST Fail the WebSocket Connection.",
  ],
  mask: [
    "RFC 6455, 5.2",
    "Defines whether the “Payload data” is masked. […] All frames sent from client to server have this bit set to 1.",
  ],
  noMask: ["RFC 6455, 5.1", "A server MUST NOT mask any frames that it sends to the client."],
  length: [
    "RFC 6455, 5.2",
    "if 0-125, that is the payload length. If 126, the following 2 bytes interpreted as a 16-bit unsigned integer are the payload length. If 127, the following 8 bytes interpreted as a 64-bit unsigned integer […] are the payload length.",
  ],
  length16: [
    "RFC 6455, 5.2",
    "Multibyte length quantities are expressed in network byte order. Note that in all cases, the minimal number of bytes MUST be used to encode the length.",
  ],
  key: [
    "RFC 6455, 5.2",
    "All frames sent from the client to the server are masked by a 32-bit value that is contained within the frame.",
  ],
  payload: [
    "RFC 6455, 5.2",
    "The “Payload data” is defined as “Extension data” concatenated with “Application data”.",
  ],
  masking: [
    "RFC 6455, 5.3",
    "Octet i of the transformed data (“transformed-octet-i”) is the XOR of octet i of the original data (“original-octet-i”) with octet at index i modulo 4 of the masking key (“masking-key-octet-j”).",
  ],
  close: [
    "RFC 6455, 5.5.1",
    "If there is a body, the first two bytes of the body MUST be a 2-byte unsigned integer (in network byte order) representing a status code.",
  ],
  mustMask: [
    "RFC 6455, 5.1",
    "The server MUST close the connection upon receiving a frame that is not masked.",
  ],
  mustBeUtf8: [
    "RFC 6455, 8.1",
    "When an endpoint is to interpret a byte stream as UTF-8 but finds that the byte stream is not, in fact, a valid UTF-8 stream, that endpoint MUST Fail the WebSocket Connection.",
  ],
  rsvSet: [
    "RFC 6455, 5.2",
    "If a nonzero value is received and none of the negotiated extensions defines the meaning of such a nonzero value, the receiving endpoint MUST Fail the WebSocket Connection.",
  ],
  tooBig: [
    "RFC 6455, 7.4.1",
    "1009 indicates that an endpoint is terminating the connection because it has received a message that is too big for it to process.",
  ],
  control: [
    "RFC 6455, 5.5",
    "All control frames MUST have a payload length of 125 bytes or less and MUST NOT be fragmented.",
  ],
  fragments: [
    "RFC 6455, 5.4",
    "A fragmented message consists of a single frame with the FIN bit clear and an opcode other than 0, followed by zero or more frames with the FIN bit clear and the opcode set to 0, and terminated by a single frame with the FIN bit set and an opcode of 0.",
  ],
  noStatus: [
    "RFC 6455, 7.4.1",
    "1005 is a reserved value and MUST NOT be set as a status code in a Close control frame by an endpoint.",
  ],
  ping: [
    "RFC 6455, 5.5.2",
    "Upon receipt of a Ping frame, an endpoint MUST send a Pong frame in response, unless it already received a Close frame.",
  ],
  pong: [
    "RFC 6455, 5.5.3",
    "A Pong frame sent in response to a Ping frame must have identical “Application data” as found in the message body of the Ping frame being replied to.",
  ],
};

/** The quotation that fits a field of a frame that goes one way. */
export function quotation(id, frame, dir) {
  if (id === "rsv1" && frame.rsv[0]) return rfc.rsv1;
  if (id.startsWith("rsv")) return rfc.rsv;
  if (id === "mask") return frame.masked ? rfc.mask : dir === "in" ? rfc.mustMask : rfc.noMask;
  if (id === "length64") return rfc.length16;
  return rfc[id];
}

/** The frames of RFC 6455, 5.7: what is shown where the wire is not to be seen. */
export const examples = [
  ["out", "810548656c6c6f"],
  ["in", "818537fa213d7f9f4d5158"],
  ["out", "010348656c"],
  ["out", "80026c6f"],
  ["out", "890548656c6c6f"],
  ["in", "8a8537fa213d7f9f4d5158"],
];

/**
 * The codec: frames, masking, close codes and UTF-8 of WebSocket (RFC 6455), without a socket.
 *
 * ```ts
 * import { encodeFrame, Opcode } from "@kodama/kodama/codec";
 *
 * const frame = encodeFrame(Opcode.Text, new TextEncoder().encode("hi"));
 * console.log(frame); // Uint8Array(4) [ 129, 2, 104, 105 ]
 * ```
 *
 * @module
 */
export * from "./websocket/close.ts";
export * from "./websocket/frame.ts";
export { rotateKey, unmask, unmaskWords } from "./websocket/unmask.ts";
export * from "./websocket/utf8.ts";

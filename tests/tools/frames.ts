/**
 * The client's side of the wire: frames that are masked, or wrong on purpose, and a way to feed them.
 * @module
 */
import { Input } from "../../lib/websocket/input.ts";
import type { ProtocolEvents } from "../../lib/websocket/events.ts";
import { Protocol } from "../../lib/websocket/protocol.ts";
import type { PermessageDeflate } from "../../lib/websocket/deflate.ts";
import type { MessageLimits } from "../../lib/websocket/message.ts";
import { concat, hex, toHex, utf8 } from "./bytes.ts";

/** The masking key of the RFC's examples (RFC 6455, 5.7). */
export const KEY = hex("37 fa 21 3d");

/** How a payload length is written: in 7 bits, in 16 behind 126, or in 64 behind 127. */
export type LengthForm = 7 | 16 | 64;

/** The shortest form of a length. */
export function shortest(length: number): LengthForm {
  return length <= 125 ? 7 : length <= 65535 ? 16 : 64;
}

/** Payload XOR key, as RFC 6455, 5.3 defines it; a copy. */
export function masked(payload: Uint8Array, key: Uint8Array = KEY): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(payload, (octet, i) => octet ^ key[i % 4]!);
}

/** The header of a client's frame: FIN, reserved bits and opcode in the first byte. */
export function clientHeader(
  first: number,
  length: number | bigint,
  form: LengthForm = shortest(Number(length)),
  key: Uint8Array = KEY,
): Uint8Array<ArrayBuffer> {
  const digits = BigInt(length).toString(16);
  if (form === 7) return concat(Uint8Array.of(first, 0x80 | Number(length)), key);
  const extended = hex(digits.padStart(form / 4, "0"));
  return concat(Uint8Array.of(first, form === 16 ? 0xfe : 0xff), extended, key);
}

/** A whole frame of a client. */
export function clientFrame(
  first: number,
  payload: Uint8Array,
  key: Uint8Array = KEY,
  form: LengthForm = shortest(payload.length),
): Uint8Array<ArrayBuffer> {
  return concat(clientHeader(first, payload.length, form, key), masked(payload, key));
}

/** A close frame of a client. */
export function clientClose(code?: number, reason = ""): Uint8Array<ArrayBuffer> {
  if (code === undefined) return clientFrame(0x88, new Uint8Array(0));
  const payload = concat(Uint8Array.of(code >> 8, code & 0xff), utf8(reason));
  return clientFrame(0x88, payload);
}

/** A long payload in a log: its length and a checksum (FNV-1a). */
function summary(payload: Uint8Array): string {
  if (payload.length <= 200) return toHex(payload);
  let hash = 0x811c9dc5;
  for (const byte of payload) hash = Math.imul(hash ^ byte, 0x01000193);
  return `${payload.length} bytes, ${(hash >>> 0).toString(16)}`;
}

/** A log line for a message. */
export function said(opcode: number, payload: Uint8Array): string {
  return `${opcode === 1 ? "text" : "binary"} ${summary(payload)}`;
}

/** A log line for a frame that the server wrote. */
export function wrote(first: number, payload: Uint8Array): string {
  return `wrote ${first.toString(16)} ${summary(payload)}`;
}

/** A protocol whose events and frames are written down in the order in which they came. */
export interface Recorded {
  /** What is watched. */
  protocol: Protocol;
  /** One line for each event and each frame. */
  log: string[];
}

/** Limits that no test meets by accident. */
export const ROOMY: MessageLimits = { maxMessage: 1 << 20, maxFragments: 1000 };

/**
 * Begins to record a new protocol; `events` are called after their line is written.
 * @param deflate The extension, where it was agreed on.
 */
export function record(
  limits: MessageLimits = ROOMY,
  events: Partial<ProtocolEvents> = {},
  deflate?: PermessageDeflate,
): Recorded {
  const log: string[] = [];
  const protocol = new Protocol(
    { frame: (first, payload) => log.push(wrote(first, payload)) },
    {
      message(payload, opcode) {
        log.push(said(opcode, payload));
        events.message?.(payload, opcode);
      },
      ping(payload) {
        log.push(`ping ${summary(payload)}`);
        events.ping?.(payload);
      },
      pong(payload) {
        log.push(`pong ${summary(payload)}`);
        events.pong?.(payload);
      },
    },
    limits,
    deflate,
  );
  return { protocol, log };
}

/** Feeds bytes, cut before each index of `cuts` (ascending), as they would come from a socket. */
export function drive(
  protocol: Protocol,
  bytes: Uint8Array,
  cuts: Iterable<number> = [],
): void {
  const input = new Input();
  let at = 0;
  for (const cut of [...cuts, bytes.length]) {
    input.append(bytes.subarray(at, cut));
    do protocol.receive(input); while (protocol.busy);
    at = cut;
  }
  input.dispose();
}

/** What a fresh protocol makes of bytes: its log, and its end as the last line. */
export function outcome(
  bytes: Uint8Array,
  cuts: Iterable<number> = [],
  limits: MessageLimits = ROOMY,
  deflate?: PermessageDeflate,
): string[] {
  const { protocol, log } = record(limits, {}, deflate);
  drive(protocol, bytes, cuts);
  return [...log, ended(protocol)];
}

/** How a protocol stands, in one line. */
export function ended({ state, ending }: Protocol): string {
  if (ending === undefined) return state;
  return `${state} ${ending.code}${ending.clean ? " clean" : ""} ${ending.reason}`;
}

/** Every index from 1 to the one before the end. */
export function everyCut(bytes: Uint8Array): number[] {
  return Array.from({ length: Math.max(0, bytes.length - 1) }, (_, i) => i + 1);
}

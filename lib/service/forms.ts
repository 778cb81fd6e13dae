/**
 * The forms in which messages leave: WebSocket frames, plain and compressed, and Server-Sent Events.
 * @module
 */
import type { Loss } from "../hub/cursor.ts";
import { envelope, type Form, type Message } from "../hub/message.ts";
import { encodeChunk } from "../http/response.ts";
import { pusherEvent } from "../pusher/event.ts";
import { deflate, MAX_DEFLATED } from "../websocket/deflate.ts";
import { encodeFrame, FIN, headerSize, Opcode, RSV1, writeHeader } from "../websocket/frame.ts";

/** Of a message, what goes into a frame. */
export type Mode =
  /** Its body. */
  | "raw"
  /** Its JSON, with id and channel. */
  | "envelope"
  /** The event of the Pusher protocol that it is. */
  | "pusher";

const PLAIN: Record<Mode, number> = { raw: 1, envelope: 2, pusher: 31 };
/** Compressed forms have a slot for each window. */
const DEFLATED: Record<Mode, number> = { raw: 3, envelope: 10, pusher: 32 };
const SMALLEST_WINDOW = 9;
const EVENT = 17, CHUNKED_EVENT = 18, HEADER = 19, BODY_EVENT = 20, CHUNKED_BODY_EVENT = 21;

function content(mode: Mode, message: Message): { opcode: number; payload: Uint8Array } {
  if (mode === "envelope") return { opcode: Opcode.Text, payload: message.as(envelope) };
  if (mode === "pusher") return { opcode: Opcode.Text, payload: message.as(pusherEvent) };
  const opcode = message.kind === "binary" ? Opcode.Binary : Opcode.Text;
  return { opcode, payload: message.body };
}

/** The header of a frame that holds a message's body: who is sent the body behind it needs no copy of that. */
export const header: Form = {
  slot: HEADER,
  encode({ kind, body }) {
    const opcode = kind === "binary" ? Opcode.Binary : Opcode.Text;
    const bytes = new Uint8Array(headerSize(body.length));
    writeHeader(bytes, 0, FIN | opcode, body.length);
    return bytes;
  },
};

/** Forms of frames, each for a mode and a window. */
export type FrameForms = (mode: Mode, windowBits: number) => Form;

/**
 * Makes the forms of frames.
 * @param threshold Smallest payload that is compressed, in bytes.
 * @returns A function of the mode and of the window, 9 to 15; 0: not compressed.
 */
export function frameForms(threshold: number): FrameForms {
  const plain = (mode: Mode): Form => ({
    slot: PLAIN[mode],
    encode(message) {
      const { opcode, payload } = content(mode, message);
      return encodeFrame(opcode, payload);
    },
  });
  const deflated = (mode: Mode, windowBits: number): Form => ({
    slot: DEFLATED[mode] + windowBits - SMALLEST_WINDOW,
    encode(message) {
      const { opcode, payload } = content(mode, message);
      if (payload.length >= threshold && payload.length <= MAX_DEFLATED) {
        const small = deflate(payload, windowBits);
        if (small.length < payload.length) return encodeFrame(opcode, small, FIN | RSV1);
      }
      return message.as(plain(mode));
    },
  });
  const forms = new Map<number, Form>();
  return (mode, windowBits) => {
    const form = windowBits === 0 ? plain(mode) : deflated(mode, windowBits);
    return forms.get(form.slot) ?? (forms.set(form.slot, form), form);
  };
}

/** What an envelope says of what may be missing: always whether, and where something is, where and why. */
export function gaps({ lost }: { lost: ReadonlyMap<string, Loss> }): {
  gap: boolean;
  lost?: Record<string, Loss>;
} {
  return lost.size === 0 ? { gap: false } : { gap: true, lost: Object.fromEntries(lost) };
}

const encoder = new TextEncoder();

/** An event of Server-Sent Events: the envelope as data, the cursor as id. */
export const event: Form = {
  slot: EVENT,
  encode: (message) => encodeEvent(message.toJSONText(), message.id),
};

/** The same as one chunk of a body (RFC 9112, 7.1). */
export const chunkedEvent: Form = {
  slot: CHUNKED_EVENT,
  encode: (message) => encodeChunk(event.encode(message)),
};

/** An event that is not of the sequence: it leaves the browser's `Last-Event-ID` as it is. */
export const bodyEvent: Form = {
  slot: BODY_EVENT,
  encode: ({ body }) => concat([encoder.encode("data: "), body, encoder.encode("\n\n")]),
};

/** The same as one chunk of a body. */
export const chunkedBodyEvent: Form = {
  slot: CHUNKED_BODY_EVENT,
  encode: (message) => encodeChunk(bodyEvent.encode(message)),
};

function concat(parts: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/**
 * Encodes an event (HTML, 9.2.6).
 * @param data One line.
 * @param id What the browser sends as `Last-Event-ID` when it comes back.
 */
export function encodeEvent(data: string, id: string): Uint8Array {
  return encoder.encode(`id: ${id}\ndata: ${data}\n\n`);
}

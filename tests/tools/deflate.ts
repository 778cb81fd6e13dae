/**
 * Compression as another implementation does it, and a way to run the one under test to its end.
 * @module
 */
import { Buffer } from "node:buffer";
import { constants, createDeflateRaw, deflateRawSync, inflateRawSync } from "node:zlib";
import { type Inflater, PermessageDeflate } from "../../lib/websocket/deflate.ts";
import type { DeflateParameters } from "../../lib/websocket/negotiate.ts";
import { concat, utf8 } from "./bytes.ts";

/** What a flush ends with, which is not sent (RFC 7692, 7.2.1). */
export const TAIL = Uint8Array.of(0x00, 0x00, 0xff, 0xff);

/** What is agreed on in mode `shared` with a client that compresses each message by itself. */
export const SHARED: DeflateParameters = {
  serverNoContextTakeover: true,
  clientNoContextTakeover: true,
  serverMaxWindowBits: 15,
  clientMaxWindowBits: 15,
};
/** What is agreed on in mode `takeover` with a client that asks for nothing. */
export const TAKEOVER: DeflateParameters = {
  serverNoContextTakeover: false,
  clientNoContextTakeover: false,
  serverMaxWindowBits: 15,
  clientMaxWindowBits: 15,
};
/** What is agreed on in mode `shared` with a client that offers no more than its window. */
export const SMALL: DeflateParameters = {
  serverNoContextTakeover: true,
  clientNoContextTakeover: false,
  serverMaxWindowBits: 15,
  clientMaxWindowBits: 10,
};

/** The extension on a connection; it compresses all that it may, however small. */
export function agreed(parameters: DeflateParameters, threshold = 0): PermessageDeflate {
  return new PermessageDeflate(parameters, threshold);
}

/** A message as zlib compresses it by itself: the payload of a frame with RSV1. */
export function zlibDeflate(
  message: Uint8Array,
  options: { windowBits?: number; level?: number } = {},
): Uint8Array {
  const flushed = deflateRawSync(message, { finishFlush: constants.Z_SYNC_FLUSH, ...options });
  return new Uint8Array(flushed.subarray(0, -TAIL.length));
}

/** Messages as zlib compresses them one with the context of the other. */
export async function zlibDeflateAll(
  messages: Uint8Array[],
  windowBits = 15,
): Promise<Uint8Array[]> {
  const stream = createDeflateRaw({ windowBits });
  const payloads: Uint8Array[] = [];
  for (const message of messages) {
    const parts: Uint8Array[] = [];
    const take = (part: Buffer) => parts.push(new Uint8Array(part));
    stream.on("data", take);
    stream.write(Buffer.from(message));
    await new Promise<void>((done) => stream.flush(constants.Z_SYNC_FLUSH, () => done()));
    stream.off("data", take);
    payloads.push(concat(...parts).subarray(0, -TAIL.length));
  }
  stream.close();
  return payloads;
}

/** What zlib makes of payloads that follow each other on one connection. */
export function zlibInflate(payloads: Uint8Array[], windowBits = 15): Uint8Array {
  const stream = concat(...payloads.flatMap((payload) => [payload, TAIL]));
  const finishFlush = constants.Z_SYNC_FLUSH;
  return new Uint8Array(inflateRawSync(stream, { finishFlush, windowBits }));
}

/** Inflates a message; `look` is shown how large it is after each step. */
export function inflateAll(
  inflater: Inflater,
  payload: Uint8Array,
  limit = 1 << 20,
  look: (size: number) => void = () => {},
): Uint8Array {
  inflater.begin(payload, limit);
  try {
    for (let done = false; !done;) {
      try {
        done = inflater.step();
      } finally {
        look(inflater.message.length);
      }
    }
    return inflater.message.slice();
  } finally {
    inflater.end();
  }
}

/** What a forecaster might add. */
const PROSE = "Fog in the valleys until noon, then fair; a light breeze from the north-west. " +
  "Towards evening clouds gather over the hills, and rain is likely before midnight.";

/** JSON of so many bytes, 200 or more, as a service might push it. */
export function json(size: number): Uint8Array<ArrayBuffer> {
  const cities = ["Kyoto", "Lisboa", "Nairobi", "Oslo", "Quito", "Wien"];
  const rows: string[] = [];
  let left = size - '{"channel":"weather","readings":[],"note":""}'.length;
  for (let i = 0; left > 110; i++) {
    const row = JSON.stringify({
      id: 48_213 + i,
      city: cities[i % cities.length],
      time: new Date(1.76e12 + i * 60_000).toISOString(),
      temperature: Math.round(Math.sin(i * 1.7) * 300) / 10,
      humidity: 40 + i * 37 % 55,
    });
    left -= row.length + (i > 0 ? 1 : 0);
    rows.push(row);
  }
  return utf8(`{"channel":"weather","readings":[${rows}],"note":"${PROSE.slice(0, left)}"}`);
}

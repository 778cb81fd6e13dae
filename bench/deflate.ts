/**
 * Compression of JSON, as work to measure: `shared`, each message by itself, and `takeover`, with those before it.
 * @module
 */
import { deflate, Deflater, Inflater } from "../lib/websocket/deflate.ts";
import { json } from "../tests/tools/deflate.ts";
import type { Work } from "./codec.ts";

/** Message lengths, in bytes. */
export const JSON_SIZES = [1024, 64 * 1024];
/** The ways to compress. */
export const MODES = ["shared", "takeover"] as const;
type Mode = (typeof MODES)[number];

/** Compresses one message. */
export function deflating(mode: Mode, size: number): Work {
  const message = json(size);
  const deflater = new Deflater(15);
  return {
    name: `deflate ${mode}`,
    size,
    frames: 1,
    run: () => void (mode === "shared" ? deflate(message) : deflater.deflate(message)),
  };
}

/** Inflates one message. */
export function inflating(mode: Mode, size: number): Work {
  const message = json(size);
  const deflater = new Deflater(15);
  const inflater = new Inflater(mode === "takeover");
  const read = (payload: Uint8Array) => {
    inflater.begin(payload, size);
    while (!inflater.step());
    if (inflater.message.length !== size) throw new Error(`${inflater.message.length} bytes`);
    inflater.end();
  };
  if (mode === "takeover") read(deflater.deflate(message));
  // With context it refers to the message before, which is the same each time.
  const payload = mode === "takeover" ? deflater.deflate(message) : deflate(message);
  return { name: `inflate ${mode}`, size, frames: 1, run: () => read(payload) };
}

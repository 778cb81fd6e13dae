/**
 * Frames a second and MB/s of the codec: `deno run bench/codec.ts`. Decoding is `Protocol.receive` of
 * masked binary frames; encoding is `Outbox.frame` into a sink that takes everything at once. Compression is of JSON,
 * and its MB are those of the message.
 * @module
 */
import { Clock } from "../lib/net/clock.ts";
import { Outbox } from "../lib/net/outbox.ts";
import { FIN, Opcode, writeHeader } from "../lib/websocket/frame.ts";
import { Input } from "../lib/websocket/input.ts";
import { Protocol } from "../lib/websocket/protocol.ts";
import { deflating, inflating, JSON_SIZES, MODES } from "./deflate.ts";

/** Payload lengths, in bytes. */
export const SIZES = [20, 125, 1024, 64 * 1024];
/** What one read or one write moves, about, in bytes. */
const BATCH = 64 * 1024;

/** Something to measure. */
export interface Work {
  /** What it does. */
  name: string;
  /** Payload of one frame, in bytes. */
  size: number;
  /** Frames of one run. */
  frames: number;
  /** Does it once. */
  run(): void | Promise<void>;
}

function framesOf(size: number): number {
  return Math.max(1, Math.floor(BATCH / size));
}

/** Decodes as many masked frames as one read may bring. Unmasking them again masks them: the same bytes serve each run. */
export function decode(size: number): Work {
  const frames = framesOf(size);
  const input = new Input();
  const header = new Uint8Array(14);
  // As a server's header, with the mask bit, and a key behind it.
  const keyAt = writeHeader(header, 0, FIN | Opcode.Binary, size);
  header[1]! |= 0x80;
  header.set([0x37, 0xfa, 0x21, 0x3d], keyAt);
  const payload = crypto.getRandomValues(new Uint8Array(size));
  for (let i = 0; i < frames; i++) {
    input.append(header.subarray(0, keyAt + 4));
    input.append(payload);
  }
  const end = input.end;
  const limits = { maxMessage: 1 << 20, maxFragments: 1 };
  let seen = 0;
  const protocol = new Protocol(
    { frame() {} },
    { message: (bytes) => seen += bytes.length },
    limits,
  );
  return {
    name: "decode",
    size,
    frames,
    run() {
      seen = 0;
      input.start = 0;
      input.end = end;
      protocol.receive(input);
      if (seen !== frames * size) throw new Error(`decoded ${seen} bytes of ${frames * size}`);
    },
  };
}

/** Encodes as many frames as may leave in one write. */
export function encode(size: number): Work {
  const frames = framesOf(size);
  const payload = crypto.getRandomValues(new Uint8Array(size));
  const clock = new Clock(1000);
  clock.stop();
  const outbox = new Outbox({ write: (bytes) => Promise.resolve(bytes.length) }, clock);
  return {
    name: "encode",
    size,
    frames,
    run() {
      for (let i = 0; i < frames; i++) outbox.frame(FIN | Opcode.Binary, payload);
      return outbox.drained();
    },
  };
}

/** Runs for about `ms`, after a tenth of that to warm up. Returns runs a second. */
async function measure(work: Work, ms: number): Promise<number> {
  for (const duration of [ms / 10, ms]) {
    const begin = performance.now();
    let runs = 0, elapsed = 0;
    do {
      await work.run();
      runs++;
      elapsed = performance.now() - begin;
    } while (elapsed < duration);
    if (duration === ms) return runs / elapsed * 1000;
  }
  throw new RangeError("no time to measure in");
}

if (import.meta.main) {
  const works = [
    ...[decode, encode].flatMap((make) => SIZES.map(make)),
    ...[deflating, inflating].flatMap((make) =>
      MODES.flatMap((mode) => JSON_SIZES.map((size) => make(mode, size)))
    ),
  ];
  console.log("work             payload B      frames/s       MB/s");
  for (const work of works) {
    const frames = await measure(work, 300) * work.frames;
    const megabytes = frames * work.size / 1e6;
    console.log(
      work.name.padEnd(16),
      String(work.size).padStart(9),
      frames.toFixed(0).padStart(13),
      megabytes.toFixed(0).padStart(10),
    );
  }
}

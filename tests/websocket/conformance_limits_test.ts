/** Groups 9 and 10 of the Autobahn suite, made anew: large messages, many fragments, small pieces. */
import { assert, assertEquals } from "@std/assert";
import { Input } from "../../lib/websocket/input.ts";
import { Protocol } from "../../lib/websocket/protocol.ts";
import { noise, utf8 } from "../tools/bytes.ts";
import { clientHeader } from "../tools/frames.ts";

const KiB = 1024, MiB = 1024 * KiB;
/** A masking key of zeros, under which the payload can be sent without a copy. */
const ZERO = new Uint8Array(4);
const PATTERN = utf8("BAsd7&jh23");

/** A text of so many bytes. */
function text(size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let i = 0; i < size; i++) bytes[i] = PATTERN[i % PATTERN.length]!;
  return bytes;
}

/** Sends a message in fragments of one size to an echo, in pieces of another, and asserts that it comes back. */
function echoes(message: Uint8Array, opcode: number, fragment: number, piece = 64 * KiB) {
  let written: Uint8Array | undefined, first = 0;
  const protocol: Protocol = new Protocol(
    {
      frame(bits, payload) {
        assertEquals(written, undefined);
        first = bits;
        written = payload.slice();
      },
    },
    { message: (payload, opcode) => void protocol.send(payload, opcode) },
    { maxMessage: 64 * MiB, maxFragments: 100_000 },
  );
  const input = new Input();
  const feed = (bytes: Uint8Array) => {
    for (let at = 0; at < bytes.length; at += piece) {
      input.append(bytes.subarray(at, at + piece));
      protocol.receive(input);
    }
  };
  for (let at = 0; at < message.length || at === 0; at += fragment) {
    const payload = message.subarray(at, at + fragment);
    const fin = at + fragment >= message.length ? 0x80 : 0;
    feed(clientHeader(fin | (at === 0 ? opcode : 0), payload.length, undefined, ZERO));
    feed(payload);
  }
  assertEquals([protocol.state, input.length, first], ["open", 0, 0x80 | opcode]);
  // An assertion on so many elements would take seconds.
  assert(written?.length === message.length && message.every((byte, i) => byte === written![i]));
  input.dispose();
}

/** By the suite's number: 9.1 and 9.3 are texts, 9.2 and 9.4 binary. */
const whole: [number: string, size: number][] = [
  ["1", 64 * KiB],
  ["2", 256 * KiB],
  ["3", MiB],
  ["4", 4 * MiB],
  ["5", 8 * MiB],
];
for (const [number, size] of whole) {
  Deno.test(`Autobahn 9.1.${number}: Protocol echoes a text of ${size} bytes`, () => {
    echoes(text(size), 1, Infinity);
  });
  Deno.test(`Autobahn 9.2.${number}: Protocol echoes a binary message of ${size} bytes`, () => {
    echoes(noise(size), 2, Infinity);
  });
}
Deno.test("Autobahn 9.2.6: Protocol echoes a binary message of 16 MiB, whole and in fragments", () => {
  const message = noise(16 * MiB);
  echoes(message, 2, Infinity);
  // Were what is gathered copied for each fragment, this would take a minute.
  echoes(message, 2, 4 * KiB);
});

[64, 256, KiB, 4 * KiB, 16 * KiB, 64 * KiB, 256 * KiB, MiB, 4 * MiB].forEach((fragment, i) => {
  Deno.test(`Autobahn 9.3.${i + 1} and 9.4.${i + 1}: Protocol echoes 4 MiB in fragments of ${fragment} bytes`, () => {
    echoes(text(4 * MiB), 1, fragment);
    if (i > 0) echoes(noise(4 * MiB), 2, fragment);
  });
});

[64, 128, 256, 512, 1024, 2048].forEach((piece, i) => {
  Deno.test(`Autobahn 9.5.${i + 1} and 9.6.${i + 1}: Protocol echoes 1 MiB that comes in pieces of ${piece} bytes`, () => {
    echoes(text(MiB), 1, Infinity, piece);
    echoes(noise(MiB), 2, Infinity, piece);
  });
});

[0, 16, 64, 256, 1024, 4096].forEach((size, i) => {
  Deno.test(`Autobahn 9.7.${i + 1} and 9.8.${i + 1}: Protocol echoes 1000 messages of ${size} bytes`, () => {
    const message = text(size);
    for (const opcode of [1, 2]) {
      for (let round = 0; round < 1000; round++) echoes(message, opcode, Infinity);
    }
  });
});

Deno.test("Autobahn 10.1.1: Protocol echoes a text of 64 KiB in fragments of 1300 bytes", () => {
  for (const piece of [64 * KiB, 1300, 7]) echoes(text(64 * KiB), 1, 1300, piece);
});

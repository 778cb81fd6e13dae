/** Groups 12 and 13 of the Autobahn suite, made anew and reduced: permessage-deflate with every offer. */
import { assert, assertEquals, assertGreater } from "@std/assert";
import { deflate, Deflater, Inflater, PermessageDeflate } from "../../lib/websocket/deflate.ts";
import { Input } from "../../lib/websocket/input.ts";
import { type DeflateMode, negotiateDeflate } from "../../lib/websocket/negotiate.ts";
import { Protocol } from "../../lib/websocket/protocol.ts";
import { concat, noise, utf8 } from "../tools/bytes.ts";
import { inflateAll, json, zlibInflate } from "../tools/deflate.ts";
import { clientFrame, ROOMY } from "../tools/frames.ts";

/** What the suite's clients offer in 12 and 13, and what its clients may have agreed to. */
const offers: [number: string, offer: string][] = [
  ["12, 13.1", "permessage-deflate"],
  ["13.2", "permessage-deflate; server_no_context_takeover"],
  ["13.3", "permessage-deflate; server_max_window_bits=9"],
  ["13.4", "permessage-deflate; server_max_window_bits=15"],
  ["13.5", "permessage-deflate; server_no_context_takeover; server_max_window_bits=9"],
  ["13.6", "permessage-deflate; server_no_context_takeover; server_max_window_bits=15"],
  [
    "13.7",
    "permessage-deflate; server_no_context_takeover; server_max_window_bits=9, " +
    "permessage-deflate; server_no_context_takeover, permessage-deflate",
  ],
  ["13 with the bound of the client", "permessage-deflate; client_max_window_bits=9"],
  ["13 as browsers offer it", "permessage-deflate; client_max_window_bits"],
  [
    "13 with all of it",
    "permessage-deflate; client_no_context_takeover; client_max_window_bits=10",
  ],
];

/** What the cases of 12 and 13 send: 16 bytes to 128 KiB, and the last ones in fragments. */
const sizes: [size: number, fragment: number][] = [
  [16, 0],
  [64, 0],
  [256, 0],
  [1024, 0],
  [4096, 0],
  [8192, 256],
  [16_384, 0],
  [32_768, 1024],
  [65_536, 0],
  [131_072, 4096],
  [131_072, 0],
];
const MESSAGES = 3;

/** Like the suite's own: text that shrinks well, and bytes that do so in part. */
function content(size: number, i: number): [opcode: number, message: Uint8Array] {
  if (i % 2 === 0) return [1, size < 200 ? utf8("{}, ".repeat(size / 4)) : json(size)];
  return [2, concat(noise(size / 2), new Uint8Array(size / 2).fill(i))];
}

/** A client: what it compresses with, and what it makes of the frames that come back. */
class Client {
  readonly #deflater: Deflater | undefined;
  readonly #bits: number;
  readonly #context: Uint8Array[] | undefined;
  readonly #inflater: Inflater;
  readonly #serverBits: number;

  /** @param answer The server's `Sec-WebSocket-Extensions`. */
  constructor(answer: string) {
    const bits = (side: string) =>
      Number(new RegExp(`${side}_max_window_bits=(\\d+)`).exec(answer)?.[1] ?? 15);
    this.#bits = bits("client");
    this.#serverBits = bits("server");
    const keeps = !answer.includes("server_no_context_takeover");
    if (!answer.includes("client_no_context_takeover")) this.#deflater = new Deflater(this.#bits);
    this.#context = keeps ? [] : undefined;
    this.#inflater = new Inflater(keeps);
  }

  /** A message as frames. */
  send(opcode: number, message: Uint8Array, fragment: number): Uint8Array[] {
    const payload = this.#deflater?.deflate(message) ?? deflate(message, this.#bits);
    const step = fragment || payload.length;
    const frames: Uint8Array[] = [];
    for (let at = 0; at < payload.length; at += step) {
      const first = (at === 0 ? 0x40 | opcode : 0) | (at + step >= payload.length ? 0x80 : 0);
      frames.push(clientFrame(first, payload.subarray(at, at + step)));
    }
    return frames;
  }

  /** A frame as a message, in a window no larger than what was agreed on. */
  receive(first: number, payload: Uint8Array): Uint8Array {
    if ((first & 0x40) === 0) return payload;
    this.#context?.push(payload);
    const message = inflateAll(this.#inflater, payload);
    // The oracle holds the server to its window; it knows no beginning in the middle.
    if (this.#context === undefined) {
      assertEquals(zlibInflate([payload], this.#serverBits).length, message.length);
    }
    return message;
  }

  /** Asks the oracle for all that came with context. */
  check(total: number): void {
    if (this.#context === undefined) return;
    assertEquals(zlibInflate(this.#context, this.#serverBits).length, total);
  }
}

function echoes(mode: DeflateMode, offer: string) {
  const { answer, parameters } = negotiateDeflate(offer, mode)!;
  const client = new Client(answer);
  const back: [first: number, payload: Uint8Array][] = [];
  const protocol: Protocol = new Protocol(
    { frame: (first, payload) => back.push([first, payload.slice()]) },
    { message: (payload, opcode) => void protocol.send(payload, opcode) },
    ROOMY,
    new PermessageDeflate(parameters, 0),
  );
  const input = new Input();
  let compressed = 0, total = 0;
  for (const [size, fragment] of sizes) {
    for (let i = 0; i < MESSAGES; i++) {
      const [opcode, message] = content(size, i);
      for (const frame of client.send(opcode, message, fragment)) {
        input.append(frame);
        do protocol.receive(input); while (protocol.busy);
      }
      assertEquals(back.length, 1);
      const [first, payload] = back.pop()!;
      assertEquals(first & 0xbf, 0x80 | opcode);
      if (first & 0x40) {
        compressed++;
        total += size;
      }
      const echoed = client.receive(first, payload);
      // An assertion on so many elements would take seconds.
      assert(echoed.length === size && message.every((byte, at) => byte === echoed[at]));
    }
  }
  client.check(total);
  assertEquals([protocol.state, input.length], ["open", 0]);
  assertGreater(compressed, sizes.length * MESSAGES * 0.9);
  input.dispose();
}

for (const mode of ["shared", "takeover"] as const) {
  for (const [number, offer] of offers) {
    Deno.test(`Autobahn ${number}: Protocol echoes what is compressed, in mode ${mode}`, () => {
      echoes(mode, offer);
    });
  }
}

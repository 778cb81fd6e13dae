import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  decodeFrame,
  encodeFrame,
  FIN,
  headerSize,
  Opcode,
  RSV1,
  writeHeader,
} from "../../lib/websocket/frame.ts";
import { concat, hex, noise, toHex, utf8 } from "../tools/bytes.ts";
import { KEY, masked } from "../tools/frames.ts";

const empty = new Uint8Array(0);

Deno.test("encodeFrame() writes the RFC's unmasked frames (5.7)", () => {
  const table: [opcode: number, payload: Uint8Array, bits: number | undefined, wire: Uint8Array][] =
    [
      [Opcode.Text, utf8("Hello"), undefined, hex("8105 48656c6c6f")],
      [Opcode.Text, utf8("Hel"), 0, hex("0103 48656c")],
      [Opcode.Continuation, utf8("lo"), FIN, hex("8002 6c6f")],
      [Opcode.Ping, utf8("Hello"), FIN, hex("8905 48656c6c6f")],
      [Opcode.Pong, utf8("Hello"), FIN, hex("8a05 48656c6c6f")],
      [Opcode.Binary, noise(256), undefined, concat(hex("827e0100"), noise(256))],
      [Opcode.Binary, noise(65536), FIN, concat(hex("827f0000000000010000"), noise(65536))],
      // RFC 7692, 7.2.3.1.
      [Opcode.Text, hex("f248cdc9c90700"), FIN | RSV1, hex("c107 f248cdc9c90700")],
      [Opcode.Close, empty, undefined, hex("8800")],
    ];
  for (const [opcode, payload, bits, wire] of table) {
    assertEquals(encodeFrame(opcode, payload, bits), wire);
  }
});

Deno.test("encodeFrame() writes each length in its shortest form (5.2)", () => {
  const table: [length: number, header: string][] = [
    [0, "8200"],
    [1, "8201"],
    [125, "827d"],
    [126, "827e007e"],
    [127, "827e007f"],
    [255, "827e00ff"],
    [256, "827e0100"],
    [65535, "827effff"],
    [65536, "827f0000000000010000"],
    [65537, "827f0000000000010001"],
  ];
  for (const [length, header] of table) {
    const payload = noise(length);
    assertEquals(encodeFrame(Opcode.Binary, payload), concat(hex(header), payload));
    assertEquals(headerSize(length), header.length / 2);
  }
});

Deno.test("encodeFrame() copies the payload", () => {
  const payload = utf8("Hello");
  const frame = encodeFrame(Opcode.Text, payload);
  payload.fill(0);
  assertEquals(toHex(frame), "810548656c6c6f");
});

Deno.test("encodeFrame() throws at a control frame over 125 bytes (5.5)", () => {
  for (const opcode of [Opcode.Close, Opcode.Ping, Opcode.Pong]) {
    assertEquals(encodeFrame(opcode, noise(125)).length, 127);
    assertThrows(() => encodeFrame(opcode, noise(126)), RangeError, "126");
  }
});

Deno.test("writeHeader() writes at any offset, and no further than the header", () => {
  const table: [length: number, header: string][] = [
    [5, "8205"],
    [300, "827e012c"],
    [0x10000, "827f0000000000010000"],
    // Past 32 bits.
    [0xffffffff, "827f00000000ffffffff"],
    [0x100000005, "827f0000000100000005"],
    [Number.MAX_SAFE_INTEGER, "827f001fffffffffffff"],
  ];
  for (const [length, header] of table) {
    for (let at = 0; at < 4; at++) {
      // Not at the start of its buffer either.
      const bytes = new Uint8Array(30).subarray(3).fill(0xee);
      assertEquals(writeHeader(bytes, at, 0x82, length), at + header.length / 2);
      const around = "ee".repeat(at) + header;
      assertEquals(toHex(bytes), around.padEnd(2 * bytes.length, "ee"));
    }
  }
});

Deno.test("what encodeFrame() writes, once masked, decodeFrame() reads", () => {
  const opcode = fc.constantFrom(...Object.values(Opcode));
  const length = fc.oneof(fc.nat(130), fc.constantFrom(65535, 65536, 70000));
  fc.assert(
    fc.property(opcode, length, (opcode, length) => {
      const payload = noise(opcode > 7 ? Math.min(length, 125) : length);
      const wire = encodeFrame(opcode, payload);
      const header = wire.slice(0, wire.length - payload.length);
      header[1]! |= 0x80;
      const bytes = concat(header, KEY, masked(payload));
      assertEquals(decodeFrame(bytes, 70000), {
        frame: { fin: true, rsv1: false, opcode, payload },
        size: wire.length + 4,
      });
    }),
    { numRuns: 150 },
  );
});

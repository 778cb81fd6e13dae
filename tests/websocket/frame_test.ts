import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import fc from "fast-check";
import { ProtocolError } from "../../lib/websocket/close.ts";
import { decodeFrame, FrameHeader, Opcode, readHeader } from "../../lib/websocket/frame.ts";
import { concat, hex, noise, toHex, utf8 } from "../tools/bytes.ts";
import { clientFrame, clientHeader, everyCut, KEY, type LengthForm } from "../tools/frames.ts";

const MAX = 1 << 20;

/** Asserts that bytes are refused with a code, whole and as soon as `size` of them are there, not before. */
function refused(bytes: Uint8Array, code: number, size: number, reason: string, rsv1 = false) {
  for (let end = 0; end < size; end++) {
    assertEquals(decodeFrame(bytes.slice(0, end), MAX, rsv1), undefined, `${end} bytes`);
  }
  for (const end of [size, bytes.length]) {
    const error = assertThrows(() => decodeFrame(bytes.slice(0, end), MAX, rsv1), ProtocolError);
    assertEquals(error.code, code, `${toHex(bytes.slice(0, 14))}: ${error.message}`);
    assertStringIncludes(error.message, reason);
  }
}

/** RFC 6455, 5.7, where a client sends; the others with the key of the first. */
const examples: [
  name: string,
  bytes: Uint8Array,
  fin: boolean,
  opcode: number,
  payload: Uint8Array,
][] = [
  ["masked text", hex("8185 37fa213d 7f9f4d5158"), true, Opcode.Text, utf8("Hello")],
  ["masked pong", hex("8a85 37fa213d 7f9f4d5158"), true, Opcode.Pong, utf8("Hello")],
  ["first fragment", hex("0183 37fa213d 7f9f4d"), false, Opcode.Text, utf8("Hel")],
  ["last fragment", hex("8082 37fa213d 5b95"), true, Opcode.Continuation, utf8("lo")],
  ["ping", hex("8985 37fa213d 7f9f4d5158"), true, Opcode.Ping, utf8("Hello")],
  ["256 bytes", clientFrame(0x82, noise(256)), true, Opcode.Binary, noise(256)],
  ["64 KiB", clientFrame(0x82, noise(65536)), true, Opcode.Binary, noise(65536)],
  ["empty text", hex("8180 37fa213d"), true, Opcode.Text, new Uint8Array(0)],
  ["close with 1000", hex("8882 37fa213d 3412"), true, Opcode.Close, hex("03e8")],
];

for (const [name, bytes, fin, opcode, payload] of examples) {
  Deno.test(`decodeFrame() reads the ${name} of the RFC, and nothing less (5.7)`, () => {
    const cuts = everyCut(bytes);
    // Of a long payload, some bytes at each end.
    const some = cuts.length < 600 ? cuts : [...cuts.slice(0, 40), ...cuts.slice(-5)];
    for (const cut of [0, ...some]) {
      const part = bytes.slice(0, cut);
      assertEquals(decodeFrame(part, MAX), undefined, `${cut} bytes`);
      assertEquals(part, bytes.slice(0, cut), "what is incomplete stays as it is");
    }
    const frame = { fin, rsv1: false, opcode, payload };
    assertEquals(decodeFrame(bytes.slice(), MAX), { frame, size: bytes.length });
    // What follows is not touched.
    const more = concat(bytes, hex("ffffff"));
    assertEquals(decodeFrame(more, MAX), { frame, size: bytes.length });
    assertEquals(more.slice(bytes.length), hex("ffffff"));
  });
}

Deno.test("decodeFrame() gives the payload as a view of the bytes, unmasked in place", () => {
  const bytes = hex("8185 37fa213d 7f9f4d5158");
  const { payload } = decodeFrame(bytes, MAX)!.frame;
  assert(payload.buffer === bytes.buffer);
  assertEquals(bytes, hex("8185 37fa213d 48656c6c6f"));
});

Deno.test("decodeFrame() knows 6 of the 16 opcodes (5.2)", () => {
  const known = [0x0, 0x1, 0x2, 0x8, 0x9, 0xa];
  assertEquals(known, Object.values(Opcode));
  for (let opcode = 0; opcode < 16; opcode++) {
    const bytes = clientFrame(0x80 | opcode, utf8("x"));
    if (known.includes(opcode)) assertEquals(decodeFrame(bytes, MAX)!.frame.opcode, opcode);
    else refused(bytes, 1002, 2, `reserved opcode ${opcode}`);
  }
});

Deno.test("decodeFrame() refuses every reserved bit that no extension gave a meaning (5.2)", () => {
  for (const opcode of Object.values(Opcode)) {
    for (let bits = 1; bits < 8; bits++) {
      refused(clientFrame(0x80 | bits << 4 | opcode, utf8("x")), 1002, 2, "set");
    }
  }
});

Deno.test("decodeFrame() takes a negotiated RSV1 on the first frame of a message only (RFC 7692, 6)", () => {
  for (const opcode of Object.values(Opcode)) {
    for (let bits = 0; bits < 8; bits++) {
      const bytes = clientFrame(0x80 | bits << 4 | opcode, utf8("x"));
      const data = opcode === Opcode.Text || opcode === Opcode.Binary;
      if (bits === 0 || bits === 4 && data) {
        assertEquals(decodeFrame(bytes, MAX, true)!.frame.rsv1, bits === 4);
      } else refused(bytes, 1002, 2, "set", true);
    }
  }
  // Also where the message has more fragments.
  assertEquals(decodeFrame(clientFrame(0x41, utf8("x")), MAX, true)!.frame.rsv1, true);
});

Deno.test("decodeFrame() refuses a frame that is not masked (5.1)", () => {
  for (const opcode of Object.values(Opcode)) {
    refused(concat(Uint8Array.of(0x80 | opcode, 5), utf8("Hello")), 1002, 2, "not masked");
  }
  refused(hex("827e0100"), 1002, 2, "not masked");
  refused(hex("827f0000000000010000"), 1002, 2, "not masked");
});

Deno.test("decodeFrame() takes each length in its shortest form, and refuses the others (5.2)", () => {
  const shortestForm = new Map<number, LengthForm>([
    [0, 7],
    [1, 7],
    [125, 7],
    [126, 16],
    [127, 16],
    [255, 16],
    [256, 16],
    [65535, 16],
    [65536, 64],
    [65537, 64],
  ]);
  for (const [length, shortest] of shortestForm) {
    for (const form of [7, 16, 64] as const) {
      if (form < shortest) continue;
      const bytes = clientFrame(0x82, noise(length), KEY, form);
      if (form > shortest) refused(bytes, 1002, form === 16 ? 4 : 10, "not minimal");
      else {
        const decoded = decodeFrame(bytes, MAX)!;
        assertEquals(decoded.size, (form === 7 ? 6 : form === 16 ? 8 : 14) + length);
        assertEquals(decoded.frame.payload, noise(length), `${length} bytes`);
      }
    }
  }
});

Deno.test("decodeFrame() refuses a length with its top bit set (5.2)", () => {
  for (const length of ["8000000000000000", "8000000000000005", "ffffffffffffffff"]) {
    refused(concat(hex("82ff" + length), KEY), 1002, 10, "top bit");
  }
});

Deno.test("decodeFrame() refuses what is too big at its header, before any payload (7.4.1)", () => {
  for (const length of ["7fffffffffffffff", "0020000000000000", "0000000100000000"]) {
    refused(concat(hex("82ff" + length), KEY, noise(10)), 1009, 14, "too big");
  }
  refused(clientHeader(0x82, MAX + 1), 1009, 14, "too big");
  for (const limit of [0, 125, 126, 65535, 65536]) {
    assertEquals(decodeFrame(clientFrame(0x82, noise(limit)), limit)!.frame.payload.length, limit);
    assertEquals(decodeFrame(clientHeader(0x82, limit), limit)?.size, limit === 0 ? 6 : undefined);
    const error = assertThrows(
      () => decodeFrame(clientHeader(0x82, limit + 1), limit),
      ProtocolError,
    );
    assertEquals(error.code, 1009, `limit ${limit}`);
  }
});

Deno.test("decodeFrame() refuses a control frame over 125 bytes (5.5)", () => {
  for (const opcode of [Opcode.Close, Opcode.Ping, Opcode.Pong]) {
    assertEquals(decodeFrame(clientFrame(0x80 | opcode, noise(125)), MAX)!.size, 131);
    refused(clientFrame(0x80 | opcode, noise(126)), 1002, 2, "over 125");
    refused(clientFrame(0x80 | opcode, noise(65536)), 1002, 2, "over 125");
    refused(clientFrame(0x80 | opcode, noise(5), KEY, 16), 1002, 2, "over 125");
    refused(clientFrame(0x80 | opcode, noise(5), KEY, 64), 1002, 2, "over 125");
  }
});

for (const [name, opcode] of [["close", 8], ["ping", 9], ["pong", 10]] as const) {
  Deno.test(`decodeFrame() refuses a fragmented ${name} (5.5)`, () => {
    refused(clientFrame(opcode, utf8("x")), 1002, 2, "fragmented");
    refused(clientFrame(opcode, new Uint8Array(0)), 1002, 2, "fragmented");
  });
}

Deno.test("readHeader() reads at any offset and leaves the header alone while it is incomplete", () => {
  const wire = clientHeader(0x02, 65536, 64, hex("01 82 03 84"));
  for (let offset = 0; offset < 5; offset++) {
    const bytes = concat(noise(offset), wire, noise(3));
    // Not at the start of its buffer either.
    const shifted = concat(noise(7), bytes).subarray(7);
    for (const where of [bytes, shifted]) {
      const header = new FrameHeader();
      for (let end = offset; end < offset + wire.length; end++) {
        assertEquals(readHeader(where, offset, end, false, header), false);
        assertEquals(header, new FrameHeader());
      }
      assert(readHeader(where, offset, where.length, false, header));
      const { fin, rsv1, opcode, length, key, size } = header;
      assertEquals({ fin, rsv1, opcode, length, size }, {
        fin: false,
        rsv1: false,
        opcode: 2,
        length: 65536,
        size: 14,
      });
      assertEquals(key >>> 0, 0x84038201, "the first byte of the key is its lowest");
    }
  }
});

Deno.test("readHeader() looks at no byte that has not arrived", () => {
  const bytes = hex("82fe ffff ffffffff");
  assertEquals(readHeader(bytes, 0, 3, false, new FrameHeader()), false);
  // Left over from before: a length that would not be minimal.
  assertEquals(readHeader(hex("82fe 0001"), 0, 3, false, new FrameHeader()), false);
  assertEquals(readHeader(hex("82ff ffffffffffffffff"), 0, 9, false, new FrameHeader()), false);
  assertEquals(readHeader(hex("ff 00"), 0, 1, false, new FrameHeader()), false);
});

const key = fc.uint8Array({ minLength: 4, maxLength: 4 });

Deno.test("decodeFrame() gives back what a client sent, for any payload and key", () => {
  const first = fc.constantFrom(0x81, 0x82, 0x80, 0x01, 0x02, 0x00);
  fc.assert(
    fc.property(first, fc.uint8Array({ maxLength: 300 }), key, (first, payload, key) => {
      const bytes = clientFrame(first, payload, key);
      const { frame, size } = decodeFrame(bytes, 300)!;
      assertEquals(frame.payload, payload);
      assertEquals([frame.fin, frame.opcode], [first >= 0x80, first & 0xf]);
      assertEquals(size, bytes.length);
    }),
    { numRuns: 500 },
  );
});

Deno.test("decodeFrame() makes a frame, undefined or a ProtocolError of any bytes", () => {
  const seen = { frame: 0, incomplete: 0, refused: 0 };
  const first = fc.constantFrom(0x81, 0x82, 0x80, 0x01, 0x88, 0x89, 0x8a, 0xc1, 0x0f);
  const second = fc.constantFrom(0x80, 0x85, 0xfd, 0xfe, 0xff, 0x05);
  const anything = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.tuple(first, second, fc.uint8Array({ maxLength: 40 }))
      .map(([a, b, rest]) => concat(Uint8Array.of(a, b), rest)),
  );
  fc.assert(
    fc.property(anything, fc.boolean(), (bytes, rsv1) => {
      try {
        const decoded = decodeFrame(bytes, 1000, rsv1);
        if (decoded === undefined) seen.incomplete++;
        else {
          seen.frame++;
          assertEquals(decoded.size <= bytes.length, true);
          assertEquals(decoded.frame.payload.length < decoded.size, true);
        }
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
        seen.refused++;
        assert(error.code === 1002 || error.code === 1009);
      }
    }),
    { numRuns: 1500 },
  );
  // The property has seen all three.
  assertEquals(Object.values(seen).every((count) => count > 20), true, JSON.stringify(seen));
});

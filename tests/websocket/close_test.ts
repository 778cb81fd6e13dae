import { assertEquals, assertInstanceOf, assertStrictEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  CloseCode,
  decodeClose,
  encodeClose,
  isCloseCode,
  ProtocolError,
} from "../../lib/websocket/close.ts";
import { concat, hex, toHex, utf8 } from "../tools/bytes.ts";

/** RFC 6455, 7.4, and the IANA registry: from, to, whether it may be on the wire. */
const codes: [from: number, to: number, allowed: boolean][] = [
  [0, 999, false], // 7.4.2: "not used"
  [1000, 1003, true],
  [1004, 1004, false], // reserved
  [1005, 1005, false], // no status
  [1006, 1006, false], // abnormal
  [1007, 1011, true],
  [1012, 1014, true], // IANA: service restart, try again later, bad gateway
  [1015, 1015, false], // TLS handshake
  [1016, 2999, false], // for revisions of the RFC, none so far
  [3000, 3999, true], // registered by libraries and frameworks
  [4000, 4999, true], // private
  [5000, 5000, false],
  [65535, 65535, false],
];

function* everyCode(): Generator<[code: number, allowed: boolean]> {
  for (const [from, to, allowed] of codes) {
    for (let code = from; code <= to; code++) yield [code, allowed];
  }
}

function wire(code: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.of(code >> 8, code & 0xff);
}

Deno.test("isCloseCode() knows every code from 0 to 5000 (7.4)", () => {
  let count = 0;
  for (const [code, allowed] of everyCode()) {
    assertEquals(isCloseCode(code), allowed, `code ${code}`);
    count++;
  }
  assertEquals(count, 5002);
});

Deno.test("decodeClose() takes the codes that may appear, and 1002 answers the others (7.4)", () => {
  for (const [code, allowed] of everyCode()) {
    if (allowed) assertEquals(decodeClose(wire(code)), { code, reason: "" });
    else {
      const error = assertThrows(() => decodeClose(wire(code)), ProtocolError);
      assertEquals(error.code, 1002, `code ${code}`);
    }
  }
});

Deno.test("encodeClose() writes the codes that may appear, and throws at the others (7.4)", () => {
  for (const [code, allowed] of everyCode()) {
    if (allowed) assertEquals(encodeClose(code), wire(code));
    else assertThrows(() => encodeClose(code), RangeError, String(code));
  }
});

Deno.test("the codes that Kodama names are those of the registry", () => {
  assertEquals({ ...CloseCode }, {
    Normal: 1000,
    GoingAway: 1001,
    ProtocolError: 1002,
    Unsupported: 1003,
    NoStatus: 1005,
    Abnormal: 1006,
    InvalidData: 1007,
    Policy: 1008,
    TooBig: 1009,
    InternalError: 1011,
    ServiceRestart: 1012,
    TryAgainLater: 1013,
  });
});

Deno.test("ProtocolError carries the code and the reason to send", () => {
  const error = new ProtocolError(1009, "too much");
  assertInstanceOf(error, Error);
  assertStrictEquals(error.name, "ProtocolError");
  assertStrictEquals(error.code, 1009);
  assertStrictEquals(error.message, "too much");
});

Deno.test("decodeClose() reads an empty payload as 1005 (7.1.5)", () => {
  assertEquals(decodeClose(new Uint8Array(0)), { code: 1005, reason: "" });
});

Deno.test("decodeClose() refuses a payload of one byte, whichever (5.5.1)", () => {
  for (let byte = 0; byte < 256; byte++) {
    const error = assertThrows(() => decodeClose(Uint8Array.of(byte)), ProtocolError);
    assertEquals(error.code, 1002);
  }
});

Deno.test("decodeClose() reads the reason (5.5.1)", () => {
  const table: [payload: string, code: number, reason: string][] = [
    ["03e8 627965", 1000, "bye"],
    ["03e9 ceba", 1001, "κ"],
    ["1387 f09f8cb3", 4999, "🌳"],
    ["0bb8 efbbbf61", 3000, "\ufeffa"], // the BOM is kept
    ["03e8 00", 1000, "\0"],
    ["03e8" + "61".repeat(123), 1000, "a".repeat(123)],
  ];
  for (const [payload, code, reason] of table) {
    assertEquals(decodeClose(hex(payload)), { code, reason });
  }
});

Deno.test("decodeClose() answers a reason that is not UTF-8 with 1007 (5.5.1, 8.1)", () => {
  const reasons = {
    "a lone continuation byte": "80",
    "an unfinished character": "62 79 e2 82",
    "an overlong form": "c0 af",
    "an overlong form of three bytes": "e0 80 af",
    "a surrogate": "ed a0 80",
    "past U+10FFFF": "f4 90 80 80",
    "no first byte": "ff",
  };
  for (const [what, reason] of Object.entries(reasons)) {
    const payload = hex("03e8" + reason);
    const error = assertThrows(() => decodeClose(payload), ProtocolError);
    assertEquals(error.code, 1007, what);
  }
});

Deno.test("decodeClose() looks at the code before the reason", () => {
  assertEquals(assertThrows(() => decodeClose(hex("03ed ff")), ProtocolError).code, 1002);
});

Deno.test("encodeClose() without a code has an empty payload (5.5.1)", () => {
  assertEquals(encodeClose(), new Uint8Array(0));
  assertEquals(encodeClose(undefined, "unheard"), new Uint8Array(0));
});

Deno.test("encodeClose() writes code and reason (5.5.1)", () => {
  assertEquals(toHex(encodeClose(1000, "bye")), "03e8627965");
  assertEquals(toHex(encodeClose(4321, "κ")), "10e1ceba");
  // What is no text by itself becomes U+FFFD, so that the frame stays valid.
  assertEquals(toHex(encodeClose(1000, "\ud83d")), "03e8efbfbd");
});

Deno.test("encodeClose() cuts the reason at a character, to the 123 bytes that fit (5.5)", () => {
  const table: [reason: string, kept: string][] = [
    ["a".repeat(123), "a".repeat(123)],
    ["a".repeat(124), "a".repeat(123)],
    ["a".repeat(121) + "é", "a".repeat(121) + "é"],
    ["a".repeat(122) + "é", "a".repeat(122)],
    ["€".repeat(41), "€".repeat(41)],
    ["€".repeat(42), "€".repeat(41)],
    ["a" + "€".repeat(41), "a" + "€".repeat(40)],
    ["aa" + "€".repeat(41), "aa" + "€".repeat(40)],
    ["🌳".repeat(31), "🌳".repeat(30)],
    ["aaa" + "🌳".repeat(30), "aaa" + "🌳".repeat(30)],
    ["aaaa" + "🌳".repeat(30), "aaaa" + "🌳".repeat(29)],
    ["x".repeat(100_000), "x".repeat(123)],
  ];
  for (const [reason, kept] of table) {
    assertEquals(encodeClose(1000, reason), concat(hex("03e8"), utf8(kept)));
  }
});

Deno.test("what encodeClose() writes, decodeClose() reads, for any text", () => {
  const code = fc.integer({ min: 3000, max: 4999 });
  fc.assert(fc.property(code, fc.string({ unit: "binary", maxLength: 80 }), (code, reason) => {
    const payload = encodeClose(code, reason);
    const decoded = decodeClose(payload);
    assertEquals(decoded.code, code);
    assertEquals(reason.startsWith(decoded.reason), true);
    const next = Array.from(reason.slice(decoded.reason.length))[0];
    // Nothing that would have fitted is left out.
    if (next !== undefined) assertEquals(payload.length + utf8(next).length > 125, true);
  }));
});

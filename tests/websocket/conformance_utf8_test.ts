/** Group 6 of the Autobahn suite, made anew: UTF-8, and failing at once. */
import { assertEquals } from "@std/assert";
import { concat, hex, utf8 } from "../tools/bytes.ts";
import { type Case, conformance, conforms, echo, frame, reply } from "../tools/conformance.ts";
import { clientFrame, masked } from "../tools/frames.ts";

const KOSME = utf8("κόσμε");
const EDITED = utf8("edited");
const MIXED = utf8("Hello-µ@ßöäüàá-UTF-8!!");

/** A text in fragments of so many bytes. */
function fragments(text: Uint8Array, size: number): Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (let at = 0; at < text.length; at += size) {
    const fin = at + size >= text.length ? 0x80 : 0;
    frames.push(frame(fin | (at === 0 ? 1 : 0), text.subarray(at, at + size)));
  }
  return frames;
}

const valid = (text: Uint8Array, send = [frame(0x81, text)]) => (): Case => ({
  send,
  replies: [reply(0x81, text)],
});
const surrogate = concat(KOSME, hex("ed a0 80"), EDITED);

conformance({
  "6.1.1": ["echoes an empty text", valid(utf8(""))],
  "6.1.2": [
    "echoes three empty fragments as one empty text",
    valid(utf8(""), [frame(0x01), frame(0x00), frame(0x80)]),
  ],
  "6.1.3": [
    "echoes a fragment between empty ones",
    valid(utf8("middle frame payload"), [
      frame(0x01),
      frame(0x00, "middle frame payload"),
      frame(0x80),
    ]),
  ],
  "6.2.1": ["echoes UTF-8", valid(MIXED)],
  "6.2.2": [
    "echoes UTF-8 in two fragments, cut between characters",
    valid(MIXED, [frame(0x01, "Hello-µ@ßöä"), frame(0x80, "üàá-UTF-8!!")]),
  ],
  "6.2.3": ["echoes UTF-8 in fragments of one byte", valid(MIXED, fragments(MIXED, 1))],
  "6.2.4": ["echoes UTF-8 in fragments of one byte, again", valid(KOSME, fragments(KOSME, 1))],
  "6.3.1": ["fails at a surrogate", () => ({ send: [frame(0x81, surrogate)], fails: 1007 })],
  "6.3.2": ["fails at a surrogate in fragments of one byte", () => ({
    send: fragments(surrogate, 1),
    fails: 1007,
  })],
});

/** 6.4: it is the first impossible byte that fails the connection, not the end of a frame or a message. */
const tooHigh = hex("f4 90 80 80");

/** Asserts that the pieces fail the connection, and that all but the last of them do not. */
function failsAtLast(pieces: Uint8Array[], rest: Uint8Array) {
  assertEquals(echo(pieces.slice(0, -1)), ["open"]);
  for (const behind of [[], [rest]]) {
    const seen = echo([...pieces, ...behind]);
    assertEquals([seen.length, seen[0]!.slice(0, 13), seen[1]], [
      2,
      "wrote 88 03ef",
      "closed 1007",
    ]);
  }
}

Deno.test("Autobahn 6.4.1: Protocol fails at the fragment that is impossible, before the last one", () => {
  failsAtLast([frame(0x01, KOSME), frame(0x00, tooHigh)], frame(0x80, EDITED));
});

Deno.test("Autobahn 6.4.2: Protocol fails at the byte that makes a character impossible", () => {
  failsAtLast(
    [frame(0x01, concat(KOSME, hex("f4"))), frame(0x00, hex("90"))],
    frame(0x80, concat(hex("80 80"), EDITED)),
  );
});

Deno.test("Autobahn 6.4.3: Protocol fails in the middle of a frame that is still arriving", () => {
  const whole = clientFrame(0x81, concat(KOSME, tooHigh, EDITED));
  const [a, b] = [6 + KOSME.length, 6 + KOSME.length + tooHigh.length];
  failsAtLast([whole.subarray(0, a), whole.subarray(a, b)], whole.subarray(b));
});

Deno.test("Autobahn 6.4.4: Protocol fails at the very byte in a frame that is still arriving", () => {
  const whole = clientFrame(0x81, concat(KOSME, tooHigh, EDITED));
  const at = 6 + KOSME.length + 1;
  // Byte by byte, up to the one behind f4.
  const pieces = [...masked(whole, hex("00000000")).subarray(0, at + 1)].map((b) =>
    Uint8Array.of(b)
  );
  failsAtLast(pieces, whole.subarray(at + 1));
});

/** 6.5 to 6.23: texts, and whether they are UTF-8. */
const texts: Record<string, [texts: string[], valid: boolean]> = {
  "6.6 (whole characters of κόσμε)": [
    ["ce ba", "ce ba e1 bd b9", "ce ba e1 bd b9 cf 83", "ce ba e1 bd b9 cf 83 ce bc"],
    true,
  ],
  "6.6 (κόσμε cut within a character)": [
    ["ce", "ce ba e1", "ce ba e1 bd", "ce ba e1 bd b9 cf", "ce ba e1 bd b9 cf 83 ce"],
    false,
  ],
  "6.7 (first of each length)": [["00", "c2 80", "e0 a0 80", "f0 90 80 80"], true],
  "6.8 (first of five and six bytes)": [["f8 88 80 80 80", "fc 84 80 80 80 80"], false],
  "6.9 (last of each length)": [["7f", "df bf", "ef bf bf", "f4 8f bf bf"], true],
  "6.10 (last of four, five and six bytes as once defined)": [
    ["f7 bf bf bf", "fb bf bf bf bf", "fd bf bf bf bf bf"],
    false,
  ],
  "6.11 (around surrogates and the last)": [
    ["ed 9f bf", "ee 80 80", "ef bf bd", "f4 8f bf bf"],
    true,
  ],
  "6.11.5 (past the last)": [["f4 90 80 80"], false],
  "6.12 (continuation bytes alone)": [
    [
      "80",
      "bf",
      ...[2, 3, 4, 5, 6, 7].map((n) => "80 bf ".repeat(4).slice(0, 3 * n)),
      Array.from({ length: 64 }, (_, i) => (0x80 + i).toString(16)).join(" "),
    ],
    false,
  ],
  "6.13 (first bytes alone)": [
    ([[0xc0, 0xdf], [0xe0, 0xef], [0xf0, 0xf7], [0xf8, 0xfb], [0xfc, 0xfd]] as const).map((
      [from, to],
    ) => Array.from({ length: to - from + 1 }, (_, i) => `${(from + i).toString(16)} 20`).join("")),
    false,
  ],
  "6.14 (last byte missing)": [
    [
      "c0",
      "e0 80",
      "f0 80 80",
      "f8 80 80 80",
      "fc 80 80 80 80",
      "df",
      "ef bf",
      "f7 bf bf",
      "fb bf bf bf",
      "fd bf bf bf bf",
    ],
    false,
  ],
  "6.15 (all of these together)": [
    ["c0 e0 80 f0 80 80 f8 80 80 80 fc 80 80 80 80 df ef bf f7 bf bf fb bf bf bf fd bf bf bf bf"],
    false,
  ],
  "6.16 (bytes that are in no character)": [["fe", "ff", "fe fe ff ff"], false],
  "6.17 (slash, overlong)": [
    ["c0 af", "e0 80 af", "f0 80 80 af", "f8 80 80 80 af", "fc 80 80 80 80 af"],
    false,
  ],
  "6.18 (longest overlong)": [
    ["c1 bf", "e0 9f bf", "f0 8f bf bf", "f8 87 bf bf bf", "fc 83 bf bf bf bf"],
    false,
  ],
  "6.19 (NUL, overlong)": [
    ["c0 80", "e0 80 80", "f0 80 80 80", "f8 80 80 80 80", "fc 80 80 80 80 80"],
    false,
  ],
  "6.20 (surrogates alone)": [
    ["ed a0 80", "ed ad bf", "ed ae 80", "ed af bf", "ed b0 80", "ed be 80", "ed bf bf"],
    false,
  ],
  "6.21 (surrogates in pairs)": [
    ["ed a0 80", "ed ad bf", "ed ae 80", "ed af bf"].flatMap((high) =>
      ["ed b0 80", "ed bf bf"].map((low) => `${high} ${low}`)
    ),
    false,
  ],
  "6.22 (noncharacters)": [
    [
      "ef bf be",
      "ef bf bf",
      ...["f0 9f", "f0 af", "f0 bf", "f1 8f", "f1 9f", "f1 af", "f1 bf", "f2 8f", "f2 9f", "f2 af"],
      ...["f2 bf", "f3 8f", "f3 9f", "f3 af", "f3 bf", "f4 8f"],
    ].flatMap((t) => t.length > 6 ? [t] : [`${t} bf be`, `${t} bf bf`]),
    true,
  ],
  "6.23 (specials)": [["b9", "ba", "bb", "bc", "bd", "be", "bf"].map((b) => `ef bf ${b}`), true],
};

for (const [name, [all, good]] of Object.entries(texts)) {
  Deno.test(`Autobahn ${name}: Protocol ${good ? "echoes these" : "fails at these with 1007"}`, () => {
    for (const text of all) {
      const bytes = hex(text);
      for (const send of [[frame(0x81, bytes)], fragments(bytes, 1)]) {
        conforms(good ? { send, replies: [reply(0x81, bytes)] } : { send, fails: 1007 });
      }
    }
  });
}

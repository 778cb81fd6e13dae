/** Group 7 of the Autobahn suite, made anew: the closing handshake. */
import { assertEquals } from "@std/assert";
import { concat, hex, toHex } from "../tools/bytes.ts";
import { conformance, echo, frame, reply } from "../tools/conformance.ts";
import { clientClose, clientFrame, everyCut } from "../tools/frames.ts";

const HELLO = "Hello World!";

conformance({
  "7.1.1": ["echoes a text, then the close", () => ({
    send: [frame(0x81, HELLO)],
    replies: [reply(0x81, HELLO)],
  })],
  "7.1.2": ["answers one of two close frames", () => ({ send: [], after: [clientClose(1000)] })],
  "7.1.3": ["answers no ping behind a close", () => ({ send: [], after: [frame(0x89)] })],
  "7.1.4": ["answers no text behind a close", () => ({ send: [], after: [frame(0x81, HELLO)] })],
  "7.1.5": ["answers a close within a message, and not its rest", () => ({
    send: [frame(0x01, "fragment1")],
    after: [frame(0x80, "fragment2")],
  })],
  "7.1.6": ["echoes 256 KiB and a text before the close, and no ping behind it", () => ({
    send: [frame(0x81, "BAsd7&jh23".repeat(26_214)), frame(0x81, HELLO)],
    replies: [reply(0x81, "BAsd7&jh23".repeat(26_214)), reply(0x81, HELLO)],
    after: [frame(0x89)],
    chops: [997],
  })],
});

/** What a close frame with this payload leads to, however it is cut, and with more behind it. */
function closes(payload: Uint8Array, answer: string, end: string) {
  const bytes = clientFrame(0x88, payload);
  const ways = [[bytes], [...bytes].map((byte) => Uint8Array.of(byte))]
    .concat(everyCut(bytes).map((cut) => [bytes.subarray(0, cut), bytes.subarray(cut)]));
  for (const pieces of ways) {
    for (const behind of [[], [frame(0x89)], [frame(0x81, HELLO), clientClose(1000)]]) {
      const seen = echo([...pieces, ...behind]);
      assertEquals(seen.length, 2);
      assertEquals([seen[0]!.slice(0, "wrote 88 ".length + 4), seen[1]], [
        `wrote 88 ${answer}`,
        end,
      ]);
    }
  }
}

const code = (number: number, reason: Uint8Array = new Uint8Array(0)) =>
  concat(Uint8Array.of(number >> 8, number & 0xff), reason);
const text = (size: number) => new Uint8Array(size).fill(0x2a);
const digits = (number: number) => toHex(code(number));
const BAD = hex("ce ba e1 bd b9 cf 83 ce bc ce b5 ed a0 80 65 64 69 74 65 64");

const closings: Record<string, [what: string, payload: Uint8Array, answer: string, end: string]> = {
  "7.3.1": ["answers an empty close with an empty one", text(0), "", "closed 1005 clean"],
  "7.3.2": ["fails at a close of one byte", text(1), digits(1002), "closed 1002"],
  "7.3.3": ["answers a code", code(1000), digits(1000), "closed 1000 clean"],
  "7.3.4": [
    "answers a code with a reason",
    code(1000, new TextEncoder().encode(HELLO)),
    digits(1000),
    "closed 1000 clean",
  ],
  "7.3.5": [
    "answers a code with the longest reason",
    code(1000, text(123)),
    digits(1000),
    "closed 1000 clean",
  ],
  "7.3.6": [
    "fails at a reason that is too long",
    code(1000, text(124)),
    digits(1002),
    "closed 1002",
  ],
  "7.5.1": [
    "fails at a reason that is not UTF-8",
    code(1000, BAD),
    digits(1007),
    "closed 1007",
  ],
};
[1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999]
  .forEach((number, i) => {
    closings[`7.7.${i + 1}`] = [
      `answers the code ${number}`,
      code(number),
      digits(number),
      `closed ${number} clean`,
    ];
  });
[0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999].forEach((number, i) => {
  closings[`7.9.${i + 1}`] = [
    `fails at the code ${number}`,
    code(number),
    digits(1002),
    "closed 1002",
  ];
});
// The suite leaves these open; here they are codes that must not be sent.
[5000, 65535].forEach((number, i) => {
  closings[`7.13.${i + 1}`] = [
    `fails at the code ${number}`,
    code(number),
    digits(1002),
    "closed 1002",
  ];
});

for (const [number, [what, payload, answer, end]] of Object.entries(closings)) {
  Deno.test(`Autobahn ${number}: Protocol ${what}`, () => closes(payload, answer, end));
}

/** Groups 1 to 5 of the Autobahn suite, made anew: framing, pings, reserved bits and opcodes, fragments. */
import { noise } from "../tools/bytes.ts";
import { type Case, conformance, frame, reply } from "../tools/conformance.ts";

type Cases = Record<string, [what: string, make: () => Case]>;

const cases: Cases = {};

/** 1: one message each of the sizes at which the header changes; the last one cut in pieces of 997 bytes. */
[0, 125, 126, 127, 128, 65535, 65536, 65536].forEach((size, i) => {
  const chops = i === 7 ? [997] : size <= 128 ? [1] : [size >> 1];
  cases[`1.1.${i + 1}`] = [`echoes a text of ${size} bytes`, () => {
    const text = "*".repeat(size);
    return { send: [frame(0x81, text)], replies: [reply(0x81, text)], chops };
  }];
  cases[`1.2.${i + 1}`] = [`echoes a binary message of ${size} bytes`, () => {
    const bytes = new Uint8Array(size).fill(0xfe);
    return { send: [frame(0x82, bytes)], replies: [reply(0x82, bytes)], chops };
  }];
});

/** 2: pings and pongs. */
const ping = (payload: string | Uint8Array = "") => frame(0x89, payload);
const pong = (payload: string | Uint8Array = "") => reply(0x8a, payload);
const binary = Uint8Array.of(0x00, 0xff, 0xfe, 0xfd, 0xfc, 0xfb, 0x00, 0xff);
const longest = new Uint8Array(125).fill(0xfe);
const ten = Array.from({ length: 10 }, (_, i) => `payload-${i}`);
Object.assign(
  cases,
  {
    "2.1": ["answers an empty ping", () => ({ send: [ping()], replies: [pong()] })],
    "2.2": ["answers a ping with its text", () => ({
      send: [ping("Hello, world!")],
      replies: [pong("Hello, world!")],
    })],
    "2.3": ["answers a ping with its bytes", () => ({
      send: [ping(binary)],
      replies: [pong(binary)],
    })],
    "2.4": ["answers a ping of 125 bytes", () => ({
      send: [ping(longest)],
      replies: [pong(longest)],
    })],
    "2.5": ["fails at a ping of 126 bytes", () => ({ send: [ping(noise(126))], fails: 1002 })],
    "2.6": ["answers a ping of 125 bytes that comes byte by byte", () => ({
      send: [ping(longest)],
      replies: [pong(longest)],
      chops: [1, 2, 3],
    })],
    "2.7": ["ignores an empty pong", () => ({ send: [frame(0x8a)] })],
    "2.8": ["ignores a pong with a payload", () => ({
      send: [frame(0x8a, "unsolicited pong payload")],
    })],
    "2.9": ["ignores a pong and answers the ping behind it", () => ({
      send: [frame(0x8a, "unsolicited pong payload"), ping("ping payload")],
      replies: [pong("ping payload")],
    })],
    "2.10": ["answers ten pings in order", () => ({
      send: ten.map((text) => ping(text)),
      replies: ten.map((text) => pong(text)),
    })],
    "2.11": ["answers ten pings in order that come byte by byte", () => ({
      send: ten.map((text) => ping(text)),
      replies: ten.map((text) => pong(text)),
      chops: [1, 5],
    })],
  } satisfies Cases,
);

/** 3 and 4: a good message, the bad frame, and a ping that is not answered any more. */
const HELLO = "Hello, world!";
function failsAfterText(first: number, payload: string | Uint8Array = HELLO): () => Case {
  return () => ({
    send: [frame(0x81, HELLO), frame(first, payload), ping()],
    replies: [reply(0x81, HELLO)],
    fails: 1002,
  });
}
const failsAtOnce = (first: number, payload: string | Uint8Array = HELLO) => (): Case => ({
  send: [frame(first, payload)],
  fails: 1002,
  after: [ping()],
});
Object.assign(
  cases,
  {
    "3.1": ["fails at RSV3 on a text", failsAtOnce(0x91)],
    "3.2": ["fails at RSV2 on a text, behind the echo that it owes", failsAfterText(0xa1)],
    "3.3": ["fails at RSV2 and RSV3, behind the echo that it owes", failsAfterText(0xb1)],
    "3.4": ["fails at RSV1, behind the echo that it owes", failsAfterText(0xc1)],
    "3.5": ["fails at RSV1 and RSV3 on a binary message", failsAtOnce(0xd2, binary)],
    "3.6": ["fails at RSV1 and RSV2 on a ping", failsAtOnce(0xe9)],
    "3.7": ["fails at all reserved bits on a close", failsAtOnce(0xf8, "")],
  } satisfies Cases,
);
[[3, 4, 5, 6, 7], [11, 12, 13, 14, 15]].forEach((opcodes, group) => {
  opcodes.forEach((opcode, i) => {
    const name = `4.${group + 1}.${i + 1}`;
    const payload = i % 2 === 0 ? "" : "reserved opcode payload";
    cases[name] = i < 2
      ? [`fails at the reserved opcode ${opcode}`, failsAtOnce(0x80 | opcode, payload)]
      : [
        `fails at the reserved opcode ${opcode}, behind the echo that it owes`,
        failsAfterText(0x80 | opcode, payload),
      ];
  });
});

/** 5: fragments. Each case is run frame by frame, whole, and byte by byte; the suite numbers that apart. */
const [one, two, three, four, five] = [1, 2, 3, 4, 5].map((n) => `fragment${n}`) as [
  string,
  string,
  string,
  string,
  string,
];
const split = (make: () => Case, what: string, ...numbers: number[]) => {
  numbers.forEach((number, i) => {
    const how = ["", ", frame by frame", ", byte by byte"][i];
    cases[`5.${number}`] = [what + how, () => ({ ...make(), chops: i === 2 ? [1, 3] : [1] })];
  });
};
split(
  () => ({ send: [frame(0x09, one), frame(0x80, two)], fails: 1002 }),
  "fails at a fragmented ping",
  1,
);
split(
  () => ({ send: [frame(0x0a, one), frame(0x80, two)], fails: 1002 }),
  "fails at a fragmented pong",
  2,
);
split(
  () => ({ send: [frame(0x01, one), frame(0x80, two)], replies: [reply(0x81, one + two)] }),
  "echoes a text in two fragments",
  3,
  4,
  5,
);
split(
  () => ({
    send: [frame(0x01, one), ping("ping payload"), frame(0x80, two)],
    replies: [pong("ping payload"), reply(0x81, one + two)],
  }),
  "answers a ping between two fragments, before the echo",
  6,
  7,
  8,
);
split(
  () => ({ send: [frame(0x80, "non-continuation payload"), frame(0x81, HELLO)], fails: 1002 }),
  "fails at a continuation of nothing",
  9,
  10,
  11,
);
split(
  () => ({ send: [frame(0x00, "non-continuation payload"), frame(0x81, HELLO)], fails: 1002 }),
  "fails at a continuation of nothing that is not the last",
  12,
  13,
  14,
);
split(
  () => ({
    send: [frame(0x01, one), frame(0x80, two), frame(0x00, three), frame(0x81, four)],
    replies: [reply(0x81, one + two)],
    fails: 1002,
  }),
  "fails at a continuation behind the last fragment, and echoes what was whole before",
  15,
);
const thrice = (first: number) => (): Case => ({
  send: [0, 1].flatMap(() => [frame(first, one), frame(0x01, two), frame(0x80, three)]),
  fails: 1002,
});
split(thrice(0x00), "fails at a continuation of nothing before a good message", 16);
split(thrice(0x80), "fails at a last continuation of nothing before a good message", 17);
split(
  () => ({ send: [frame(0x01, one), frame(0x81, two)], fails: 1002 }),
  "fails at a text within a text",
  18,
);
split(
  () => ({
    send: [
      frame(0x01, one),
      frame(0x00, two),
      ping("pongme 1!"),
      frame(0x00, three),
      frame(0x00, four),
      ping("pongme 2!"),
      frame(0x80, five),
    ],
    replies: [
      pong("pongme 1!"),
      pong("pongme 2!"),
      reply(0x81, one + two + three + four + five),
    ],
  }),
  "answers pings among five fragments at once",
  19,
  20,
);

conformance(cases);

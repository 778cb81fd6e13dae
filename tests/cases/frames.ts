/**
 * Frames, messages and closes (RFC 6455, 5 to 7), and what is not UTF-8 (8.1).
 * @module
 */
import { concat, hex, utf8 } from "../tools/bytes.ts";
import { clientClose, clientFrame, clientHeader, KEY } from "../tools/frames.ts";
import { type Case, frame, handshake, type Table, text } from "./case.ts";

const ECHO = handshake("/-/echo");
const broken = (why: string) => ["101", `close 1002 ${why}`, "end"];
/** A case at the echo. */
const echo = (what: string, bytes: Uint8Array | Uint8Array[], ...gets: string[]): Case => [
  what,
  concat(ECHO, ...[bytes].flat()),
  ["101", ...gets],
];
const fails = (what: string, why: string, ...bytes: Uint8Array[]): Case => [
  what,
  // Behind it is what must not be answered.
  concat(ECHO, ...bytes, text("behind")),
  broken(why),
];

export const framing: Table = {
  about: "frames",
  cases: [
    fails("an unmasked text", "frame is not masked", hex("81 05 48 65 6c 6c 6f")),
    fails("an unmasked ping", "frame is not masked", hex("89 00")),
    fails("an unmasked close", "frame is not masked", hex("88 00")),
    fails("RSV1 without an extension", "RSV1 set", frame(0xc1, "x")),
    fails("RSV2", "reserved bit set", frame(0xa1, "x")),
    fails("RSV3", "reserved bit set", frame(0x91, "x")),
    ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode) =>
      fails(`the reserved opcode ${opcode}`, `reserved opcode ${opcode}`, frame(0x80 | opcode))
    ),
    fails(
      "a length of 64 bits with the top bit",
      "length has its top bit set",
      hex("82 ff 80 00 00 00 00 00 00 01"),
    ),
    fails("5 bytes in a length of 16 bits", "length is not minimal", hex("82 fe 00 05")),
    fails(
      "65535 bytes in a length of 64 bits",
      "length is not minimal",
      hex("82 ff 00 00 00 00 00 00 ff ff"),
    ),
    fails("a ping of 126 bytes", "control frame over 125 bytes", frame(0x89, "x".repeat(126))),
    fails("a pong of 126 bytes", "control frame over 125 bytes", frame(0x8a, "x".repeat(126))),
    fails("a close of 126 bytes", "control frame over 125 bytes", frame(0x88, "x".repeat(126))),
    fails("a fragmented ping", "fragmented control frame", frame(0x09, "x")),
    fails("a fragmented close", "fragmented control frame", frame(0x08)),
    fails("a continuation of nothing", "continuation of nothing", frame(0x80, "x")),
    fails("a first fragment without a first", "continuation of nothing", frame(0x00, "x")),
    fails("a text within a text", "message within a message", frame(0x01, "a"), text("b")),
    fails("bytes within a text", "message within a message", frame(0x01, "a"), frame(0x82, "b")),
    [
      "a continuation behind the last fragment",
      concat(ECHO, frame(0x01, "a"), frame(0x80, "b"), frame(0x80, "c"), text("behind")),
      ["101", "text ab", "close 1002 continuation of nothing", "end"],
    ],
    echo("a text", text("κόσμε"), "text κόσμε"),
    echo("bytes", frame(0x82, hex("00 ff")), "binary 00ff"),
    echo("an empty text", text(""), "text "),
    echo("a text masked with zeros", clientFrame(0x81, utf8("x"), hex("00000000")), "text x"),
    echo("the RFC's own masked Hello (5.7)", clientFrame(0x81, utf8("Hello"), KEY), "text Hello"),
    echo(
      "a text in fragments",
      [frame(0x01, "Hel"), frame(0x00), frame(0x80, "lo")],
      "text Hello",
    ),
    echo(
      "a ping within fragments is answered before the message",
      [frame(0x01, "Hel"), frame(0x89, "p"), frame(0x80, "lo")],
      "pong p",
      "text Hello",
    ),
    echo("an empty ping", frame(0x89), "pong"),
    echo("a ping of 125 bytes", frame(0x89, "x".repeat(125)), `pong ${"x".repeat(125)}`),
    echo("a pong that nobody asked for", [frame(0x8a, "x"), text("y")], "text y"),
    ...[125, 126, 65535, 65536].map((size) =>
      echo(
        `a text of ${size} bytes`,
        text("x".repeat(size)),
        size > 200 ? `text of ${size}` : `text ${"x".repeat(size)}`,
      )
    ),
    echo(
      "what was answered is flushed before what is wrong",
      [text("a"), frame(0x89, "b"), hex("81 00")],
      ...["text a", "pong b", "close 1002 frame is not masked", "end"],
    ),
  ],
};

const code = (number: number, reason: string | Uint8Array = "") =>
  concat(
    Uint8Array.of(number >> 8, number & 0xff),
    typeof reason === "string" ? utf8(reason) : reason,
  );
/** Codes and whether they may be sent (7.4, and the IANA registry). */
const good = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014]
  .concat([3000, 3999, 4000, 4999]);
const bad = [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535];

/** A close that the client sends with an abnormal code is logged with that code. */
const told = (number: number) =>
  number > 1001 && number < 1016 ? [`ended abnormally ${number} `] : [];

export const closes: Table = {
  about: "closes",
  cases: [
    echo("no code", clientClose(), "close", "end"),
    echo("a close and more behind it", [clientClose(1000), text("x"), frame(0x89)], ...[
      "close 1000",
      "end",
    ]),
    echo("two closes get one", [clientClose(1000), clientClose(1001)], "close 1000", "end"),
    echo("a text, then the close", [text("x"), clientClose(1001)], "text x", "close 1001", "end"),
    echo("within a message", [frame(0x01, "a"), clientClose(1000), frame(0x80, "b")], ...[
      "close 1000",
      "end",
    ]),
    echo("the longest reason", frame(0x88, code(1000, "x".repeat(123))), "close 1000", "end"),
    ...good.map((number): Case => [
      `the code ${number}`,
      concat(ECHO, frame(0x88, code(number))),
      ["101", `close ${number}`, "end"],
      told(number),
    ]),
    ...bad.map((number) =>
      fails(
        `the code ${number}`,
        `close code ${number} must not be sent`,
        frame(0x88, code(number)),
      )
    ),
    fails("a close of one byte", "close payload of one byte", frame(0x88, hex("03"))),
    echo("a reason that is not UTF-8", frame(0x88, code(1000, hex("ed a0 80"))), ...[
      "close 1007 close reason is not UTF-8",
      "end",
    ]),
    echo("a reason that ends within a character", frame(0x88, code(1000, hex("e6 9c"))), ...[
      "close 1007 close reason is not UTF-8",
      "end",
    ]),
  ],
};

/** Texts, and whether they are UTF-8 (RFC 3629). */
const texts: [what: string, bytes: string, valid: boolean][] = [
  ["first of each length", "00 c2 80 e0 a0 80 f0 90 80 80", true],
  ["last of each length", "7f df bf ef bf bf f4 8f bf bf", true],
  ["around the surrogates", "ed 9f bf ee 80 80", true],
  ["a leading byte order mark", "ef bb bf 61", true],
  ["noncharacters", "ef bf be ef bf bf f0 9f bf be", true],
  ["past the last", "f4 90 80 80", false],
  ["a surrogate", "ed a0 80", false],
  ["a pair of surrogates", "ed a0 80 ed b0 80", false],
  ["a continuation byte alone", "80", false],
  ["a first byte alone", "c3 20", false],
  ["a slash, overlong in two bytes", "c0 af", false],
  ["a slash, overlong in three bytes", "e0 80 af", false],
  ["a slash, overlong in four bytes", "f0 80 80 af", false],
  ["NUL, overlong", "c0 80", false],
  ["five bytes", "f8 88 80 80 80", false],
  ["six bytes", "fc 84 80 80 80 80", false],
  ["a byte of no character", "ff", false],
  ["the end within a character", "f0 9f 98", false],
];
const notUtf8 = ["close 1007 text is not UTF-8", "end"];

export const encodings: Table = {
  about: "UTF-8",
  cases: texts.flatMap(([what, bytes, valid]): Case[] => {
    const whole = hex(bytes),
      gets = valid
        ? [`text ${new TextDecoder("utf-8", { ignoreBOM: true }).decode(whole)}`]
        : notUtf8;
    const fragments = [...whole].map((byte, i) =>
      frame((i === whole.length - 1 ? 0x80 : 0) | (i === 0 ? 1 : 0), Uint8Array.of(byte))
    );
    return [
      echo(what, frame(0x81, whole), ...gets),
      echo(`${what}, a fragment each byte`, fragments, ...gets),
    ];
  }).concat([
    echo("bytes need not be UTF-8", frame(0x82, hex("ff")), "binary ff"),
    [
      "it fails at the first impossible byte, in a frame that is still arriving",
      [
        ECHO,
        1,
        // Ten bytes are announced, and two come.
        clientHeader(0x81, 10, 7, hex("00000000")),
        hex("c0 af"),
      ],
      ["101", ...notUtf8],
    ],
    [
      "it fails at the fragment that is impossible, before the last",
      concat(ECHO, frame(0x01, hex("ce ba")), frame(0x00, hex("f4 90"))),
      ["101", ...notUtf8],
    ],
  ]),
};

/**
 * Limits: what is at the edge goes, and one more does not.
 * @module
 */
import { MAX_HEAD, MAX_HEADERS, MAX_LINE } from "../../lib/http/head.ts";
import { concat } from "../tools/bytes.ts";
import { clientHeader } from "../tools/frames.ts";
import { ANSWER, type Case, frame, handshake, publish, request, type Table, text } from "./case.ts";

const ok = '200 {"id":"ID","subscribers":0}';
const KiB = "x".repeat(1024);
const page = ["200 text/html"];
const BEGIN = "GET / HTTP/1.1\r\nHost: localhost\r\n";

/** A request line of so many bytes. */
const requestLine = (size: number) =>
  "GET /?".padEnd(size - 9, "x") + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
/** A header line of so many bytes. */
const headerLine = (size: number) => "X: ".padEnd(size, "x") + "\r\n";
/** A head of so many bytes. */
const headOf = (size: number) => {
  const half = BEGIN + headerLine(MAX_LINE - 2);
  return half + headerLine(size - half.length - 4) + "\r\n";
};
const headers = (count: number) => BEGIN + "x:\r\n".repeat(count - 1) + "\r\n";
const refused = (why: string) => [why, "end"];

export const heads: Table = {
  about: "limits of a head",
  cases: [
    ["a request line of 8 KiB", requestLine(MAX_LINE), page],
    [
      "a request line of one byte more",
      requestLine(MAX_LINE + 1),
      refused(
        "414c request line is over 8192 bytes",
      ),
    ],
    [
      "an endless target",
      "GET /" + "x".repeat(MAX_LINE),
      refused(
        "414c request line is over 8192 bytes",
      ),
    ],
    [
      "an endless method (RFC 9112, 3)",
      "G".repeat(MAX_LINE + 1),
      refused(
        "501c method is not known",
      ),
    ],
    ["a header line of 8 KiB", BEGIN + headerLine(MAX_LINE) + "\r\n", page],
    [
      "a header line of one byte more",
      BEGIN + headerLine(MAX_LINE + 1) + "\r\n",
      refused(
        "431c header line is over 8192 bytes",
      ),
    ],
    [
      "an endless name",
      BEGIN + "X".repeat(MAX_LINE + 1),
      refused(
        "431c header line is over 8192 bytes",
      ),
    ],
    ["a head of 16 KiB", headOf(MAX_HEAD), page],
    ["a head of one byte more", headOf(MAX_HEAD + 1), refused("431c head is over 16384 bytes")],
    ["100 headers", headers(MAX_HEADERS), page],
    ["101 headers", headers(MAX_HEADERS + 1), refused("431c over 100 header lines")],
    ["one empty line before a request", "\r\n" + BEGIN + "\r\n", page],
    ["a host of 262 bytes is none of ours", `GET / HTTP/1.1\r\nHost: ${"a".repeat(262)}\r\n\r\n`, [
      "421c this server does not go by that name; see --host",
      "end",
    ]],
    [
      "a host of 263 bytes",
      `GET / HTTP/1.1\r\nHost: ${"a".repeat(263)}\r\n\r\n`,
      refused(
        "400c Host is malformed",
      ),
    ],
    ["the port 65535", "GET / HTTP/1.1\r\nHost: localhost:65535\r\n\r\n", page],
    [
      "the port 65536",
      "GET / HTTP/1.1\r\nHost: localhost:65536\r\n\r\n",
      refused(
        "400c Host is malformed",
      ),
    ],
  ],
};

const chunk = (size: number) => `${size.toString(16)}\r\n${"x".repeat(size)}\r\n`;
const chunked = (target: string, body: string) =>
  request(`POST ${target}`, ["Transfer-Encoding: chunked"], body);
const tooLarge = refused("413c body is over 1024 bytes");
const small = handshake("/-/echo");
const tooBig = ["101", "close 1009 message is too big", "end"];
const V1 = "Sec-WebSocket-Protocol: kodama.v1";

export const messages: Table = {
  about: "limits of messages",
  on: "small",
  cases: [
    ["a body of 1 KiB", publish("/body", KiB), [ok]],
    ["a body of one byte more", publish("/body", KiB + "x"), tooLarge],
    [
      "a length of one byte more, before the body is sent",
      request("POST /body", ["Content-Length: 1025"]),
      tooLarge,
    ],
    [
      "a length of one byte more, instead of 100",
      request("POST /body", ["Content-Length: 1025", "Expect: 100-continue"]),
      tooLarge,
    ],
    ["a length that no memory holds", request("POST /body", ["Content-Length: 999999999999999"]), [
      ...tooLarge,
    ]],
    ["chunks of 1 KiB", chunked("/chunks", chunk(1000) + chunk(24) + "0\r\n\r\n"), [ok]],
    [
      "chunks of one byte more, where the chunk begins that passes it",
      chunked("/chunks", chunk(1000) + "19\r\n"),
      tooLarge,
    ],
    ["a chunk that no memory holds", chunked("/chunks", "ffffffffffff\r\n"), tooLarge],
    [
      "endless extensions",
      chunked("/chunks", "1;" + "a".repeat(MAX_LINE)),
      refused("400c chunked body is malformed"),
    ],
    [
      "endless trailers",
      chunked("/chunks", "0\r\n" + "A: b\r\n".repeat(4000)),
      refused("400c chunked body is malformed"),
    ],
    ["a message of 1 KiB", concat(small, text(KiB)), ["101", "text of 1024"]],
    ["a message of one byte more", concat(small, text(KiB + "x")), tooBig],
    [
      "a message of one byte more, at its header",
      concat(small, clientHeader(0x82, 1025)),
      tooBig,
    ],
    [
      "a message that no memory holds, at its header",
      concat(small, clientHeader(0x82, 2n ** 62n, 64)),
      tooBig,
    ],
    [
      "fragments of 1 KiB together",
      concat(small, frame(0x01, "x".repeat(1000)), frame(0x80, "x".repeat(24))),
      ["101", "text of 1024"],
    ],
    [
      "fragments of one byte more together, at the header of the last",
      concat(small, frame(0x01, "x".repeat(1000)), clientHeader(0x80, 25)),
      tooBig,
    ],
    [
      "4 fragments",
      concat(small, frame(0x01, "a"), frame(0x00), frame(0x00), frame(0x80, "b")),
      ["101", "text ab"],
    ],
    [
      "5 fragments",
      concat(small, frame(0x01, "a"), ...Array.from({ length: 4 }, () => frame(0x00))),
      ["101", "close 1008 too many fragments", "end"],
    ],
    ["3 channels", request("HEAD /a,b,c"), ["200 application/json"]],
    ["4 channels", request("GET /a,b,c,d"), refused("400c over 3 channels")],
    ["one channel 4 times is one", request("HEAD /a,a,a,a"), ["200 application/json"]],
    [
      "a fourth channel by an envelope, and one in the place of another",
      [
        handshake("/a", [V1]),
        2,
        ...["sub b", "sub c", "sub d", "unsub a", "sub d"].map((asked) => {
          const [verb, channel] = asked.split(" ");
          return text(JSON.stringify({ [verb!]: channel }));
        }),
      ],
      [
        "101 kodama.v1",
        'text {"open":"ID","channels":["a"],"gap":false}',
        'text {"sub":"b","open":"ID","gap":false}',
        'text {"sub":"c","open":"ID","gap":false}',
        'text {"error":"too many channels"}',
        'text {"unsub":"a"}',
        'text {"sub":"d","open":"ID","gap":false}',
      ],
    ],
    [
      "a fourth message drives the first out of the memory of three, and that is told",
      [
        publish("/kept", "1"),
        1,
        publish("/kept", "2"),
        2,
        publish("/kept", "3"),
        3,
        publish("/kept", "4"),
        4,
        request("GET /kept?limit=1"),
      ],
      [
        ok,
        ok,
        ok,
        ok,
        '200 {"open":"ID","channels":["kept"],"gap":true,"lost":' +
        '{"kept":"expired"},"messages":[{"id":"ID","ch":"kept","data":"4"}]}',
      ],
    ],
  ],
};

const times = (count: number, bytes: Uint8Array) => Array.from({ length: count }, () => bytes);

export const rates: Table = {
  about: "rates",
  on: "rated",
  whole: true,
  cases: [
    [
      "4 messages at once, where 2 a second may come",
      concat(handshake("/rate-good"), ...times(4, text("x"))),
      ["101", ...Array.from({ length: 4 }, () => "text x")],
    ],
    [
      "5 messages at once",
      [concat(handshake("/rate-bad"), ...times(5, text("x"))), 2, ANSWER],
      ["101", "close 1008 too many messages", "end"],
    ],
    [
      "2 pings at once, where 1 a second may come",
      concat(handshake("/ping-good"), ...times(2, frame(0x89))),
      ["101", "pong", "pong"],
    ],
    [
      "3 pings at once",
      [concat(handshake("/ping-bad"), ...times(3, frame(0x89))), 5, ANSWER],
      ["101", "pong", "pong", "pong", "close 1008 too many pings", "end"],
    ],
    [
      "5 messages at once to the echo, which is not bound by a rate",
      concat(handshake("/-/echo"), ...times(5, text("x"))),
      ["101", ...Array.from({ length: 5 }, () => "text x")],
    ],
  ] satisfies Case[],
};

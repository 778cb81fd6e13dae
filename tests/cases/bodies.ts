/**
 * How a body is framed (RFC 9112, 6 and 7): what says it in a way that two readers could take differently is refused, and
 * what follows is no request.
 * @module
 */
import { type Case, request, type Table } from "./case.ts";

/** Behind each: it must not be answered. */
const SMUGGLED = "GET /-/health HTTP/1.1\r\nHost: localhost\r\n\r\n";

/** A case for each of several header fields that say wrongly how long a body is. */
function framed(rule: string, why: string, fields: string[]): Case[] {
  return fields.map((field) => [
    `${rule}: ${JSON.stringify(field).slice(0, 60)}`,
    request("POST /framing", field.split("\r\n"), SMUGGLED),
    [`400c ${why}`, "end"],
  ]);
}

const number = "Content-Length is not a number of bytes";
const both = "Transfer-Encoding does not belong here";
const coding = "only the transfer coding chunked is understood";

/** The two fields. */
export const framings: Table = {
  about: "the length of a body",
  cases: [
    ...framed("a Content-Length that is no decimal number (RFC 9110, 8.6)", number, [
      "Content-Length:",
      "Content-Length: +5",
      "Content-Length: -1",
      "Content-Length: -0",
      "Content-Length: 0x5",
      "Content-Length: 5.0",
      "Content-Length: 1e3",
      "Content-Length: 1_000",
      "Content-Length: 5 5",
      "Content-Length: five",
      'Content-Length: "5"',
      "Content-Length: \u0665",
      "Content-Length: Infinity",
    ]),
    ...framed("a Content-Length that is huge", number, [
      "Content-Length: 9999999999999999",
      "Content-Length: 18446744073709551617",
      `Content-Length: ${"9".repeat(4000)}`,
    ]),
    ...framed("a Content-Length that is a list, or comes twice", number, [
      "Content-Length: 5, 5",
      "Content-Length: 5,6",
      "Content-Length: 5\r\nContent-Length: 5",
      "Content-Length: 5\r\nContent-Length: 6",
      "Content-Length: 5\r\ncontent-length:",
    ]),
    ...framed("Content-Length with Transfer-Encoding (RFC 9112, 6.1)", both, [
      "Content-Length: 5\r\nTransfer-Encoding: chunked",
      "Transfer-Encoding: chunked\r\nContent-Length: 0",
      "Transfer-Encoding: chunked\r\nContent-Length:",
    ]),
    ...framed("any Transfer-Encoding but chunked", coding, [
      "Transfer-Encoding:",
      "Transfer-Encoding: gzip",
      "Transfer-Encoding: identity",
      "Transfer-Encoding: gzip, chunked",
      "Transfer-Encoding: chunked, gzip",
      "Transfer-Encoding: chunked, identity",
      "Transfer-Encoding: chunked, chunked",
      "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
      "Transfer-Encoding: chunked\r\nTransfer-Encoding: x",
      "Transfer-Encoding: xchunked",
      "Transfer-Encoding: chunked;q=1",
      'Transfer-Encoding: "chunked"',
      "Transfer-Encoding: , chunked",
      "Transfer-Encoding: chunked\u00a0",
    ]),
    [
      "Transfer-Encoding in HTTP/1.0 (RFC 9112, 6.1)",
      "POST /framing HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      ["400c Transfer-Encoding does not belong here", "end"],
    ],
  ],
};

/** Chunked bodies that are malformed, by the rule that they break. */
const chunks: [rule: string, bodies: string[]][] = [
  ["a chunk size that is no hexadecimal number (7.1)", [
    "\r\n",
    "g\r\n",
    "-1\r\n",
    "+1\r\n",
    "0x1\r\n",
    "1h\r\n",
    "1.\r\n",
    "\u0661\r\n",
    "1_0\r\n",
    "NaN\r\n",
  ]],
  ["a chunk size that is too long", [
    "1000000000000\r\n",
    "0000000000001\r\n",
    "f".repeat(17) + "\r\n",
  ]],
  ["space around a chunk size", [" 1\r\n", "1 \r\n", "1\t\r\n", "1 1\r\n", "\t1\r\n"]],
  ["bad extensions (7.1.1)", [
    "1;\r\n",
    "1;;a\r\n",
    "1;a=\r\n",
    "1;=b\r\n",
    '1;a="b\r\n',
    '1;a="b"c\r\n',
    "1;a b\r\n",
    "1,a\r\n",
    "1;a=b=c\r\n",
    '1;a="\\\r\n',
    "1;a ;\r\n",
    "1;a\0\r\n",
    "1;a\x7f\r\n",
  ]],
  ["a bare LF or CR", [
    "1\nx\r\n",
    "1;a\nx\r\n",
    "1\r\nx\n",
    "1\r\nx\r\n0\n",
    "0\r\n\n",
    "0\r\nA: b\n",
    "1\rx",
    "1\r\r\n",
    "0\r\n\rx",
    "\n",
  ]],
  ["data that is longer or shorter than its size", [
    "1\r\nxy\r\n",
    "1\r\nx1\r\n",
    "3\r\nx\r\n0\r\n\r\n",
    "1\r\nx0\r\n\r\n",
  ]],
  ["bad trailers (7.1.2)", [
    "0\r\nA\r\n",
    "0\r\nA : b\r\n",
    "0\r\n A: b\r\n",
    "0\r\n: b\r\n",
    "0\r\nA: b\0\r\n",
    "0\r\nA: b\r\n c\r\n",
    "0\r\n0\r\n",
    "0\r\nGET / HTTP/1.1\r\n",
  ]],
];

/** Malformed chunked bodies by themselves: `[rule, body]`. */
export const badChunks: [rule: string, body: string][] = chunks.flatMap(([rule, bodies]) =>
  bodies.map((body): [string, string] => [rule, body])
);

/** The same, in requests. */
export const chunked: Table = {
  about: "chunked bodies",
  cases: badChunks.map(([rule, body]) => [
    `${rule}: ${JSON.stringify(body).slice(0, 40)}`,
    request("POST /chunked", ["Transfer-Encoding: chunked"], body + SMUGGLED),
    ["400c chunked body is malformed", "end"],
  ]),
};

/** Bodies that are read. */
export const goodBodies: Table = {
  about: "bodies that are read",
  cases: [
    [
      "extensions are ignored (7.1.1)",
      request(
        "POST /good-extensions",
        ["Transfer-Encoding: chunked"],
        '1;a\r\nx\r\n1;a=b;c\r\ny\r\n1 ; a = "q \\" \t;\u00e9" \t; b\r\nz\r\n0;last\r\n\r\n',
      ),
      ['200 {"id":"ID","subscribers":0}'],
    ],
    [
      "trailers are dropped, also one that says another length (7.1.2)",
      request(
        "POST /good-trailers",
        ["Transfer-Encoding: chunked"],
        "1\r\nx\r\n0\r\nA: b\r\nContent-Length: 7\r\nC:\r\n\r\n",
      ),
      ['200 {"id":"ID","subscribers":0}'],
    ],
    [
      "any case of the coding",
      request("POST /good-case", ["Transfer-Encoding: CHUNKED"], "0\r\n\r\n"),
      ['200 {"id":"ID","subscribers":0}'],
    ],
    [
      "white space around a length",
      request("POST /good-space", ["Content-Length:\t 1 \t"], "x"),
      ['200 {"id":"ID","subscribers":0}'],
    ],
    [
      "leading zeros of a length",
      request("POST /good-zeros", ["Content-Length: 001"], "x"),
      ['200 {"id":"ID","subscribers":0}'],
    ],
    ["a length of 0", request("POST /good-empty", ["Content-Length: 0"]), [
      '200 {"id":"ID","subscribers":0}',
    ]],
    [
      "100 is said to who waits for it (RFC 9110, 10.1.1)",
      [
        request("POST /good-expect", ["Content-Length: 2", "Expect: 100-Continue"]),
        1,
        "hi",
      ],
      ["100", '200 {"id":"ID","subscribers":0}'],
    ],
  ],
};

/** Bodies whose end does not come. */
export const cutBodies: Table = {
  about: "bodies that are cut short",
  inOrder: true,
  cases: ([
    ["before its length", ["Content-Length: 5"], "hell"],
    ["before its first byte", ["Content-Length: 5"], ""],
    ["within a chunk", ["Transfer-Encoding: chunked"], "5\r\nhell"],
    ["before the last chunk", ["Transfer-Encoding: chunked"], "5\r\nhello\r\n"],
    ["before the end of the trailers", ["Transfer-Encoding: chunked"], "5\r\nhello\r\n0\r\n"],
  ] as const).map(([where, fields, body]): Case => [
    `${where}: nothing is published`,
    [request("POST /cut", [...fields], body), "END"],
    ["400c the body ended early", "end"],
  ]).concat([
    ["none of them has published", request("GET /cut"), [
      '200 {"open":"ID","channels":["cut"],"gap":false,"messages":[]}',
    ]],
  ] as Case[]),
};

/**
 * permessage-deflate (RFC 7692).
 * @module
 */
import { concat, hex, utf8 } from "../tools/bytes.ts";
import { zlibDeflate } from "../tools/deflate.ts";
import { type Case, frame, handshake, type Table } from "./case.ts";

const EXTENSION = "Sec-WebSocket-Extensions: permessage-deflate";
const ECHO = handshake("/-/echo", [EXTENSION]);
const echo = (what: string, bytes: Uint8Array[], ...gets: string[]): Case => [
  what,
  concat(ECHO, ...bytes),
  ["101 permessage-deflate", ...gets],
];
const compressed = (payload: Uint8Array) => frame(0xc1, payload);
const corrupt = (why: string) => [`close 1007 message does not inflate: ${why}`, "end"];
const tooBig = ["close 1009 message is too big", "end"];
const MiB = 1 << 20;

export const deflate: Table = {
  about: "deflate",
  cases: [
    echo("the RFC's Hello (7.2.3.1)", [compressed(hex("f2 48 cd c9 c9 07 00"))], "text Hello"),
    echo("in two fragments (7.2.3.1)", [
      frame(0x41, hex("f2 48 cd")),
      frame(0x80, hex("c9 c9 07 00")),
    ], "text Hello"),
    echo("in a stored block (7.2.3.3)", [
      compressed(hex("00 05 00 fa ff 48 65 6c 6c 6f 00")),
    ], "text Hello"),
    echo("in a block with BFINAL (7.2.3.4)", [
      compressed(hex("f3 48 cd c9 c9 07 00 00")),
    ], "text Hello"),
    echo(
      "the next message behind a BFINAL",
      [
        compressed(hex("f3 48 cd c9 c9 07 00 00")),
        compressed(hex("f2 48 cd c9 c9 07 00")),
      ],
      "text Hello",
      "text Hello",
    ),
    echo("in two blocks (7.2.3.5)", [
      compressed(hex("f2 48 05 00 00 00 ff ff ca c9 c9 07 00")),
    ], "text Hello"),
    echo("an empty message (7.2.3.6)", [compressed(hex("00"))], "text "),
    echo("an empty message of no bytes", [compressed(new Uint8Array(0))], "text "),
    echo("a message that is not compressed", [frame(0x81, "plain")], "text plain"),
    echo("a large text comes back compressed", [
      compressed(zlibDeflate(utf8("x".repeat(300)))),
    ], "deflated text of 300"),
    echo("a bomb", [compressed(zlibDeflate(new Uint8Array(4 * MiB)))], ...tooBig),
    echo(
      "as large as may be",
      [
        frame(0xc2, zlibDeflate(new Uint8Array(MiB))),
        frame(0x89),
      ],
      `deflated binary of ${2 * MiB}`,
      "pong",
    ),
    echo("one byte more", [frame(0xc2, zlibDeflate(new Uint8Array(MiB + 1)))], ...tooBig),
    echo(
      "a block of the type that is none",
      [compressed(hex("07 00"))],
      ...corrupt(
        "invalid block type",
      ),
    ),
    echo("a stored block whose lengths do not fit", [
      compressed(hex("00 05 00 fa fe 48 65 6c 6c 6f 00")),
    ], ...corrupt("invalid stored block lengths")),
    echo(
      "a block that is cut off",
      [compressed(hex("f2 48 cd c9"))],
      ...corrupt(
        "ends within a block",
      ),
    ),
    echo("what inflates to what is not UTF-8", [compressed(zlibDeflate(hex("ff")))], ...[
      "close 1007 text is not UTF-8",
      "end",
    ]),
    echo("RSV1 on a continuation", [frame(0x41, hex("f2")), frame(0xc0, hex("00"))], ...[
      "close 1002 RSV1 set",
      "end",
    ]),
    echo("RSV1 on a ping", [frame(0xc9)], "close 1002 RSV1 set", "end"),
    echo("RSV2", [frame(0xa1, "x")], "close 1002 reserved bit set", "end"),
  ],
};

/** Each message refers to those before it. */
export const takeover: Table = {
  about: "deflate with context",
  on: "takeover",
  cases: [
    [
      "the RFC's second Hello (7.2.3.2)",
      concat(ECHO, compressed(hex("f2 48 cd c9 c9 07 00")), compressed(hex("f2 00 11 00 00"))),
      ["101 permessage-deflate", "text Hello", "text Hello"],
    ],
    [
      "without one, where the client asks for none",
      handshake("/-/echo", [
        EXTENSION + "; server_no_context_takeover; client_no_context_takeover",
      ]),
      ["101 permessage-deflate; server_no_context_takeover; client_no_context_takeover"],
    ],
    [
      "a distance beyond the beginning",
      concat(ECHO, compressed(hex("f2 00 11 00 00"))),
      ["101 permessage-deflate", ...corrupt("invalid distance too far back")],
    ],
  ],
};

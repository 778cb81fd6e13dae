import { assertEquals } from "@std/assert";
import type { MessageLimits } from "../../lib/websocket/message.ts";
import { concat, hex, noise, toHex, utf8 } from "../tools/bytes.ts";
import {
  clientClose,
  clientFrame,
  clientHeader,
  drive,
  ended,
  everyCut,
  KEY,
  masked,
  outcome,
  record,
  ROOMY,
  said,
} from "../tools/frames.ts";

const nothing = new Uint8Array(0);

/** The log of a connection that this side fails: its close frame, and how it ended. */
function failed(code: number, reason: string): string[] {
  return [
    `wrote 88 ${code.toString(16).padStart(4, "0")}${toHex(utf8(reason))}`,
    `closed ${code} ${reason}`,
  ];
}

/** Asserts what bytes lead to: whole, cut at every byte, byte by byte, and with more behind them. */
function leadsTo(bytes: Uint8Array, expected: string[], limits: MessageLimits = ROOMY) {
  assertEquals(outcome(bytes, [], limits), expected);
  const cuts = everyCut(bytes.subarray(0, 300));
  for (const cut of cuts) assertEquals(outcome(bytes, [cut], limits), expected, `cut at ${cut}`);
  if (bytes.length <= 300) assertEquals(outcome(bytes, cuts, limits), expected, "byte by byte");
  // 7.1.7: nothing is processed after.
  const more = concat(bytes, clientFrame(0x81, utf8("late")), clientClose(1000));
  assertEquals(outcome(more, [], limits), expected);
  assertEquals(outcome(more, [bytes.length], limits), expected);
}

/** What breaks a rule by its first two bytes, or by its length. */
const malformed: Record<string, [bytes: Uint8Array, reason: string]> = {
  "a frame that is not masked (5.1)": [hex("8105"), "frame is not masked"],
  "an empty frame that is not masked (5.1)": [hex("8100"), "frame is not masked"],
  "a ping that is not masked (5.1)": [hex("8900"), "frame is not masked"],
  "a close that is not masked (5.1)": [hex("8802"), "frame is not masked"],
  "RSV1, which nothing gave a meaning (5.2)": [hex("c185"), "RSV1 set"],
  "RSV2 (5.2)": [hex("a185"), "reserved bit set"],
  "RSV3 (5.2)": [hex("9185"), "reserved bit set"],
  "a ping with RSV1 (5.2)": [hex("c980"), "RSV1 set"],
  "a continuation with RSV2 (5.2)": [hex("a080"), "reserved bit set"],
  "16 bits for a length of 125 (5.2)": [hex("82fe007d"), "length is not minimal"],
  "16 bits for a length of 0 (5.2)": [hex("82fe0000"), "length is not minimal"],
  "64 bits for a length of 125 (5.2)": [hex("82ff000000000000007d"), "length is not minimal"],
  "64 bits for a length of 65535 (5.2)": [hex("82ff000000000000ffff"), "length is not minimal"],
  "64 bits with the top one set (5.2)": [hex("82ff8000000000000000"), "length has its top bit set"],
  "a ping of 126 bytes (5.5)": [hex("89fe"), "control frame over 125 bytes"],
  "a close of 64 KiB (5.5)": [hex("88ff"), "control frame over 125 bytes"],
  "a fragmented ping (5.5)": [hex("0980"), "fragmented control frame"],
  "a fragmented pong (5.5)": [hex("0a80"), "fragmented control frame"],
  "a fragmented close (5.5)": [hex("0880"), "fragmented control frame"],
  "a continuation of nothing (5.4)": [clientFrame(0x80, nothing), "continuation of nothing"],
  "a first fragment that continues nothing (5.4)": [
    clientHeader(0x00, 9),
    "continuation of nothing",
  ],
};
for (const opcode of [3, 4, 5, 6, 7, 11, 12, 13, 14, 15]) {
  malformed[`the reserved opcode ${opcode} (5.2)`] = [
    Uint8Array.of(0x80 | opcode, 0x80),
    `reserved opcode ${opcode}`,
  ];
}

for (const [name, [bytes, reason]] of Object.entries(malformed)) {
  Deno.test(`Protocol answers ${name} with 1002`, () => {
    leadsTo(bytes, failed(1002, reason));
    // One byte less, and it still waits.
    const { protocol } = record();
    drive(protocol, bytes.subarray(0, -1));
    assertEquals([ended(protocol), protocol.unfinished], ["open", true]);
  });
}

Deno.test("Protocol answers a message within a message with 1002 (5.4)", () => {
  for (const first of [0x01, 0x81, 0x02, 0x82]) {
    const bytes = concat(clientFrame(0x01, utf8("a")), clientHeader(first, 7));
    leadsTo(bytes, failed(1002, "message within a message"));
  }
});

Deno.test("Protocol answers a continuation after the last fragment with 1002 (5.4)", () => {
  const bytes = concat(
    clientFrame(0x01, utf8("a")),
    clientFrame(0x80, utf8("b")),
    clientHeader(0x80, 1),
  );
  leadsTo(bytes, ["text 6162", ...failed(1002, "continuation of nothing")]);
});

Deno.test("Protocol sends the replies it owes before the close that fails it (7.1.7)", () => {
  const bytes = concat(
    clientFrame(0x81, utf8("a")),
    clientFrame(0x89, utf8("p")),
    clientFrame(0x01, utf8("never")),
    clientFrame(0x89, utf8("q")),
    hex("8105"),
  );
  leadsTo(bytes, [
    "text 61",
    "wrote 8a 70",
    "ping 70",
    "wrote 8a 71",
    "ping 71",
    ...failed(1002, "frame is not masked"),
  ]);
});

const small: MessageLimits = { maxMessage: 200, maxFragments: 3 };
const tooBig = failed(1009, "message is too big");

Deno.test("Protocol takes a message of the limit, and answers one byte more with 1009 at the header", () => {
  for (const maxMessage of [0, 1, 125, 126, 200, 65535, 65536]) {
    const limits = { ...small, maxMessage };
    const payload = noise(maxMessage);
    assertEquals(outcome(clientFrame(0x82, payload), [], limits), [said(2, payload), "open"]);
    leadsTo(clientHeader(0x82, maxMessage + 1), tooBig, limits);
    leadsTo(clientHeader(0x02, maxMessage + 1), tooBig, limits);
  }
  leadsTo(clientHeader(0x82, 2n ** 63n - 1n), tooBig, small);
  leadsTo(clientHeader(0x81, 2n ** 32n + 5n), tooBig, small);
});

Deno.test("Protocol counts the sum of fragments against the limit", () => {
  const begun = concat(clientFrame(0x02, noise(100)), clientFrame(0x00, noise(99)));
  const whole = concat(noise(100), noise(99), noise(1));
  const fits = concat(begun, clientFrame(0x80, noise(1)));
  assertEquals(outcome(fits, [], small), [said(2, whole), "open"]);
  leadsTo(concat(begun, clientHeader(0x80, 2)), tooBig, small);
  // The next message begins at nothing again, and control frames count for nothing.
  const again = concat(fits, clientFrame(0x89, noise(125)), clientFrame(0x82, noise(200)));
  assertEquals(outcome(again, [], small).slice(-2), [said(2, noise(200)), "open"]);
});

Deno.test("Protocol answers one fragment too many with 1008, at its header", () => {
  const three = [
    clientFrame(0x01, nothing),
    clientFrame(0x00, nothing),
    clientFrame(0x89, nothing),
  ];
  const pong = ["wrote 8a ", "ping "];
  const fits = concat(...three, clientFrame(0x80, utf8("a")));
  assertEquals(outcome(fits, [], small), [...pong, "text 61", "open"]);
  const bytes = concat(...three, clientFrame(0x00, nothing), clientHeader(0x80, 1));
  leadsTo(bytes, [...pong, ...failed(1008, "too many fragments")], small);
});

const invalid = failed(1007, "text is not UTF-8");

Deno.test("Protocol answers text that is not UTF-8 with 1007 (8.1)", () => {
  for (const text of ["80", "c0 af", "ed a0 80", "f4 90 80 80", "61 ff 62", "c3 28", "e2 28 a1"]) {
    leadsTo(clientFrame(0x81, hex(text)), invalid);
  }
  // The same bytes in a binary message are nobody's business.
  assertEquals(outcome(clientFrame(0x82, hex("80 ff"))), ["binary 80ff", "open"]);
});

/** "κόσμε", a code point past the last, and more: what the Autobahn suite sends in 6.4. */
const kosme = hex("ce ba e1 bd b9 cf 83 ce bc ce b5 f4 90 80 80 65 64 69 74 65 64");
const impossible = 12;

Deno.test("Protocol fails at the first impossible byte of a frame that is still arriving (8.1)", () => {
  for (const key of [KEY, hex("00000000"), hex("8090ff01")]) {
    const bytes = clientFrame(0x81, kosme, key);
    const { protocol, log } = record();
    drive(protocol, bytes.subarray(0, 6 + impossible), everyCut(bytes).slice(0, impossible + 4));
    assertEquals(ended(protocol), "open");
    const shown = 6 + impossible + 1;
    for (const cut of everyCut(bytes.subarray(0, shown))) {
      assertEquals(outcome(bytes.subarray(0, shown), [cut]), invalid, `cut at ${cut}`);
    }
    assertEquals(log, []);
  }
});

Deno.test("Protocol fails at the first impossible byte of a long text, long before its end (8.1)", () => {
  // 64 KiB are announced; a little of it arrives.
  const begun = concat(clientHeader(0x01, 65536), masked(kosme));
  for (const cut of everyCut(begun)) assertEquals(outcome(begun, [cut]), invalid);
  const waiting = outcome(begun.subarray(0, 14 + impossible));
  assertEquals(waiting, ["open"]);
});

Deno.test("Protocol fails at the first impossible byte across fragments (8.1)", () => {
  for (let cut = 0; cut <= kosme.length; cut++) {
    const first = clientFrame(0x01, kosme.subarray(0, cut));
    const second = clientFrame(0x80, kosme.subarray(cut));
    const bytes = concat(first, clientFrame(0x89, nothing), second);
    const pong = cut > impossible ? [] : ["wrote 8a ", "ping "];
    leadsTo(bytes, [...pong, ...invalid]);
    // It is not the end of the second fragment that tells.
    const shown = first.length + 6 + 6 + Math.max(0, impossible + 1 - cut);
    assertEquals(outcome(bytes.subarray(0, shown)), [...pong, ...invalid]);
    if (pong.length > 0) assertEquals(outcome(bytes.subarray(0, shown - 1)).at(-1), "open");
  }
});

Deno.test("Protocol takes a character cut anywhere, also between fragments (8.1)", () => {
  const text = utf8("κόσμε🌳€");
  for (let cut = 0; cut <= text.length; cut++) {
    const bytes = concat(
      clientFrame(0x01, text.subarray(0, cut)),
      clientFrame(0x89, hex("ff")),
      clientFrame(0x80, text.subarray(cut)),
    );
    assertEquals(outcome(bytes), ["wrote 8a ff", "ping ff", said(1, text), "open"]);
    assertEquals(outcome(bytes, everyCut(bytes)), outcome(bytes));
  }
});

Deno.test("Protocol answers a text that ends within a character with 1007 (8.1)", () => {
  for (const tail of ["c3", "e2", "e2 82", "f0", "f0 9f", "f0 9f 8c", "61 c3"]) {
    leadsTo(clientFrame(0x81, hex(tail)), invalid);
    leadsTo(concat(clientFrame(0x01, hex(tail)), clientFrame(0x80, nothing)), invalid);
    // Until FIN it may still become valid, and the next message does not inherit it.
    assertEquals(outcome(clientFrame(0x01, hex(tail))), ["open"]);
  }
});

Deno.test("Protocol.fail() cuts a reason that does not fit (5.5)", () => {
  const { protocol, log } = record();
  protocol.fail(1008, "€".repeat(50));
  assertEquals(log, [`wrote 88 03f0${toHex(utf8("€".repeat(41)))}`]);
});

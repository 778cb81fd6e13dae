import { assertEquals, assertGreater, assertLess } from "@std/assert";
import { Input } from "../../lib/websocket/input.ts";
import type { MessageLimits } from "../../lib/websocket/message.ts";
import type { DeflateParameters } from "../../lib/websocket/negotiate.ts";
import { Protocol } from "../../lib/websocket/protocol.ts";
import { concat, hex, noise, toHex, utf8 } from "../tools/bytes.ts";
import { agreed, SHARED, SMALL, TAKEOVER, zlibDeflate } from "../tools/deflate.ts";
import {
  clientFrame,
  clientHeader,
  ended,
  everyCut,
  outcome,
  record,
  ROOMY,
  said,
} from "../tools/frames.ts";

const hello = said(1, utf8("Hello"));
const HELLO = hex("f2 48 cd c9 c9 07 00");
const nothing = new Uint8Array(0);
const both = [SHARED, TAKEOVER];

/** The log of a connection that this side fails. */
function failed(code: number, reason: string): string[] {
  return [
    `wrote 88 ${code.toString(16).padStart(4, "0")}${toHex(utf8(reason))}`,
    `closed ${code} ${reason}`,
  ];
}

/** Asserts what bytes lead to: whole, cut at every byte (or those given), and byte by byte. */
function leadsTo(
  bytes: Uint8Array,
  expected: string[],
  parameters: readonly DeflateParameters[] = both,
  limits: MessageLimits = ROOMY,
) {
  for (const p of parameters) {
    assertEquals(outcome(bytes, [], limits, agreed(p)), expected);
    for (const cut of everyCut(bytes.subarray(0, 200))) {
      assertEquals(outcome(bytes, [cut], limits, agreed(p)), expected, `cut at ${cut}`);
    }
    const cuts = everyCut(bytes.subarray(0, 1000));
    assertEquals(outcome(bytes, cuts, limits, agreed(p)), expected, "byte by byte");
  }
}

/** RFC 7692, 7.2.3, as a client sends it. */
const examples: Record<string, [bytes: Uint8Array, expected: string[]]> = {
  "one block (7.2.3.1)": [clientFrame(0xc1, HELLO), [hello, "open"]],
  "one block in two fragments (7.2.3.1)": [
    concat(clientFrame(0x41, HELLO.subarray(0, 3)), clientFrame(0x80, HELLO.subarray(3))),
    [hello, "open"],
  ],
  "a stored block (7.2.3.3)": [
    clientFrame(0xc1, hex("00 05 00 fa ff 48 65 6c 6c 6f 00")),
    [hello, "open"],
  ],
  "a block with BFINAL, and another message (7.2.3.4)": [
    concat(clientFrame(0xc1, hex("f3 48 cd c9 c9 07 00 00")), clientFrame(0xc1, HELLO)),
    [hello, hello, "open"],
  ],
  "two blocks (7.2.3.5)": [
    clientFrame(0xc1, hex("f2 48 05 00 00 00 ff ff ca c9 c9 07 00")),
    [hello, "open"],
  ],
  "a last fragment that is an empty block (7.2.3.6)": [
    concat(
      clientFrame(0x41, hex("f2 48 cd c9 c9 07 00 00 00 ff ff")),
      clientFrame(0x80, hex("00")),
    ),
    [hello, "open"],
  ],
  "an empty message (7.2.3.6)": [clientFrame(0xc2, hex("00")), ["binary ", "open"]],
  "empty messages without a byte, behind one of one": [
    concat(clientFrame(0xc1, hex("00")), clientFrame(0xc1, nothing), clientFrame(0xc2, nothing)),
    ["text ", "text ", "binary ", "open"],
  ],
  "empty fragments around it": [
    concat(
      clientFrame(0x41, nothing),
      clientFrame(0x00, HELLO),
      clientFrame(0x00, nothing),
      clientFrame(0x80, nothing),
    ),
    [hello, "open"],
  ],
};

for (const [name, [bytes, expected]] of Object.entries(examples)) {
  Deno.test(`Protocol inflates ${name}, cut anywhere`, () => leadsTo(bytes, expected));
}

const shared = concat(clientFrame(0xc1, HELLO), clientFrame(0xc1, hex("f2 00 11 00 00")));

Deno.test("Protocol inflates with the message before only where that was agreed on (7.2.3.2)", () => {
  leadsTo(shared, [hello, hello, "open"], [TAKEOVER, SMALL]);
  const refused = failed(1007, "message does not inflate: invalid distance too far back");
  leadsTo(shared, [hello, ...refused], [SHARED, { ...TAKEOVER, clientNoContextTakeover: true }]);
});

Deno.test("Protocol takes the context over a block with BFINAL and over plain messages", () => {
  const bytes = concat(
    clientFrame(0xc1, hex("f3 48 cd c9 c9 07 00 00")),
    clientFrame(0x81, utf8("plain")),
    clientFrame(0xc1, hex("f2 00 11 00 00")),
  );
  leadsTo(bytes, [hello, said(1, utf8("plain")), hello, "open"], [TAKEOVER]);
});

Deno.test("Protocol answers pings among the fragments of a compressed message (5.4)", () => {
  const bytes = concat(
    clientFrame(0x41, HELLO.subarray(0, 1)),
    clientFrame(0x89, utf8("1")),
    clientFrame(0x00, HELLO.subarray(1, 5)),
    clientFrame(0x8a, utf8("2")),
    clientFrame(0x89, nothing),
    clientFrame(0x80, HELLO.subarray(5)),
    clientFrame(0x81, utf8("p")),
    clientFrame(0xc1, HELLO),
  );
  leadsTo(bytes, [
    "wrote 8a 31",
    "ping 31",
    "pong 32",
    "wrote 8a ",
    "ping ",
    hello,
    "text 70",
    hello,
    "open",
  ]);
});

Deno.test("Protocol refuses RSV1 on continuations and control frames with 1002 (RFC 7692, 6)", () => {
  const rsv1 = failed(1002, "RSV1 set");
  leadsTo(concat(clientFrame(0x41, HELLO.subarray(0, 3)), hex("c0 84")), rsv1);
  leadsTo(concat(clientFrame(0x41, HELLO.subarray(0, 3)), hex("40 84")), rsv1);
  leadsTo(concat(clientFrame(0x01, utf8("a")), hex("c0 84")), rsv1);
  for (const first of ["c8", "c9", "ca"]) leadsTo(hex(`${first} 80`), rsv1);
  for (const first of ["a1", "91", "e1", "f2"]) {
    leadsTo(hex(`${first} 80`), failed(1002, "reserved bit set"));
  }
  for (const first of ["c1", "c2", "41"]) assertEquals(outcome(hex(`${first} 80`)), rsv1);
});

Deno.test("Protocol answers what does not inflate with 1007, and what was owed before it", () => {
  const reason = "message does not inflate: ";
  const before = concat(clientFrame(0xc1, HELLO), clientFrame(0x89, utf8("p")));
  const owed = [hello, "wrote 8a 70", "ping 70"];
  const tables: [payload: string, reason: string][] = [
    ["07", "invalid block type"],
    ["00 05 00 fa fe", "invalid stored block lengths"],
    ["f2 48 cd c9", "ends within a block"],
    ["f2 48 cd c9 c9 07", "ends within a block"],
    ["00 05 00 fa ff", "ends within a block"],
    ["f2 48 cd c9 c9 07 00 00 00 ff ff", "ends within a block"],
  ];
  for (const [payload, why] of tables) {
    const bytes = concat(before, clientFrame(0xc1, hex(payload)), clientFrame(0x81, utf8("late")));
    leadsTo(bytes, [...owed, ...failed(1007, reason + why)]);
  }
});

Deno.test("Protocol validates text that was compressed, also at the edge of a step (8.1)", () => {
  const notUtf8 = failed(1007, "text is not UTF-8");
  const text = (bytes: Uint8Array) => clientFrame(0xc1, zlibDeflate(bytes));
  for (const bad of ["80", "c0 af", "ed a0 80", "f4 90 80 80", "61 ff 62", "ce", "e2 82"]) {
    leadsTo(text(hex(bad)), notUtf8);
    assertEquals(outcome(clientFrame(0xc2, zlibDeflate(hex(bad))), [], ROOMY, agreed(SHARED)), [
      said(2, hex(bad)),
      "open",
    ]);
  }
  // 64 KiB are one step.
  const tree = utf8("🌳");
  for (let before = 65536 - 5; before <= 65536; before++) {
    const whole = concat(utf8("x".repeat(before)), tree, utf8("y".repeat(70_000)));
    assertEquals(outcome(text(whole), [], ROOMY, agreed(SHARED)), [said(1, whole), "open"]);
    const cut = whole.subarray(0, before + 3);
    assertEquals(outcome(text(cut), [], ROOMY, agreed(SHARED)), notUtf8);
    const broken = whole.slice();
    broken[before + 3] = 0x41;
    assertEquals(outcome(text(broken), [], ROOMY, agreed(SHARED)), notUtf8);
  }
  // A text that is whole does not leave a character behind for the next, compressed or not.
  const three = concat(text(tree), clientFrame(0x81, tree), text(tree));
  leadsTo(three, [said(1, tree), said(1, tree), said(1, tree), "open"]);
});

Deno.test("Protocol stops at bad UTF-8 before the rest is inflated (8.1)", () => {
  const content = concat(hex("ff"), new Uint8Array(500_000));
  const { protocol, log } = record(ROOMY, {}, agreed(SHARED));
  const input = new Input();
  input.append(clientFrame(0xc1, zlibDeflate(content)));
  protocol.receive(input);
  assertEquals([...log, ended(protocol)], failed(1007, "text is not UTF-8"));
  assertEquals(protocol.busy, false);
  input.dispose();
});

const tooBig = failed(1009, "message is too big");

Deno.test("Protocol takes an inflated message of the limit, and answers one byte more with 1009", () => {
  for (const maxMessage of [0, 1, 100, 65535, 65536, 65537, 1 << 20]) {
    const limits = { ...ROOMY, maxMessage };
    for (const make of [(n: number) => new Uint8Array(n), noise]) {
      const fits = clientFrame(0xc2, zlibDeflate(make(maxMessage)));
      const expected = [said(2, make(maxMessage)), "open"];
      assertEquals(outcome(fits, [], limits, agreed(SHARED)), expected);
      const more = clientFrame(0xc2, zlibDeflate(make(maxMessage + 1)));
      assertEquals(outcome(more, [], limits, agreed(SHARED)), tooBig);
    }
  }
});

Deno.test("Protocol takes an incompressible message of the limit, though its payload is longer", () => {
  for (const maxMessage of [1, 100, 1000, 65536, 1 << 20]) {
    const message = noise(maxMessage);
    const payload = zlibDeflate(message, { level: 0 });
    assertGreater(payload.length, maxMessage);
    const third = Math.floor(payload.length / 3);
    const bytes = concat(
      clientFrame(0x42, payload.subarray(0, third)),
      clientFrame(0x80, payload.subarray(third)),
    );
    const limits = { ...ROOMY, maxMessage };
    assertEquals(outcome(bytes, [], limits, agreed(SHARED)), [said(2, message), "open"]);
  }
});

Deno.test("Protocol answers a payload that no message of the limit needs with 1009, at its header", () => {
  const limits = { ...ROOMY, maxMessage: 1000 };
  leadsTo(clientHeader(0xc2, 1100), tooBig, both, limits);
  leadsTo(clientHeader(0xc2, 2n ** 62n), tooBig, both, limits);
  const begun = concat(clientFrame(0x42, new Uint8Array(900)), clientHeader(0x00, 200));
  leadsTo(begun, tooBig, both, limits);
  // A plain message is held to the limit itself.
  leadsTo(clientHeader(0x82, 1001), tooBig, both, limits);
});

Deno.test("Protocol gives up a bomb while it inflates, one step a call", () => {
  const { protocol, log } = record(ROOMY, {}, agreed(SHARED));
  const input = new Input();
  input.append(clientFrame(0xc2, zlibDeflate(new Uint8Array(64 << 20))));
  let calls = 0;
  do {
    protocol.receive(input);
    calls++;
  } while (protocol.busy);
  assertEquals([...log, ended(protocol)], tooBig);
  // 1 MiB in steps of 64 KiB, and the step that passes it.
  assertEquals(calls, 17);
  input.dispose();
});

Deno.test("Protocol inflates no more than a step or two in one call, be the messages ever so many", () => {
  const sizes: [size: number, most: number][] = [[60_000, 2], [1000, 65], [0, 64]];
  for (const [size, most] of sizes) {
    const count = 500;
    let told = 0;
    const protocol = new Protocol(
      { frame() {} },
      { message: () => told++ },
      ROOMY,
      agreed(SHARED),
    );
    const input = new Input();
    const frame = clientFrame(0xc2, zlibDeflate(new Uint8Array(size)));
    for (let i = 0; i < count; i++) input.append(frame);
    while (told < count) {
      const before = told;
      protocol.receive(input);
      assertLess(told - before, most + 1);
      assertGreater(told, before);
    }
    protocol.receive(input);
    assertEquals([protocol.busy, input.length, told], [false, 0, count]);
    input.dispose();
  }
});

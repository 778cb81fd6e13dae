import { assert, assertEquals, assertFalse, assertThrows } from "@std/assert";
import { Input } from "../../lib/websocket/input.ts";
import { lendBuffer, returnBuffer } from "../../lib/websocket/pool.ts";
import type { Protocol } from "../../lib/websocket/protocol.ts";
import { concat, hex, noise, utf8 } from "../tools/bytes.ts";
import {
  clientClose,
  clientFrame,
  drive,
  ended,
  everyCut,
  outcome,
  record,
  said,
} from "../tools/frames.ts";

const nothing = new Uint8Array(0);

Deno.test("Protocol answers a close with its code, cut anywhere (5.5.1)", () => {
  const table: [bytes: Uint8Array, expected: string[]][] = [
    [clientClose(), ["wrote 88 ", "closed 1005 clean "]],
    [clientClose(1000), ["wrote 88 03e8", "closed 1000 clean "]],
    [clientClose(1001, "bye"), ["wrote 88 03e9", "closed 1001 clean bye"]],
    [clientClose(4999, "κ"), ["wrote 88 1387", "closed 4999 clean κ"]],
    [
      clientClose(1000, "a".repeat(123)),
      ["wrote 88 03e8", "closed 1000 clean " + "a".repeat(123)],
    ],
    [clientClose(1000, "\ufeffb"), ["wrote 88 03e8", "closed 1000 clean \ufeffb"]],
  ];
  for (const [bytes, expected] of table) {
    assertEquals(outcome(bytes), expected);
    for (const cut of everyCut(bytes)) assertEquals(outcome(bytes, [cut]), expected);
  }
});

Deno.test("Protocol takes or refuses every close code (7.4)", () => {
  const registered = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014];
  for (let code = 0; code <= 5000; code++) {
    const [reply, end] = outcome(clientClose(code));
    const digits = code.toString(16).padStart(4, "0");
    if (registered.includes(code) || code >= 3000 && code < 5000) {
      assertEquals([reply, end], [`wrote 88 ${digits}`, `closed ${code} clean `]);
    } else {
      assertEquals(reply?.slice(0, 13), "wrote 88 03ea", `code ${code}`);
      assertEquals(end, `closed 1002 close code ${code} must not be sent`);
    }
  }
});

Deno.test("Protocol answers a close of one byte with 1002 (5.5.1)", () => {
  const [reply, end] = outcome(clientFrame(0x88, hex("03")));
  assertEquals(reply?.slice(0, 13), "wrote 88 03ea");
  assertEquals(end, "closed 1002 close payload of one byte");
});

Deno.test("Protocol answers a reason that is not UTF-8 with 1007 (5.5.1)", () => {
  for (const reason of ["80", "c3", "e2 82", "ed a0 80", "61 ff"]) {
    const [reply, end] = outcome(clientFrame(0x88, hex("03e8" + reason)));
    assertEquals(reply?.slice(0, 13), "wrote 88 03ef");
    assertEquals(end, "closed 1007 close reason is not UTF-8");
  }
});

Deno.test("Protocol delivers what came before a close, and nothing after it (5.5.1, 7.1.4)", () => {
  const bytes = concat(
    clientFrame(0x81, utf8("a")),
    clientFrame(0x89, utf8("p")),
    clientFrame(0x82, utf8("b")),
    clientClose(1000),
    clientFrame(0x81, utf8("late")),
    clientFrame(0x89, utf8("late")),
    clientClose(1001),
    hex("ffff"),
  );
  const expected = [
    "text 61",
    "wrote 8a 70",
    "ping 70",
    "binary 62",
    "wrote 88 03e8",
    "closed 1000 clean ",
  ];
  assertEquals(outcome(bytes), expected);
  for (const cut of everyCut(bytes)) assertEquals(outcome(bytes, [cut]), expected);
});

Deno.test("Protocol takes a close between fragments; their message is never told", () => {
  const bytes = concat(clientFrame(0x01, utf8("a")), clientClose(1000));
  assertEquals(outcome(bytes), ["wrote 88 03e8", "closed 1000 clean "]);
});

Deno.test("Protocol consumes what comes after the end", () => {
  const { protocol } = record();
  const input = new Input();
  input.append(concat(clientClose(1000), hex("82ff00")));
  protocol.receive(input);
  assertEquals([input.length, protocol.unfinished], [0, false]);
  input.append(clientFrame(0x82, utf8("x")));
  protocol.receive(input);
  assertEquals(input.length, 0);
  input.dispose();
});

Deno.test("Protocol.close() sends one close, and waits for the other (7.1.2, 7.1.4)", () => {
  const { protocol, log } = record();
  protocol.close(1001, "bye");
  assertEquals(ended(protocol), "closing");
  protocol.close(1000);
  assertFalse(protocol.send(utf8("late"), 1));
  protocol.ping(utf8("late"));
  assertEquals(log, ["wrote 88 03e9627965"]);
  drive(protocol, clientClose(1001));
  assertEquals(log, ["wrote 88 03e9627965"], "a close that answers is not answered");
  assertEquals(ended(protocol), "closed 1001 clean ");
});

Deno.test("Protocol.close() sends 1000 by itself", () => {
  const { protocol, log } = record();
  protocol.close();
  assertEquals(log, ["wrote 88 03e8"]);
});

Deno.test("Protocol.close() throws at a code that must not appear, and stays open", () => {
  const { protocol, log } = record();
  for (const code of [0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 65536]) {
    assertThrows(() => protocol.close(code), RangeError);
  }
  assertEquals([ended(protocol), log], ["open", []]);
});

Deno.test("Protocol reads on after its own close, and answers nothing (7.1.2)", () => {
  const { protocol, log } = record();
  protocol.close(1000);
  drive(
    protocol,
    concat(
      clientFrame(0x81, utf8("a")),
      clientFrame(0x01, utf8("b")),
      clientFrame(0x89, utf8("p")),
      clientFrame(0x80, utf8("c")),
    ),
  );
  assertEquals([ended(protocol), log, protocol.messages], ["closing", ["wrote 88 03e8"], 2]);
  drive(protocol, clientClose(1000, "you too"));
  assertEquals([ended(protocol), log], ["closed 1000 clean you too", ["wrote 88 03e8"]]);
});

Deno.test("Protocol fails silently where the peer breaks a rule after our close (7.1.7)", () => {
  const { protocol, log } = record();
  protocol.close(1000);
  drive(protocol, hex("81 05"));
  assertEquals([ended(protocol), log], ["closed 1002 frame is not masked", ["wrote 88 03e8"]]);
});

Deno.test("Protocol stops between messages where the handler closes or fails it", () => {
  const bytes = concat(clientFrame(0x81, utf8("a")), clientFrame(0x81, utf8("b")));
  const closing = record(undefined, { message: () => closing.protocol.close(1000) });
  drive(closing.protocol, bytes);
  assertEquals(closing.log, ["text 61", "wrote 88 03e8"]);
  const failing = record(undefined, { message: () => failing.protocol.fail(1011, "fault") });
  drive(failing.protocol, bytes);
  assertEquals(failing.log, ["text 61", "wrote 88 03f36661756c74"]);
  assertEquals(ended(failing.protocol), "closed 1011 fault");
});

Deno.test("Protocol may be failed by the handler of a fragmented message", () => {
  const { protocol, log } = record(undefined, { message: () => protocol.fail(1011, "") });
  const bytes = concat(
    clientFrame(0x01, utf8("a")),
    clientFrame(0x80, utf8("b")),
    clientFrame(0x82, utf8("c")),
  );
  drive(protocol, bytes);
  assertEquals([log, ended(protocol)], [["text 6162", "wrote 88 03f3"], "closed 1011 "]);
});

const ends: Record<string, (protocol: Protocol) => void> = {
  "fails the connection": (protocol) => protocol.fail(1013, "too slow"),
  "drops the connection": (protocol) => protocol.lost(),
  "throws": () => {
    throw new Error("oops");
  },
};
for (const [what, end] of Object.entries(ends)) {
  Deno.test(`Protocol keeps a message until its handler returns, also if that ${what}`, () => {
    let told = "";
    let gathered: ArrayBufferLike | undefined;
    const { protocol } = record(undefined, {
      message(payload) {
        gathered = payload.buffer;
        try {
          end(protocol);
        } finally {
          // Somebody else needs a buffer of that size meanwhile, and writes into it.
          const other = lendBuffer(payload.length).fill(0xee);
          told = said(2, payload);
          returnBuffer(other);
        }
      },
    });
    const input = new Input();
    input.append(concat(clientFrame(0x02, noise(3000)), clientFrame(0x80, noise(9))));
    try {
      protocol.receive(input);
    } catch (error) {
      assertEquals([what, String(error)], ["throws", "Error: oops"]);
    }
    assertEquals(told, said(2, concat(noise(3000), noise(9))));
    // Then it is given back, once.
    const lent = [1, 2, 3, 4].map(() => lendBuffer(3009).buffer as ArrayBufferLike);
    assertEquals(lent.filter((buffer) => buffer === gathered).length, 1);
    input.dispose();
  });
}

Deno.test("Protocol gives back what it gathered when it ends within a message", () => {
  for (const end of [clientClose(1000), hex("8105")]) {
    const buffer = lendBuffer(1 << 20);
    returnBuffer(buffer);
    const { protocol } = record();
    const fragments = Array.from(
      { length: 40 },
      (_, i) => clientFrame(i === 0 ? 2 : 0, noise(10_000)),
    );
    for (const fragment of fragments) drive(protocol, fragment);
    const meanwhile = lendBuffer(1 << 20);
    assert(meanwhile !== buffer, "it is in use");
    drive(protocol, end);
    assert(lendBuffer(1 << 20) === buffer);
  }
});

type Change = (protocol: Protocol) => void;

const reach: Record<string, Change> = {
  open: () => {},
  closing: (protocol) => protocol.close(1000),
  closed: (protocol) => drive(protocol, clientClose(1000)),
};
const changes: Record<string, Change> = {
  "close()": (protocol) => protocol.close(1001),
  "a close": (protocol) => drive(protocol, clientClose(3000)),
  "fail()": (protocol) => protocol.fail(1008, "rule"),
  "lost()": (protocol) => protocol.lost(),
};
/** RFC 6455, 7.1: state, what happens, what follows; what is written. */
const table: [state: string, change: string, after: string, written: string[]][] = [
  ["open", "close()", "closing", ["wrote 88 03e9"]],
  ["open", "a close", "closed 3000 clean ", ["wrote 88 0bb8"]],
  ["open", "fail()", "closed 1008 rule", ["wrote 88 03f072756c65"]],
  ["open", "lost()", "closed 1006 ", []],
  ["closing", "close()", "closing", []],
  ["closing", "a close", "closed 3000 clean ", []],
  ["closing", "fail()", "closed 1008 rule", []],
  ["closing", "lost()", "closed 1006 ", []],
  ["closed", "close()", "closed 1000 clean ", []],
  ["closed", "a close", "closed 1000 clean ", []],
  ["closed", "fail()", "closed 1000 clean ", []],
  ["closed", "lost()", "closed 1000 clean ", []],
];

for (const [state, change, after, written] of table) {
  Deno.test(`Protocol: ${state}, then ${change}: ${after.trim()} (7.1)`, () => {
    const { protocol, log } = record();
    reach[state]!(protocol);
    assertEquals(protocol.state, state);
    log.length = 0;
    changes[change]!(protocol);
    assertEquals([ended(protocol), log], [after, written]);
    // Whatever it was: one of its own close frames is the last thing that is ever sent.
    const sent = log.length;
    if (protocol.state !== "open") {
      assertFalse(protocol.send(nothing, 2));
      protocol.ping(nothing);
      protocol.close(1000);
      assertEquals(log.length, sent);
    }
  });
}

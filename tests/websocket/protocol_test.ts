import { assert, assertEquals, assertThrows } from "@std/assert";
import { Input } from "../../lib/websocket/input.ts";
import { Protocol } from "../../lib/websocket/protocol.ts";
import { concat, hex, noise, toHex, utf8 } from "../tools/bytes.ts";
import {
  clientFrame,
  drive,
  ended,
  everyCut,
  KEY,
  outcome,
  record,
  said,
  wrote,
} from "../tools/frames.ts";

const hello = said(1, utf8("Hello"));
const nothing = new Uint8Array(0);

/** Asserts what bytes lead to: whole, cut at every byte (or those given), and byte by byte. */
function leadsTo(bytes: Uint8Array, expected: string[], cuts = everyCut(bytes)) {
  assertEquals(outcome(bytes), expected);
  for (const cut of cuts) assertEquals(outcome(bytes, [cut]), expected, `cut at ${cut}`);
  if (bytes.length < 1000) assertEquals(outcome(bytes, everyCut(bytes)), expected, "byte by byte");
}

/** RFC 6455, 5.7, as a client sends it. */
const examples: Record<string, [bytes: Uint8Array, expected: string[]]> = {
  "a masked text": [hex("8185 37fa213d 7f9f4d5158"), [hello, "open"]],
  "a text in two fragments": [hex("0183 37fa213d 7f9f4d 8082 37fa213d 5b95"), [hello, "open"]],
  "a ping, and answers with its payload": [
    hex("8985 37fa213d 7f9f4d5158"),
    [wrote(0x8a, utf8("Hello")), `ping ${toHex(utf8("Hello"))}`, "open"],
  ],
  "a pong": [hex("8a85 37fa213d 7f9f4d5158"), [`pong ${toHex(utf8("Hello"))}`, "open"]],
  "256 bytes": [clientFrame(0x82, noise(256)), [said(2, noise(256)), "open"]],
};

for (const [name, [bytes, expected]] of Object.entries(examples)) {
  Deno.test(`Protocol reads ${name}, cut anywhere (5.7)`, () => leadsTo(bytes, expected));
}

Deno.test("Protocol reads 64 KiB, cut in the header and here and there (5.7)", () => {
  const bytes = clientFrame(0x82, noise(65536));
  const cuts = [...everyCut(bytes.subarray(0, 24)), 1024, 4095, 40_001, 65_549];
  leadsTo(bytes, [said(2, noise(65536)), "open"], cuts);
});

Deno.test("Protocol reads every length at which the header changes, cut in the header (5.2)", () => {
  for (const length of [0, 1, 125, 126, 127, 65535, 65536]) {
    const bytes = clientFrame(0x82, noise(length), hex("80 7f 01 fe"));
    leadsTo(bytes, [said(2, noise(length)), "open"], everyCut(bytes.subarray(0, 20)));
  }
});

Deno.test("Protocol reads frames that arrive together, in order", () => {
  const bytes = concat(
    clientFrame(0x81, utf8("a")),
    clientFrame(0x82, nothing),
    clientFrame(0x8a, nothing),
    clientFrame(0x81, nothing),
    clientFrame(0x82, noise(130)),
    clientFrame(0x81, utf8("b")),
  );
  leadsTo(bytes, ["text 61", "binary ", "pong ", "text ", said(2, noise(130)), "text 62", "open"]);
});

Deno.test("Protocol joins fragments, also empty ones (5.4)", () => {
  const bytes = concat(
    clientFrame(0x01, nothing),
    clientFrame(0x00, utf8("Hel")),
    clientFrame(0x00, nothing),
    clientFrame(0x00, utf8("lo")),
    clientFrame(0x80, nothing),
    clientFrame(0x02, noise(7)),
    clientFrame(0x80, noise(5)),
  );
  leadsTo(bytes, [hello, said(2, concat(noise(7), noise(5))), "open"]);
});

Deno.test("Protocol answers a ping among fragments before the message (5.4, 5.5.2)", () => {
  const bytes = concat(
    clientFrame(0x01, utf8("Hel")),
    clientFrame(0x89, utf8("1")),
    clientFrame(0x8a, utf8("2")),
    clientFrame(0x00, nothing),
    clientFrame(0x89, nothing),
    clientFrame(0x80, utf8("lo")),
  );
  leadsTo(bytes, ["wrote 8a 31", "ping 31", "pong 32", "wrote 8a ", "ping ", hello, "open"]);
});

Deno.test("Protocol answers every ping with the same payload, up to 125 bytes (5.5.3)", () => {
  for (const length of [0, 1, 124, 125]) {
    const payload = noise(length);
    assertEquals(outcome(clientFrame(0x89, payload)), [
      wrote(0x8a, payload),
      `ping ${toHex(payload)}`,
      "open",
    ]);
  }
  const three = concat(...[1, 2, 3].map((n) => clientFrame(0x89, Uint8Array.of(n))));
  assertEquals(outcome(three).filter((line) => line.startsWith("wrote")), [
    "wrote 8a 01",
    "wrote 8a 02",
    "wrote 8a 03",
  ]);
});

Deno.test("Protocol answers no pong, asked for or not (5.5.3)", () => {
  assertEquals(outcome(clientFrame(0x8a, utf8("x"))), ["pong 78", "open"]);
  const { protocol, log } = record();
  protocol.ping(utf8("x"));
  drive(protocol, clientFrame(0x8a, utf8("x")));
  assertEquals(log, ["wrote 89 78", "pong 78"]);
});

Deno.test("Protocol does not need anybody to be told of pings and pongs", () => {
  const written: number[] = [];
  const protocol = new Protocol(
    { frame: (first) => written.push(first) },
    { message: () => {} },
    { maxMessage: 10, maxFragments: 1 },
  );
  drive(protocol, concat(clientFrame(0x89, nothing), clientFrame(0x8a, nothing)));
  assertEquals([written, protocol.state], [[0x8a], "open"]);
});

Deno.test("Protocol keeps a leading BOM", () => {
  assertEquals(outcome(clientFrame(0x81, hex("efbbbf61"))), ["text efbbbf61", "open"]);
});

Deno.test("Protocol unmasks with each frame's own key, whichever (5.3)", () => {
  for (const key of ["00000000", "ffffffff", "80000000", "00000080", "01020304"]) {
    const bytes = concat(
      clientFrame(0x81, utf8("κόσμε"), hex(key)),
      clientFrame(0x82, noise(9), KEY),
    );
    leadsTo(bytes, [said(1, utf8("κόσμε")), said(2, noise(9)), "open"]);
  }
});

Deno.test("Protocol sends messages and pings as single frames (5.6)", () => {
  const { protocol, log } = record();
  assert(protocol.send(utf8("a"), 1));
  assert(protocol.send(noise(70_000), 2));
  protocol.ping(utf8("p"));
  assertEquals(log, ["wrote 81 61", wrote(0x82, noise(70_000)), "wrote 89 70"]);
});

Deno.test("Protocol counts messages, not frames", () => {
  const { protocol } = record();
  drive(
    protocol,
    concat(
      clientFrame(0x01, nothing),
      clientFrame(0x89, nothing),
      clientFrame(0x80, nothing),
      clientFrame(0x82, nothing),
    ),
  );
  assertEquals(protocol.messages, 2);
});

Deno.test("Protocol knows whether a frame or a message is unfinished", () => {
  const { protocol } = record();
  const input = new Input();
  const feed = (bytes: Uint8Array) => {
    input.append(bytes);
    protocol.receive(input);
    return protocol.unfinished;
  };
  assertEquals(protocol.unfinished, false);
  assertEquals(feed(hex("81")), true);
  assertEquals(feed(hex("81")), true);
  assertEquals(feed(hex("00000000 61")), false);
  assertEquals(feed(clientFrame(0x02, nothing)), true);
  assertEquals(feed(clientFrame(0x89, nothing)), true);
  assertEquals(feed(clientFrame(0x80, nothing)), false);
  assertEquals(feed(concat(clientFrame(0x82, nothing), hex("82"))), true);
  assertEquals(feed(hex("02")), false);
  assertEquals(protocol.state, "closed");
  input.dispose();
});

Deno.test("Protocol lets a throw of the message handler through, and takes the next message after it", () => {
  let messages = 0;
  const { protocol, log } = record(undefined, {
    message() {
      if (++messages < 3) throw new Error(`handler ${messages}`);
    },
  });
  const input = new Input();
  input.append(concat(
    clientFrame(0x81, utf8("a")),
    clientFrame(0x01, utf8("b")),
    clientFrame(0x80, utf8("c")),
    clientFrame(0x81, utf8("d")),
  ));
  assertThrows(() => protocol.receive(input), Error, "handler 1");
  assertThrows(() => protocol.receive(input), Error, "handler 2");
  protocol.receive(input);
  assertEquals(log, ["text 61", "text 6263", "text 64"]);
  assertEquals([ended(protocol), input.length], ["open", 0]);
  input.dispose();
});

Deno.test("Protocol lets a throw of the ping and pong handlers through", () => {
  const oops = () => {
    throw new Error("oops");
  };
  for (const first of [0x89, 0x8a]) {
    const { protocol } = record(undefined, { ping: oops, pong: oops });
    assertThrows(() => drive(protocol, clientFrame(first, nothing)), Error, "oops");
    assertEquals(protocol.state, "open");
  }
});

Deno.test("Protocol lets the handler send, in the order of what it answers", () => {
  const { protocol, log } = record(undefined, {
    message: (payload, opcode) => void protocol.send(payload, opcode),
  });
  drive(
    protocol,
    concat(clientFrame(0x81, utf8("a")), clientFrame(0x89, nothing), clientFrame(0x82, utf8("b"))),
  );
  assertEquals(log, [
    "text 61",
    "wrote 81 61",
    "wrote 8a ",
    "ping ",
    "binary 62",
    "wrote 82 62",
  ]);
});

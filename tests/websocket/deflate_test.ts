import {
  assert,
  assertEquals,
  assertGreater,
  assertLess,
  assertLessOrEqual,
  assertThrows,
} from "@std/assert";
import { ProtocolError } from "../../lib/websocket/close.ts";
import { deflate, Deflater, Inflater, MAX_DEFLATED } from "../../lib/websocket/deflate.ts";
import { concat, hex, noise, toHex, utf8 } from "../tools/bytes.ts";
import {
  agreed,
  inflateAll,
  json,
  SHARED,
  SMALL,
  TAKEOVER,
  zlibDeflate,
  zlibDeflateAll,
  zlibInflate,
} from "../tools/deflate.ts";

const HELLO = utf8("Hello");
const nothing = new Uint8Array(0);
const KiB64 = 64 * 1024;

function refused(code: number, run: () => unknown) {
  assertEquals(assertThrows(run, ProtocolError).code, code);
}

/** Payloads of RFC 7692, 7.2.3, and the message in each. */
const examples: Record<string, [payload: Uint8Array, message: Uint8Array]> = {
  "one block (7.2.3.1)": [hex("f2 48 cd c9 c9 07 00"), HELLO],
  "a stored block (7.2.3.3)": [hex("00 05 00 fa ff 48 65 6c 6c 6f 00"), HELLO],
  "a block with BFINAL (7.2.3.4)": [hex("f3 48 cd c9 c9 07 00 00"), HELLO],
  "a block with BFINAL, and none behind it": [hex("f3 48 cd c9 c9 07 00"), HELLO],
  "an empty block with BFINAL, whose end is the tail": [hex("01"), nothing],
  "two blocks with BFINAL": [hex("f3 48 05 00 cb c9 c9 07 00 00"), HELLO],
  "two blocks (7.2.3.5)": [hex("f2 48 05 00 00 00 ff ff ca c9 c9 07 00"), HELLO],
  "an empty message (7.2.3.6)": [hex("00"), nothing],
  "an empty message of which nothing was sent, as zlib flushes one behind another": [
    nothing,
    nothing,
  ],
  "a flush, and an empty block behind it (7.2.3.6)": [
    hex("f2 48 cd c9 c9 07 00 00 00 ff ff 00"),
    HELLO,
  ],
};

for (const [name, [payload, message]] of Object.entries(examples)) {
  for (const keep of [true, false]) {
    const context = keep ? "with" : "without";
    Deno.test(`Inflater reads ${name}, and the next message, ${context} context`, () => {
      const inflater = new Inflater(keep);
      assertEquals(inflateAll(inflater, payload), message);
      assertEquals(inflateAll(inflater, hex("f2 48 cd c9 c9 07 00")), HELLO);
      if (!keep) return refused(1007, () => inflateAll(inflater, hex("f2 00 11 00 00")));
      assertEquals(inflateAll(inflater, hex("f2 00 11 00 00")), HELLO);
    });
  }
}

Deno.test("Inflater and Deflater share the window of the message before (7.2.3.2)", () => {
  const deflater = new Deflater(15);
  const payloads = [HELLO, HELLO, nothing, HELLO].map((m) => toHex(deflater.deflate(m)));
  assertEquals(payloads.slice(0, 3), ["f248cdc9c90700", "f200110000", "00"]);
  const inflater = new Inflater(true);
  assertEquals(
    payloads.map((p) => inflateAll(inflater, hex(p))),
    [HELLO, HELLO, nothing, HELLO],
  );
});

Deno.test("Inflater keeps its window over a block with BFINAL (7.2.3.4)", () => {
  const inflater = new Inflater(true);
  assertEquals(inflateAll(inflater, hex("f3 48 cd c9 c9 07 00 00")), HELLO);
  assertEquals(inflateAll(inflater, hex("f2 00 11 00 00")), HELLO);
});

Deno.test("deflate() writes the RFC's own bytes, each message by itself (7.2.3.1, 7.2.3.6)", () => {
  for (let i = 0; i < 3; i++) {
    assertEquals(toHex(deflate(HELLO)), "f248cdc9c90700");
    assertEquals(toHex(deflate(nothing)), "00");
  }
});

Deno.test("Inflater follows another implementation's context", async () => {
  for (const windowBits of [9, 10, 12, 15]) {
    const messages = [json(1024), HELLO, noise(70_000), json(50_000), json(1024), json(1024)];
    const inflater = new Inflater(true, windowBits);
    const payloads = await zlibDeflateAll(messages, windowBits);
    assertEquals(payloads.map((payload) => inflateAll(inflater, payload)), messages);
    // A small window has forgotten it by then.
    if (windowBits > 10) assertLess(payloads[5]!.length, 40);
  }
});

Deno.test("Inflater refuses what is cut short, whatever the tail makes of it, with 1007", () => {
  for (const message of [HELLO, json(300), noise(100)]) {
    for (const level of [0, 6]) {
      const payload = zlibDeflate(message, { level });
      // Nothing at all is an empty message.
      for (let size = 1; size < payload.length - 1; size++) {
        // What begins a stored block begins an empty one too, and the tail completes one that lacks four bytes.
        if (payload[0] === 0 && (size === 1 || size === payload.length - 5)) continue;
        refused(1007, () => inflateAll(new Inflater(false), payload.subarray(0, size)));
      }
    }
  }
});

Deno.test("Inflater refuses what does not inflate with 1007", () => {
  const corrupt: Record<string, string> = {
    "a block of type 3": "07",
    "a block of type 3 behind a message": "f2 48 cd c9 c9 07 00 00 00 ff ff 07",
    "a stored length that does not match": "00 05 00 fa fe 48 65 6c 6c 6f 00",
    "a distance beyond the beginning": "f2 00 11 00 00",
    "no code lengths": "04 00 00 00",
    "the tail, which is not to be sent": "f2 48 cd c9 c9 07 00 00 00 ff ff",
    "random bytes": toHex(noise(50)),
    "a header of zlib": "78 9c f3 48 cd c9 c9 07 00",
    "gzip": "1f 8b 08 00 00 00 00 00 00 03 f3 48 cd c9 c9 07 00",
  };
  for (const [name, payload] of Object.entries(corrupt)) {
    for (const keep of [true, false]) {
      const inflater = new Inflater(keep);
      const error = assertThrows(() => inflateAll(inflater, hex(payload)), ProtocolError);
      const what = error.message.split(":")[0];
      assertEquals([error.code, what], [1007, "message does not inflate"], name);
      // One without context serves another connection next.
      if (!keep) assertEquals(inflateAll(inflater, hex("f2 48 cd c9 c9 07 00")), HELLO);
    }
  }
});

Deno.test("Inflater stops a bomb as soon as it passes the limit, in bounded memory (1009)", () => {
  const bomb = zlibDeflate(new Uint8Array(64 << 20));
  assertLess(bomb.length, 70_000);
  for (const limit of [0, 1, 1000, KiB64 - 1, KiB64, 1 << 20, (1 << 20) + 1]) {
    const inflater = new Inflater(false);
    let largest = 0, before = 0;
    refused(1009, () =>
      inflateAll(inflater, bomb, limit, (size) => {
        assertLessOrEqual(size - before, KiB64);
        largest = Math.max(largest, before = size);
        const most = 4 * Math.max(KiB64, limit) + 4096;
        assertLessOrEqual(inflater.message.buffer.byteLength, most);
      }));
    assertGreater(largest, limit);
    assertLessOrEqual(largest, limit + KiB64);
  }
});

Deno.test("Inflater lets a message of exactly the limit pass, and not one more byte (1009)", () => {
  for (const limit of [0, 1, 100, KiB64 - 1, KiB64, KiB64 + 1, 4 * KiB64, 300_000, 1 << 20]) {
    for (const make of [(n: number) => new Uint8Array(n), noise]) {
      const message = make(limit);
      assertEquals(inflateAll(new Inflater(false), zlibDeflate(message), limit), message);
      const more = zlibDeflate(make(limit + 1));
      refused(1009, () => inflateAll(new Inflater(false), more, limit));
    }
  }
});

Deno.test("Inflater takes and gives 64 KiB a step, however large the message and its payload", () => {
  const tables: [message: Uint8Array, steps: number][] = [
    [new Uint8Array(16 << 20), 260],
    [noise(1 << 20), 40],
  ];
  for (const [message, most] of tables) {
    let steps = 0, before = 0;
    const inflated = inflateAll(new Inflater(false), zlibDeflate(message), 1 << 30, (size) => {
      assertLessOrEqual(size - before, KiB64);
      before = size;
      steps++;
    });
    // Compared so, since an assertion on so many elements takes seconds.
    assert(inflated.length === message.length && inflated.every((byte, i) => byte === message[i]));
    assertGreater(steps, message.length / KiB64 - 1);
    assertLess(steps, most);
  }
});

Deno.test("PermessageDeflate compresses from the threshold on, and up to 1 MiB", () => {
  for (const parameters of [SHARED, TAKEOVER]) {
    const extension = agreed(parameters, 256);
    assertEquals(extension.deflate(new Uint8Array(255)), undefined);
    assertEquals(extension.deflate(nothing), undefined);
    for (const size of [256, 257, MAX_DEFLATED]) {
      const message = new Uint8Array(size);
      assertEquals(inflateAll(extension.takeInflater(), extension.deflate(message)!), message);
    }
    assertEquals(extension.deflate(new Uint8Array(MAX_DEFLATED + 1)), undefined);
  }
});

Deno.test("PermessageDeflate leaves what does not shrink as it is, where no context has to hear of it", () => {
  assertEquals(agreed(SHARED).deflate(noise(1000)), undefined);
  assertEquals(agreed(SHARED).deflate(utf8("Hi")), undefined);
  assertEquals(agreed(SHARED).deflate(nothing), undefined);
  // The context has heard of it, and so must the peer.
  const extension = agreed(TAKEOVER);
  const payloads = [noise(1000), noise(1000)].map((m) => extension.deflate(m)!);
  assertGreater(payloads[0]!.length, 1000);
  assertLess(payloads[1]!.length, 50);
  assertEquals(zlibInflate(payloads), concat(noise(1000), noise(1000)));
});

Deno.test("JSON of 1 KiB leaves at a third of its size or less", () => {
  const message = json(1024);
  assertEquals(message.length, 1024);
  const payload = agreed(SHARED, 256).deflate(message)!;
  assertLessOrEqual(payload.length, 1024 / 3);
  assertEquals(zlibInflate([payload]), message);
});

/** What as many of a thing hold, in bytes: the least and the most of a few tries, as garbage comes and goes. */
function held(make: () => unknown, count: number): [least: number, most: number] {
  const now = () => {
    const { heapUsed, external } = Deno.memoryUsage();
    return heapUsed + external;
  };
  const tries = Array.from({ length: 5 }, () => {
    const before = now();
    const kept = Array.from({ length: count }, make);
    const growth = now() - before;
    assertEquals(kept.length, count);
    return growth;
  });
  return [Math.min(...tries), Math.max(...tries)];
}

Deno.test("PermessageDeflate holds nothing until a message goes or comes with context", () => {
  const [idle] = held(() => agreed(TAKEOVER, 256), 2000);
  assertLess(idle, 1 << 20);
  const [small] = held(() => agreed(TAKEOVER, 256).deflate(new Uint8Array(10)), 2000);
  assertLess(small, 2 << 20);
  // This way of looking does see what a context costs.
  const [, takeover] = held(() => {
    const extension = agreed(TAKEOVER, 256);
    assert(extension.deflate(json(300)));
    return extension;
  }, 20);
  assertGreater(takeover, 1 << 20);
});

Deno.test("PermessageDeflate keeps a sender's context in the window agreed on, and no larger", async () => {
  for (const clientMaxWindowBits of [10, 15]) {
    // Refers back as far as 15 bits allow: to the first message, 5,000 bytes before.
    const payloads = await zlibDeflateAll([noise(2000), noise(5000), noise(2000)], 15);
    const inflater = agreed({ ...SMALL, clientMaxWindowBits }).takeInflater();
    inflateAll(inflater, payloads[0]!);
    inflateAll(inflater, payloads[1]!);
    if (clientMaxWindowBits === 15) assertEquals(inflateAll(inflater, payloads[2]!), noise(2000));
    else refused(1007, () => inflateAll(inflater, payloads[2]!));
  }
});

Deno.test("PermessageDeflate lends whoever keeps no context the same few inflaters", () => {
  const one = agreed(SHARED), other = agreed(SHARED), context = agreed(SMALL);
  const lent = one.takeInflater();
  one.returnInflater(lent);
  assert(other.takeInflater() === lent);
  const kept = context.takeInflater();
  context.returnInflater(kept);
  assert(context.takeInflater() === kept);
  assert(agreed(SMALL).takeInflater() !== kept);
});

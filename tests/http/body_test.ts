/** Bodies by length and chunked: in whatever pieces they come, and how large they may be. */
import { assertEquals, assertLess, assertThrows } from "@std/assert";
import fc from "fast-check";
import { BodyReader, type Framing } from "../../lib/http/body.ts";
import { HttpError } from "../../lib/http/error.ts";
import { MAX_HEAD, MAX_LINE } from "../../lib/http/head.ts";
import { badChunks } from "../cases/bodies.ts";
import { join, textOf } from "../tools/raw.ts";

/** What becomes of a body: the body, a space and what is left behind it; `more`; or the status of its refusal. */
function outcome(how: Framing, text: string | Uint8Array, limit = 100, ...cuts: number[]): string {
  const bytes = join(text);
  try {
    const reader = new BodyReader(how, limit);
    let at = 0;
    for (const end of [...cuts, bytes.length]) at = reader.read(bytes, at, end);
    return reader.done ? `${textOf(reader.body)} ${textOf(bytes.subarray(at))}` : "more";
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    return `refused ${error.status}`;
  }
}

/** Checks that the pieces in which it comes do not matter. */
function outcomeCut(how: Framing, text: string | Uint8Array, limit?: number): string {
  const { length } = join(text);
  const whole = outcome(how, text, limit);
  for (let cut = 0; cut <= length; cut++) {
    assertEquals(outcome(how, text, limit, cut), whole, `${JSON.stringify(text)} cut at ${cut}`);
  }
  assertEquals(outcome(how, text, limit, ...Array(length).keys()), whole);
  return whole;
}

Deno.test("BodyReader takes as much as Content-Length says and leaves the rest", () => {
  assertEquals(outcomeCut(5, "helloGET /"), "hello GET /");
  assertEquals(outcomeCut(0, "GET /"), " GET /");
  assertEquals(outcomeCut(6, "hello"), "more");
  assertEquals(outcomeCut(1, Uint8Array.of(0xff)), "\u00ff ");
});

Deno.test("BodyReader refuses a length over the limit before any of the body", () => {
  assertEquals(outcome(100, ""), "more");
  const error = assertThrows(() => new BodyReader(101, 100), HttpError);
  assertEquals(error.status, 413);
  assertThrows(() => new BodyReader(999999999999999, 100), HttpError);
});

const good: Record<string, [text: string, outcome: string]> = {
  "an empty body": ["0\r\n\r\nnext", " next"],
  "chunks": ["5\r\nhello\r\n6\r\n world\r\n0\r\n\r\nnext", "hello world next"],
  "a chunk that holds line ends": ["4\r\n\r\n\r\n\r\n0\r\n\r\n", "\r\n\r\n "],
  "sizes in both cases and with zeros": [
    "00A\r\n0123456789\r\na\r\n0123456789\r\n000\r\n\r\n",
    "01234567890123456789 ",
  ],
  "extensions, which it ignores (7.1.1)": [
    '1;a\r\nx\r\n1;a=b;c\r\ny\r\n1 ; a = "q \\" \t;\u00e9" \t; b\r\nz\r\n0;last\r\n\r\n',
    "xyz ",
  ],
  "trailers, which it drops (7.1.2)": [
    "1\r\nx\r\n0\r\nA: b\r\nContent-Length: 7\r\nC:\r\n\r\nnext",
    "x next",
  ],
};

for (const [name, [text, expected]] of Object.entries(good)) {
  Deno.test(`BodyReader reads ${name}, cut at every byte`, () => {
    assertEquals(outcomeCut("chunked", text), expected);
    for (let end = 0; end < text.indexOf("0\r\n\r\n"); end++) {
      assertEquals(outcome("chunked", text.slice(0, end)), "more");
    }
  });
}

for (const [rule, text] of badChunks) {
  Deno.test(`BodyReader refuses ${rule} with 400, cut at every byte: ${JSON.stringify(text)}`, () => {
    assertEquals(outcomeCut("chunked", text), "refused 400");
    assertEquals(outcomeCut("chunked", "2\r\nab\r\n" + text), "refused 400");
  });
}

Deno.test("BodyReader takes chunks up to the limit; one byte more is 413, before the chunk", () => {
  const chunk = (size: number) => `${size.toString(16)}\r\n${"x".repeat(size)}\r\n`;
  assertEquals(outcome("chunked", chunk(100) + "0\r\n\r\n"), "x".repeat(100) + " ");
  assertEquals(outcome("chunked", chunk(60) + chunk(40) + "0\r\n\r\n"), "x".repeat(100) + " ");
  assertEquals(outcome("chunked", "65\r\n"), "refused 413");
  assertEquals(outcome("chunked", chunk(60) + "29\r\n"), "refused 413");
  assertEquals(outcome("chunked", "ffffffffffff\r\n"), "refused 413");
});

Deno.test("BodyReader takes a limit of 1 MiB in small chunks that arrive in any pieces", () => {
  const chunk = `400\r\n${"x".repeat(1024)}\r\n`;
  const bytes = join(chunk.repeat(1024), "0\r\n\r\n");
  const reader = new BodyReader("chunked", 1 << 20);
  for (let at = 0, step = 1; at < bytes.length; step = step % 5000 + 977) {
    at = reader.read(bytes, at, Math.min(bytes.length, at + step));
  }
  assertEquals(reader.done, true);
  assertEquals(reader.body.length, 1 << 20);
  assertEquals(reader.body.every((byte) => byte === 0x78), true);
});

const endless: Record<string, [before: string, again: string]> = {
  "1-byte chunks": ["", "1\r\nx\r\n"],
  "1-byte chunks with extensions": ["", `1;${"a".repeat(1000)}\r\nx\r\n`],
  "one extension": ["1;", "a"],
  "extensions of one chunk": ["1", ";a=b"],
  "zeros before a size": ["", "0"],
  "trailers": ["0\r\n", "A: b\r\n"],
  "one trailer": ["0\r\nA:", "b"],
};

for (const [name, [before, again]] of Object.entries(endless)) {
  Deno.test(`BodyReader refuses endless ${name} with 400, in milliseconds`, () => {
    const bytes = join(before, again.repeat(Math.ceil(8 * MAX_HEAD / again.length)));
    const began = performance.now();
    assertEquals(outcome("chunked", bytes, 1 << 30), "refused 400");
    assertLess(performance.now() - began, 2000);
  });
}

Deno.test("BodyReader reads long extensions within its bounds in milliseconds", () => {
  const chunk = `8000;${"a".repeat(MAX_LINE - 100)}\r\n${"x".repeat(0x8000)}\r\n`;
  const bytes = join(chunk.repeat(31), "0\r\n\r\n");
  const time = () => {
    const began = performance.now();
    const reader = new BodyReader("chunked", 1 << 20);
    reader.read(bytes, 0, bytes.length);
    assertEquals(reader.done, true);
    return performance.now() - began;
  };
  assertLess(Math.min(time(), time(), time()), 500);
});

Deno.test("BodyReader answers any bytes in any pieces with a body, nothing yet, 400 or 413", () => {
  const piece = fc.oneof(
    fc.constantFrom(
      "0\r\n",
      "\r\n",
      "1\r\nx\r\n",
      "3",
      ";a=b",
      ";",
      "\r",
      "\n",
      "A: b\r\n",
      "abc",
      '"',
    ),
    fc.string({ unit: "binary", maxLength: 4 }),
  );
  const pieces = fc.array(piece, { maxLength: 16 }).map((parts) => join(...parts));
  fc.assert(fc.property(pieces, fc.nat(60), (bytes, cut) => {
    const whole = outcome("chunked", bytes, 10);
    assertEquals(outcome("chunked", bytes, 10, Math.min(cut, bytes.length)), whole);
    assertEquals(outcome("chunked", bytes, 10, ...bytes.keys()), whole);
  }));
});

Deno.test("BodyReader gives back any body, however it is chunked and cut", () => {
  const parts = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 10 });
  fc.assert(fc.property(parts, fc.array(fc.nat(500), { maxLength: 5 }), (chunks, cuts) => {
    const coded = chunks.flatMap((c) => [c.length.toString(16) + "\r\n", c, "\r\n"]);
    const bytes = join(...coded, "0\r\n\r\n");
    const ends = cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b);
    assertEquals(outcome("chunked", bytes, 400, ...ends), textOf(join(...chunks)) + " ");
  }));
});

/** Request heads that are refused, with the status for each, and the limits at their edges. */
import { assertEquals, assertThrows } from "@std/assert";
import { HttpError } from "../../lib/http/error.ts";
import { HeadParser, MAX_HEAD, MAX_HEADERS, MAX_LINE } from "../../lib/http/head.ts";
import { headerFields, requestLines } from "../cases/heads.ts";
import { join } from "../tools/raw.ts";

/** What becomes of a head: `ok`, `more`, or the status of its refusal; the same in one piece and byte by byte. */
function outcome(head: string | Uint8Array): string | number {
  const bytes = join(head);
  const feed = (step: number) => {
    const parser = new HeadParser();
    try {
      for (let end = step; end < bytes.length + step; end += step) {
        if (parser.parse(bytes, 0, Math.min(end, bytes.length)) > 0) return "ok";
      }
      return "more";
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      return error.status;
    }
  };
  const whole = feed(bytes.length);
  assertEquals(feed(1), whole);
  return whole;
}

const H = "GET / HTTP/1.1\r\nHost: a\r\n";

const refused = [...requestLines.cases, ...headerFields.cases].map(
  ([what, head, [status]]): [string, string | Uint8Array, number] => [
    what,
    head as string | Uint8Array,
    Number(status!.slice(0, 3)),
  ],
);

for (const [what, head, status] of refused) {
  Deno.test(`HeadParser refuses ${what} with ${status}`, () => assertEquals(outcome(head), status));
}

/** A request line of so many bytes, without its end. */
function requestLine(length: number): string {
  return "GET /".padEnd(length - " HTTP/1.1".length, "x") + " HTTP/1.1";
}

/** A header line of so many bytes, without its end. */
function headerLine(length: number): string {
  return "X: ".padEnd(length, "x");
}

Deno.test("HeadParser takes a request line of 8 KiB; one byte more is 414", () => {
  assertEquals(outcome(requestLine(MAX_LINE) + "\r\nHost: a\r\n\r\n"), "ok");
  assertEquals(outcome(requestLine(MAX_LINE + 1) + "\r\nHost: a\r\n\r\n"), 414);
  assertEquals(outcome("GET /" + "x".repeat(MAX_LINE)), 414);
});

Deno.test("HeadParser answers an endless method with 501 (RFC 9112, 3)", () => {
  assertEquals(outcome("G".repeat(MAX_LINE)), "more");
  assertEquals(outcome("G".repeat(MAX_LINE + 1)), 501);
});

Deno.test("HeadParser takes a header line of 8 KiB; one byte more is 431", () => {
  assertEquals(outcome(H + headerLine(MAX_LINE) + "\r\n\r\n"), "ok");
  assertEquals(outcome(H + headerLine(MAX_LINE + 1) + "\r\n\r\n"), 431);
  assertEquals(outcome(H + "X".repeat(MAX_LINE + 1)), 431);
});

Deno.test("HeadParser takes a head of 16 KiB; one byte more is 431", () => {
  const half = headerLine(MAX_LINE - 2) + "\r\n";
  const rest = MAX_HEAD - H.length - half.length;
  const head = (size: number) => H + half + headerLine(rest - 4 + size - MAX_HEAD) + "\r\n\r\n";
  assertEquals(head(MAX_HEAD).length, MAX_HEAD);
  assertEquals(outcome(head(MAX_HEAD)), "ok");
  for (const more of [1, 2, 3, 4]) assertEquals(outcome(head(MAX_HEAD + more)), 431);
});

Deno.test("HeadParser takes 100 header lines; one more is 431", () => {
  const head = (count: number) => H + "x:\r\n".repeat(count - 1) + "\r\n";
  assertEquals(outcome(head(MAX_HEADERS)), "ok");
  assertEquals(outcome(head(MAX_HEADERS + 1)), 431);
});

Deno.test("HeadParser says why in one line of text, without what was sent", () => {
  for (const [, head] of refused) {
    const bytes = join(head);
    const parser = new HeadParser();
    const { message } = assertThrows(() => parser.parse(bytes, 0, bytes.length), HttpError);
    assertEquals(/^[ -~]{1,80}$/.test(message), true, message);
  }
});

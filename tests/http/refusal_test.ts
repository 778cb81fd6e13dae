/** Request heads that are refused, with the status for each, and the limits at their edges. */
import { assertEquals, assertThrows } from "@std/assert";
import { HttpError } from "../../lib/http/error.ts";
import { HeadParser, MAX_HEAD, MAX_HEADERS, MAX_LINE } from "../../lib/http/head.ts";
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

const refused: [rule: string, status: number, heads: (string | Uint8Array)[]][] = [
  ["a bare LF (RFC 9112, 2.2)", 400, [
    "GET / HTTP/1.1\nHost: a\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\n\r\n",
    H + "\n",
    "\nGET / HTTP/1.1\r\n",
    H + "X: a\nY: b\r\n\r\n",
  ]],
  ["a bare CR (RFC 9112, 2.2)", 400, [
    "GET / HTTP/1.1\rHost: a\r\n\r\n",
    "GET /\r HTTP/1.1\r\n",
    H + "X: a\rb\r\n\r\n",
    H + "X: a\r\r\n\r\n",
    H + "\r\r\n",
    "\rGET / HTTP/1.1\r\n",
  ]],
  ["NUL and other controls (RFC 9110, 5.5)", 400, [
    "GET /\0 HTTP/1.1\r\n",
    H + "X: a\0b\r\n",
    H + "X\0: a\r\n",
    H + "X: \x1b[31m\r\n",
    H + "X: \x07\r\n",
    H + "X: \x0b\r\n",
    "\0",
  ]],
  ["DEL", 400, ["GET /\x7f HTTP/1.1\r\n", H + "X: \x7f\r\n"]],
  ["a tab in the request line", 400, ["GET\t/ HTTP/1.1\r\n", "GET /\tHTTP/1.1\r\n"]],
  ["space before the colon (RFC 9112, 5.1)", 400, [
    H + "X : a\r\n\r\n",
    H + "X\t: a\r\n\r\n",
    "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
    H + "Content-Length : 5\r\n\r\n",
  ]],
  ["space before the first header (RFC 9112, 2.2)", 400, [
    "GET / HTTP/1.1\r\n Host: a\r\n\r\n",
    "GET / HTTP/1.1\r\n\tX: b\r\nHost: a\r\n\r\n",
    "GET / HTTP/1.1\r\n \r\nHost: a\r\n\r\n",
  ]],
  ["obs-fold (RFC 9112, 5.2)", 400, [H + "X: a\r\n b\r\n\r\n", H + "X: a\r\n\tb\r\n\r\n"]],
  ["a header line without a name", 400, [
    H + ": a\r\n\r\n",
    H + "nothing\r\n\r\n",
    H + "a b: c\r\n\r\n",
    H + "a(b): c\r\n\r\n",
    H + 'a"b: c\r\n\r\n',
    H + "caf\u00e9: c\r\n\r\n",
  ]],
  ["a missing Host (RFC 9112, 3.2)", 400, [
    "GET / HTTP/1.1\r\n\r\n",
    "GET http://a/ HTTP/1.1\r\n\r\n",
    "GET / HTTP/1.1\r\nX-Host: a\r\n\r\n",
  ]],
  ["more than one Host (RFC 9112, 3.2)", 400, [
    H + "Host: a\r\n\r\n",
    H + "hOST: b\r\n\r\n",
    "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n",
  ]],
  ["an impossible Host (RFC 9112, 3.2)", 400, [
    "GET / HTTP/1.1\r\nHost:\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a:99999\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: http://a\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: <x>\r\n\r\n",
    "GET / HTTP/1.0\r\nHost: a b\r\n\r\n",
  ]],
  ["HTTP/0.9", 400, ["GET /\r\n", "GET / \r\n\r\n"]],
  ["other versions (RFC 9110, 15.6.6)", 505, [
    "GET / HTTP/0.9\r\n",
    "GET / HTTP/1.2\r\n",
    "GET / HTTP/2.0\r\n",
    "GET / HTTP/3.0\r\n",
    "GET / HTTP/9.9\r\n",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  ]],
  ["a request line that is garbage", 400, [
    "GET  / HTTP/1.1\r\n",
    "GET /  HTTP/1.1\r\n",
    " GET / HTTP/1.1\r\n",
    "GET / HTTP/1.1 \r\n",
    "GET / x HTTP/1.1\r\n",
    "GET / http/1.1\r\n",
    "GET / HTTP/1\r\n",
    "GET / HTTP/1.10\r\n",
    "GET / HTTP/01.1\r\n",
    "GET / HTTP/1.1;x\r\n",
    "GET / ICE/1.1\r\n",
    "GET\r\n",
    "x\r\n",
    "HTTP/1.1 200 OK\r\n",
    "G(T / HTTP/1.1\r\n",
    "G\u00c9T / HTTP/1.1\r\n",
  ]],
  ["a TLS hello", 400, [Uint8Array.of(0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3)]],
  ["an SSH banner and other protocols", 400, ["SSH-2.0-OpenSSH_9.9\r\n", "EHLO a\r\n", "*1\r\n"]],
  ["methods that are not known (RFC 9110, 15.6.2)", 501, [
    "BREW / HTTP/1.1\r\n",
    "CONNECT a:80 HTTP/1.1\r\n",
    "PROPFIND / HTTP/1.1\r\n",
    "GETS / HTTP/1.1\r\n",
    "__proto__ / HTTP/1.1\r\n",
  ]],
  ["methods in lower case, which are others (RFC 9110, 9.1)", 501, [
    "get / HTTP/1.1\r\n",
    "Get / HTTP/1.1\r\n",
  ]],
  ["a target in no form of RFC 9112, 3.2", 400, [
    "GET x HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET * HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET a:80 HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET http:// HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET http://u:p@a/ HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET http://a:99999/ HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET ?x HTTP/1.1\r\nHost: a\r\n\r\n",
  ]],
  ["a fragment in the target (RFC 9112, 3.2)", 400, [
    "GET /#a HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET http://a/#b HTTP/1.1\r\nHost: a\r\n\r\n",
  ]],
  ["a target with bytes that must be encoded (RFC 3986, 2)", 400, [
    "GET /\u00e9 HTTP/1.1\r\nHost: a\r\n\r\n",
    'GET /" HTTP/1.1\r\nHost: a\r\n\r\n',
    "GET /<script> HTTP/1.1\r\nHost: a\r\n\r\n",
    join("GET /", Uint8Array.of(0xff), " HTTP/1.1\r\nHost: a\r\n\r\n"),
  ]],
  ["two empty lines before the request", 400, ["\r\n\r\nGET / HTTP/1.1\r\n", "\r\n\r\n\r\n"]],
];

for (const [rule, status, heads] of refused) {
  Deno.test(`HeadParser refuses ${rule} with ${status}`, () => {
    for (const head of heads) {
      assertEquals(outcome(head), status, JSON.stringify(head));
    }
  });
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
  for (const [, , heads] of refused) {
    for (const head of heads) {
      const bytes = join(head);
      const parser = new HeadParser();
      const { message } = assertThrows(() => parser.parse(bytes, 0, bytes.length), HttpError);
      assertEquals(/^[ -~]{1,80}$/.test(message), true, message);
    }
  }
});

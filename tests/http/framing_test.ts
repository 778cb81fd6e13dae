/** How a request says where its body ends, and what says it in a way that two readers could take differently. */
import { assertEquals } from "@std/assert";
import { bodyFraming, type Framing } from "../../lib/http/body.ts";
import { HttpError } from "../../lib/http/error.ts";
import { HeadParser } from "../../lib/http/head.ts";
import { join } from "../tools/raw.ts";

/** What a request says of its body, or the status of its refusal. */
function framing(fields: string, version = "1.1"): Framing | undefined | string {
  const bytes = join(`POST / HTTP/${version}\r\nHost: a\r\n${fields}\r\n`);
  const parser = new HeadParser();
  parser.parse(bytes, 0, bytes.length);
  try {
    return bodyFraming(parser.head);
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    return `refused ${error.status}`;
  }
}

Deno.test("bodyFraming() finds a body by length, chunked, or none (RFC 9112, 6.3)", () => {
  assertEquals(framing(""), undefined);
  assertEquals(framing("Content-Length: 0\r\n"), 0);
  assertEquals(framing("Content-Length: 5\r\n"), 5);
  assertEquals(framing("Content-Length:007\t\r\n"), 7);
  assertEquals(framing("Content-Length: 999999999999999\r\n"), 999999999999999);
  assertEquals(framing("Transfer-Encoding: chunked\r\n"), "chunked");
  assertEquals(framing("Transfer-Encoding: Chunked\r\n"), "chunked");
});

const framings: [rule: string, fields: string[]][] = [
  ["a Content-Length that is no decimal number (RFC 9110, 8.6)", [
    "Content-Length:\r\n",
    "Content-Length: +5\r\n",
    "Content-Length: -1\r\n",
    "Content-Length: -0\r\n",
    "Content-Length: 0x5\r\n",
    "Content-Length: 5.0\r\n",
    "Content-Length: 1e3\r\n",
    "Content-Length: 1_000\r\n",
    "Content-Length: 5 5\r\n",
    "Content-Length: five\r\n",
    'Content-Length: "5"\r\n',
    "Content-Length: \u0665\r\n",
    "Content-Length: Infinity\r\n",
  ]],
  ["a Content-Length that is huge", [
    "Content-Length: 9999999999999999\r\n",
    "Content-Length: 18446744073709551617\r\n",
    `Content-Length: ${"9".repeat(4000)}\r\n`,
  ]],
  ["a Content-Length that is a list, or comes twice", [
    "Content-Length: 5, 5\r\n",
    "Content-Length: 5,6\r\n",
    "Content-Length: 5\r\nContent-Length: 5\r\n",
    "Content-Length: 5\r\nContent-Length: 6\r\n",
    "Content-Length: 5\r\ncontent-length:\r\n",
  ]],
  ["Content-Length with Transfer-Encoding (RFC 9112, 6.1)", [
    "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
    "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n",
    "Transfer-Encoding: chunked\r\nContent-Length:\r\n",
  ]],
  ["any Transfer-Encoding but chunked", [
    "Transfer-Encoding:\r\n",
    "Transfer-Encoding: gzip\r\n",
    "Transfer-Encoding: identity\r\n",
    "Transfer-Encoding: gzip, chunked\r\n",
    "Transfer-Encoding: chunked, gzip\r\n",
    "Transfer-Encoding: chunked, identity\r\n",
    "Transfer-Encoding: chunked, chunked\r\n",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n",
    "Transfer-Encoding: xchunked\r\n",
    "Transfer-Encoding: chunked;q=1\r\n",
    'Transfer-Encoding: "chunked"\r\n',
    "Transfer-Encoding: , chunked\r\n",
    "Transfer-Encoding: chunked\u00a0\r\n",
  ]],
];

for (const [rule, list] of framings) {
  Deno.test(`bodyFraming() refuses ${rule} with 400`, () => {
    for (const fields of list) assertEquals(framing(fields), "refused 400", fields);
  });
}

Deno.test("bodyFraming() refuses Transfer-Encoding in HTTP/1.0 with 400 (RFC 9112, 6.1)", () => {
  assertEquals(framing("Transfer-Encoding: chunked\r\n", "1.0"), "refused 400");
  assertEquals(framing("Content-Length: 3\r\n", "1.0"), 3);
});

/** How a request says where its body ends, and what says it in a way that two readers could take differently. */
import { assertEquals, assertThrows } from "@std/assert";
import { bodyFraming, type Framing } from "../../lib/http/body.ts";
import { HttpError } from "../../lib/http/error.ts";
import { HeadParser } from "../../lib/http/head.ts";
import { framings } from "../cases/bodies.ts";
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

for (const [what, request] of framings.cases) {
  Deno.test(`bodyFraming() refuses ${what} with 400`, () => {
    const bytes = join(request as string | Uint8Array);
    const parser = new HeadParser();
    parser.parse(bytes, 0, bytes.length);
    assertEquals(assertThrows(() => bodyFraming(parser.head), HttpError).status, 400);
  });
}

Deno.test("bodyFraming() refuses Transfer-Encoding in HTTP/1.0 with 400 (RFC 9112, 6.1)", () => {
  assertEquals(framing("Transfer-Encoding: chunked\r\n", "1.0"), "refused 400");
  assertEquals(framing("Content-Length: 3\r\n", "1.0"), 3);
});

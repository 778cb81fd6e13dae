/** Responses as bytes: their fields, when they have no body, and that nothing splits them. */
import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { encodeHead, encodeResponse, type Reply, textReply } from "../../lib/http/response.ts";
import { textOf } from "../tools/raw.ts";

/** A response as text, its date taken out. */
function encoded(reply: Reply, method = "GET", keepAlive = true): string {
  const { text: head, bytes } = encodeResponse(reply, { method, keepAlive });
  const text = head + textOf(bytes);
  assertMatch(text, /\r\nDate: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\n/);
  return text.replace(/Date: .*\r\n/, "");
}

Deno.test("encodeHead() writes status, phrase and fields (RFC 9112, 4)", () => {
  assertEquals(encodeHead(100, []), "HTTP/1.1 100 Continue\r\n\r\n");
  assertEquals(
    encodeHead(431, [["A", "b"], ["A", ""]]),
    "HTTP/1.1 431 Request Header Fields Too Large\r\nA: b\r\nA: \r\n\r\n",
  );
  assertEquals(encodeHead(299, []), "HTTP/1.1 299 Unknown\r\n\r\n");
});

Deno.test("encodeResponse() adds Date and the length in bytes", () => {
  assertEquals(
    encoded({ status: 200, headers: [["Content-Type", "text/plain"]], body: "木霊" }),
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\n\u00e6\u009c\u00a8\u00e9\u009c\u008a",
  );
  assertEquals(
    encoded({ status: 200, body: Uint8Array.of(0, 65) }),
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n\0A",
  );
  assertEquals(encoded({ status: 404 }), "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
});

Deno.test("encodeResponse() says Connection: close where the connection ends (RFC 9112, 9.6)", () => {
  assertEquals(
    encoded({ status: 200, body: "x" }, "GET", false),
    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx",
  );
});

Deno.test("encodeResponse() answers HEAD with the length and without the body (RFC 9110, 9.3.2)", () => {
  assertEquals(
    encoded({ status: 200, body: "hello" }, "HEAD"),
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
  );
});

Deno.test("encodeResponse() gives 204 and 304 neither body nor length (RFC 9110, 8.6)", () => {
  for (const [status, phrase] of [[204, "No Content"], [304, "Not Modified"]] as const) {
    assertEquals(encoded({ status, body: "x" }), `HTTP/1.1 ${status} ${phrase}\r\n\r\n`);
  }
});

Deno.test("encodeResponse() throws at a field that would split the response (RFC 9110, 5.5)", () => {
  for (const value of ["a\r\nSet-Cookie: b", "a\nb", "a\rb", "a\0", "\x7f", "\x1b[m", "木"]) {
    assertThrows(() => encodeHead(200, [["Location", value]]), TypeError, "Location");
    const reply = { status: 302, headers: [["Location", value] as [string, string]] };
    assertThrows(() => encodeResponse(reply, { method: "GET", keepAlive: true }), TypeError);
  }
  assertEquals(encodeHead(200, [["A", "\t~\u00ff"]]), "HTTP/1.1 200 OK\r\nA: \t~\u00ff\r\n\r\n");
});

Deno.test("textReply() is one line of text", () => {
  assertEquals(textReply(405, "no", [["Allow", "GET"]]), {
    status: 405,
    headers: [["Content-Type", "text/plain; charset=utf-8"], ["Allow", "GET"]],
    body: "no\n",
  });
});

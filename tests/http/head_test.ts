/** Request heads that are good: how they are read, and that it does not matter in which pieces they come. */
import { assertEquals, assertLess, assertThrows } from "@std/assert";
import fc from "fast-check";
import { HttpError } from "../../lib/http/error.ts";
import { type Head, HeadParser, isAuthority, MAX_HEADERS } from "../../lib/http/head.ts";
import { join } from "../tools/raw.ts";

/** Parses a head that is there whole. */
function parse(head: string | Uint8Array): { head: Head; size: number } | undefined {
  const bytes = join(head);
  const parser = new HeadParser();
  const size = parser.parse(bytes, 0, bytes.length);
  return size === 0 ? undefined : { head: parser.head, size };
}

function field(line: string, name: string): string | undefined {
  return parse(`GET / HTTP/1.1\r\nHost: a\r\n${line}\r\n\r\n`)?.head.headers.get(name);
}

const GET = "GET /chat?x=1 HTTP/1.1\r\nHost: server.example.com\r\n\r\n";

const valid: Record<string, string> = {
  "a plain GET": GET,
  "an empty line before the request": "\r\n" + GET,
  "HTTP/1.0 without Host": "GET / HTTP/1.0\r\n\r\n",
  "the absolute form": "GET http://example.com:8080/a?b HTTP/1.1\r\nHost: other\r\n\r\n",
  "the asterisk form": "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
  "many fields": "PATCH /%00 HTTP/1.1\r\nhOsT:a\r\nX: 1\r\nx:\t2 \r\nConnection: a, Close\r\n\r\n",
  "a handshake": "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
};

for (const [name, text] of Object.entries(valid)) {
  Deno.test(`HeadParser reads ${name} the same, cut at every offset`, () => {
    const bytes = join(text, "left for the body");
    const whole = parse(text)!;
    assertEquals(whole.size, text.length);
    for (let cut = 0; cut <= bytes.length; cut++) {
      const parser = new HeadParser();
      const early = parser.parse(bytes, 0, cut);
      assertEquals(early, cut < text.length ? 0 : text.length, `cut at ${cut}`);
      if (early === 0) assertEquals(parser.parse(bytes, 0, bytes.length), text.length);
      assertEquals(parser.head, whole.head);
    }
  });

  Deno.test(`HeadParser reads ${name} the same, byte by byte in a buffer that moves`, () => {
    const bytes = new TextEncoder().encode(text);
    const parser = new HeadParser();
    for (let end = 1; end <= bytes.length; end++) {
      const start = end % 7;
      const moved = join("\n\r#\0~~~".slice(0, start), bytes.subarray(0, end));
      const size = parser.parse(moved, start, start + end);
      assertEquals(size, end < bytes.length ? 0 : bytes.length);
    }
    assertEquals(parser.head, parse(text)!.head);
  });
}

Deno.test("HeadParser gives method, target, version and fields", () => {
  const { head } = parse(
    "POST /a/../%2e?q=%0d%0a HTTP/1.1\r\nHost: [::1]:80\r\nAccept:  a b\t\r\nEmpty:\r\n\r\n",
  )!;
  assertEquals(head, {
    method: "POST",
    target: "/a/../%2e?q=%0d%0a",
    minor: 1,
    headers: new Map([["host", "[::1]:80"], ["accept", "a b"], ["empty", ""]]),
    keepAlive: true,
  });
});

Deno.test("HeadParser says whether a request has begun", () => {
  const parser = new HeadParser();
  assertEquals(parser.begun, false);
  parser.parse(join("G"), 0, 1);
  assertEquals(parser.begun, true);
});

Deno.test("HeadParser joins repeated fields by comma (RFC 9110, 5.3), cookies by semicolon (RFC 9113, 8.2.3)", () => {
  assertEquals(field("Accept: a\r\naccept: b\r\nACCEPT:", "accept"), "a, b, ");
  assertEquals(field("Cookie: a=1\r\nCookie: b=2", "cookie"), "a=1; b=2");
});

Deno.test("HeadParser keeps names of Object.prototype as plain data", () => {
  for (const name of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
    assertEquals(field(`${name}: x\r\n${name}: y`, name.toLowerCase()), "x, y");
    assertEquals(field("a: b", name), undefined);
  }
  assertEquals(({} as Record<string, unknown>)["x"], undefined);
});

Deno.test("HeadParser takes bytes above ASCII in a value as they are (RFC 9110, 5.5)", () => {
  assertEquals(field("X: caf\u00e9", "x"), "caf\u00c3\u00a9");
  assertEquals(field("X: a\tb", "x"), "a\tb");
});

Deno.test("HeadParser keeps a connection as RFC 9112, 9.3 says", () => {
  const cases: [version: string, connection: string, keep: boolean][] = [
    ["1.1", "", true],
    ["1.1", "Connection: close\r\n", false],
    ["1.1", "Connection: x ,\tCLOSE\r\n", false],
    ["1.1", "Connection: keep-alive\r\nConnection: close\r\n", false],
    ["1.1", "Connection: closed\r\n", true],
    ["1.0", "", false],
    ["1.0", "Connection: keep-alive\r\n", false],
  ];
  for (const [version, connection, keep] of cases) {
    const { head } = parse(`GET / HTTP/${version}\r\nHost: a\r\n${connection}\r\n`)!;
    assertEquals(head.keepAlive, keep, `HTTP/${version} ${connection}`);
  }
});

Deno.test("HeadParser turns the absolute form into the origin form, and ignores Host (RFC 9112, 3.2.2)", () => {
  const cases: [target: string, path: string, host: string][] = [
    ["http://example.com/a?b", "/a?b", "example.com"],
    ["HTTPS://example.com:8443", "/", "example.com:8443"],
    ["http://[::1]:1?q", "/?q", "[::1]:1"],
    ["http://a//evil/x", "//evil/x", "a"],
  ];
  for (const [target, path, host] of cases) {
    const { head } = parse(`GET ${target} HTTP/1.1\r\nHost: other\r\n\r\n`)!;
    assertEquals([head.target, head.headers.get("host")], [path, host]);
  }
});

Deno.test("HeadParser knows the methods of RFC 9110, 9.3, and PATCH", () => {
  for (const method of ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"]) {
    assertEquals(parse(`${method} / HTTP/1.1\r\nHost: a\r\n\r\n`)?.head.method, method);
  }
});

Deno.test("isAuthority() knows hosts and ports (RFC 3986, 3.2.2)", () => {
  const good = ["a", "a.b-c_d:1", "127.0.0.1:65535", "[::1]", "[::ffff:1.2.3.4]:80", "a:0"];
  const bad = [
    "",
    ":80",
    "a:",
    "a:65536",
    "a:123456",
    "a b",
    "a,b",
    "a/b",
    "user@a",
    "[::1",
    "::1",
    "[a%25b]",
    "a:80:80",
    "a\u00e9",
    "x".repeat(263),
  ];
  for (const host of good) assertEquals(isAuthority(host), true, host);
  for (const host of bad) assertEquals(isAuthority(host), false, host);
});

Deno.test("HeadParser answers any bytes in any pieces with a head, nothing yet, or an HttpError", () => {
  const piece = fc.oneof(
    fc.constantFrom("GET ", "/ ", "HTTP/1.1", "\r\n", "Host: a", ": ", "\r", "\n", "\0", " ", "x"),
    fc.string({ unit: "binary", maxLength: 8 }),
  );
  fc.assert(fc.property(fc.array(piece, { maxLength: 20 }), fc.nat(200), (pieces, cut) => {
    const bytes = join(...pieces);
    const outcome = (...ends: number[]) => {
      const parser = new HeadParser();
      try {
        for (const end of ends) {
          const size = parser.parse(bytes, 0, Math.min(end, bytes.length));
          if (size > 0) return { size, head: parser.head };
        }
        return "more";
      } catch (error) {
        if (!(error instanceof HttpError)) throw error;
        return error.status;
      }
    };
    assertEquals(outcome(cut, bytes.length), outcome(bytes.length));
    assertEquals(outcome(...bytes.keys(), bytes.length), outcome(bytes.length));
  }));
});

const hostile: Record<string, string> = {
  "one long value": "GET / HTTP/1.1\r\nHost: a\r\nX:" + " \t".repeat(4000) + "x\r\nY:" +
    " ".repeat(8000) + "\r\n",
  "many fields of one name": "GET / HTTP/1.1\r\nHost: a\r\n" +
    `x:${",".repeat(150)}\r\n`.repeat(MAX_HEADERS - 1),
  "commas in Connection": "GET / HTTP/1.1\r\nHost: a\r\nConnection:" + " ,".repeat(4000) +
    "\r\nConnection:" + ",\t".repeat(4000) + "\r\n",
  "a long target": "GET /" + "?".repeat(8000) + " HTTP/1.1\r\nHost: a\r\nX: " +
    "x".repeat(8000) + "\r\n",
};

for (const [name, text] of Object.entries(hostile)) {
  Deno.test(`HeadParser reads 16 KiB of ${name}, byte by byte, in milliseconds`, () => {
    const bytes = join(text, "\r\n");
    const time = () => {
      const parser = new HeadParser();
      const began = performance.now();
      for (let end = 1; end <= bytes.length; end++) parser.parse(bytes, 0, end);
      assertEquals(parser.head.method, "GET");
      return performance.now() - began;
    };
    assertLess(Math.min(time(), time(), time()), 50);
  });
}

Deno.test("HeadParser refuses at the first bad byte, however little has arrived", () => {
  const bytes = join("\x16\x03\x01");
  assertEquals(assertThrows(() => new HeadParser().parse(bytes, 0, 1), HttpError).status, 400);
});

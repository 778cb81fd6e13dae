import { assertEquals, assertThrows } from "@std/assert";
import { HttpError } from "../../lib/http/error.ts";
import type { Head } from "../../lib/http/head.ts";
import { checkHost, checkOrigin, isLoopback } from "../../lib/auth/origin.ts";

function head(fields: Record<string, string>): Head {
  const headers = new Map(Object.entries(fields));
  return { method: "GET", target: "/", minor: 1, headers, keepAlive: true };
}

function status(check: () => void): number {
  try {
    check();
    return 200;
  } catch (error) {
    return error instanceof HttpError ? error.status : 500;
  }
}

const origins: [origin: string | undefined, host: string, allowed: string[], status: number][] = [
  [undefined, "a.example", [], 200],
  ["http://a.example", "a.example", [], 200],
  ["http://a.example:80", "a.example", [], 200],
  ["http://a.example", "a.example:80", [], 200],
  ["https://a.example", "a.example", [], 200],
  ["https://a.example", "a.example:443", [], 200],
  ["http://A.Example:9999", "a.EXAMPLE:9999", [], 200],
  ["http://[::1]:9999", "[::1]:9999", [], 200],
  ["http://a.example:9998", "a.example:9999", [], 403],
  ["http://b.example", "a.example", [], 403],
  ["http://a.example.b.example", "a.example", [], 403],
  ["http://localhost:9999", "127.0.0.1:9999", [], 403],
  ["null", "a.example", [], 403],
  ["", "a.example", [], 403],
  ["file://", "", [], 403],
  ["http://a.example, http://b.example", "a.example", [], 403],
  ["http://b.example", "a.example", ["http://b.example"], 200],
  ["http://b.example", "a.example", ["http://c.example", "http://b.example:80/"], 200],
  ["https://b.example", "a.example", ["http://b.example"], 403],
  ["http://b.example", "a.example", ["*"], 200],
  ["null", "a.example", ["*"], 200],
];
for (const [origin, host, allowed, expected] of origins) {
  Deno.test(`a page of ${origin ?? "no origin"} at ${host}, allowed ${allowed}: ${expected}`, () => {
    const fields = origin === undefined ? { host } : { host, origin };
    assertEquals(status(() => checkOrigin(head(fields), allowed)), expected);
  });
}

const hosts: [host: string, names: string[], loopback: boolean, status: number][] = [
  ["127.0.0.1:9999", [], true, 200],
  ["localhost", [], true, 200],
  ["LOCALHOST:1", [], true, 200],
  ["page.localhost:9999", [], true, 200],
  ["[::1]:9999", [], true, 200],
  ["127.8.8.8", [], true, 200],
  ["evil.example", [], true, 421],
  ["127.0.0.1.evil.example", [], true, 421],
  ["192.168.0.1", [], true, 421],
  ["[localhost", [], true, 421],
  ["localhost]", [], true, 421],
  ["a\rlocalhost", [], true, 421],
  ["evil.example", [], false, 200],
  ["a.example", ["a.example"], false, 200],
  ["A.example:9999", ["a.example"], true, 200],
  ["a.example:9999", ["a.example:9999"], false, 200],
  ["a.example:9998", ["a.example:9999"], false, 421],
  ["b.example", ["a.example"], false, 421],
  ["localhost", ["a.example"], true, 421],
];
for (const [host, names, loopback, expected] of hosts) {
  Deno.test(`Host ${host} for names [${names}]${loopback ? " on loopback" : ""}: ${expected}`, () => {
    assertEquals(status(() => checkHost(head({ host }), names, loopback)), expected);
  });
}

Deno.test("a request without Host, which only HTTP/1.0 may send, is for whoever gets it", () => {
  checkHost(head({}), ["a.example"], true);
});

Deno.test("isLoopback() knows loopback names and addresses, and no other", () => {
  for (const name of ["localhost", "::1", "127.0.0.1", "::ffff:127.0.0.1"]) {
    assertEquals(isLoopback(name), true);
  }
  for (const name of ["0.0.0.0", "::", "10.0.0.1", "localhost.example"]) {
    assertEquals(isLoopback(name), false);
  }
  assertThrows(() => checkHost(head({ host: "x" }), [], true), HttpError, "--host");
});

import { assertEquals } from "@std/assert";
import { parseRetryAfter } from "../../lib/acme/error.ts";
import { DAY, NEW_YEAR, SECOND } from "./directory.ts";

const values: [value: string | null, wait: number | undefined][] = [
  [null, undefined],
  ["", undefined],
  ["soon", undefined],
  ["0", 0],
  ["120", 120 * SECOND],
  ["Tue, 01 Jan 2030 00:01:00 GMT", 60 * SECOND],
  ["Mon, 31 Dec 2029 23:59:59 GMT", 0],
  // A year at most, so that it is a date at all.
  ["31536000", 365 * DAY],
  ["31536001", 365 * DAY],
  ["99999999999999999999999", 365 * DAY],
  ["Fri, 31 Dec 9999 23:59:59 GMT", 365 * DAY],
];
for (const [value, wait] of values) {
  Deno.test(`Retry-After: ${value} is to wait ${wait} ms`, () =>
    assertEquals(parseRetryAfter(value, NEW_YEAR), wait));
}

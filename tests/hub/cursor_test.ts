import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { formatCursor, parseSince, type Since } from "../../lib/hub/cursor.ts";

const age = (ms: number): Since => ({ from: "age", age: ms });
const id = (epoch: string, seq: number): Since => ({ from: "cursor", cursor: { epoch, seq } });

const newest = (count: number): Since => ({ from: "newest", count });

const good: [text: string, since: Since][] = [
  ["all", { from: "all" }],
  ["last", newest(1)],
  ["-1", newest(1)],
  ["-10", newest(10)],
  ["-1000", newest(1000)],
  ["30s", age(30_000)],
  ["10m", age(600_000)],
  ["2h", age(7_200_000)],
  ["250ms", age(250)],
  ["0s", age(0)],
  ["007m", age(420_000)],
  ["999999999h", age(999_999_999 * 3_600_000)],
  ["x7.118", id("x7", 118)],
  ["x7.0", id("x7", 0)],
  ["0.1", id("0", 1)],
  ["30s.1", id("30s", 1)],
  ["-10.1", id("-10", 1)],
  ["all.1", id("all", 1)],
  ["A-z_9.1", id("A-z_9", 1)],
  [`${"e".repeat(32)}.1`, id("e".repeat(32), 1)],
  ["__proto__.1", id("__proto__", 1)],
  ["x.9007199254740991", id("x", Number.MAX_SAFE_INTEGER)],
];
const bad = [
  "",
  " ",
  "ALL",
  "All",
  "all ",
  " all",
  "30",
  "-",
  "-0",
  "-01",
  "--1",
  "-1001",
  "-10000",
  "Last",
  "last ",
  "s",
  "30S",
  "30 s",
  "30s\n",
  "-1s",
  "+1s",
  "1.5m",
  "1e3s",
  "0x10s",
  "1d",
  "1min",
  "1s1m",
  "1000000000s",
  "٣s",
  "x7",
  "x7.",
  ".5",
  ".",
  "x7.-1",
  "x7.+1",
  "x7.01",
  "x7.1e3",
  "x7.1.2",
  "x7.1 ",
  "x7.x",
  "x 7.1",
  "x/7.1",
  "木.1",
  "x7.NaN",
  `${"e".repeat(33)}.1`,
  "x.9007199254740992",
  "x.99999999999999999999",
  "null",
  "undefined",
];

for (const [text, since] of good) {
  Deno.test(`parseSince() reads ${text}`, () => assertEquals(parseSince(text), since));
}
for (const text of bad) {
  Deno.test(`parseSince() refuses ${JSON.stringify(text)}`, () => {
    assertEquals(parseSince(text), undefined);
  });
}

Deno.test("parseSince() reads what formatCursor() writes", () => {
  const epoch = fc.stringMatching(/^[0-9A-Za-z_-]{1,32}$/);
  fc.assert(fc.property(epoch, fc.maxSafeNat(), (epoch, seq) => {
    assertEquals(parseSince(formatCursor({ epoch, seq })), id(epoch, seq));
  }));
});

Deno.test("parseSince() reads any text in no time, or refuses it", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => void parseSince(text)));
  assertEquals(parseSince("1".repeat(1 << 20) + "s"), undefined);
});

/** The row of numbers: where what is counted. */
import { assertEquals } from "@std/assert";
import { closeCodes, closePlace, Count, layout, observe } from "../../lib/net/counts.ts";

Deno.test("layout() gives each name as many places as it says, one behind the other", () => {
  assertEquals(layout({ a: 1, b: 3, c: 2 }), { a: 0, b: 1, c: 4, end: 6 });
  assertEquals(layout({ d: 2 }, 6), { d: 6, end: 8 });
});

Deno.test("closePlace() has a place for every code that there may be, and no other", () => {
  const codes: [code: number, name: string][] = [
    [1000, "1000"],
    [1006, "1006"],
    [1015, "1015"],
    [3000, "3000-3999"],
    [3999, "3000-3999"],
    [4000, "4000-4999"],
    [4999, "4000-4999"],
  ];
  for (const [code, name] of codes) {
    assertEquals(closeCodes[closePlace(code) - Count.closes], name);
  }
});

Deno.test("observe() counts at the first bound that is not below, and adds up", () => {
  const bounds = [1, 2];
  const values: [value: number, place: number][] = [[0, 1], [1, 1], [1.5, 2], [2, 2], [2.5, 3]];
  for (const [value, place] of values) {
    const counts = new Float64Array(6);
    observe(counts, 1, bounds, value);
    const expected = [0, 0, 0, 0, value, 0];
    expected[place]!++;
    assertEquals([...counts], expected);
  }
});

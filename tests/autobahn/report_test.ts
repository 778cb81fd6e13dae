import { assertEquals } from "@std/assert";
import { passes, summarize } from "./report.ts";

Deno.test("passes() takes OK, and INFORMATIONAL only where the suite cannot say", () => {
  const reports: [name: string, behavior: string, close: string, expected: boolean][] = [
    ["1.1.1", "OK", "OK", true],
    ["1.1.1", "OK", "INFORMATIONAL", true],
    ["7.1.6", "INFORMATIONAL", "INFORMATIONAL", true],
    ["7.13.1", "INFORMATIONAL", "INFORMATIONAL", true],
    ["7.1.5", "INFORMATIONAL", "OK", false],
    ["1.1.1", "INFORMATIONAL", "OK", false],
    ["6.4.1", "NON-STRICT", "OK", false],
    ["12.1.1", "UNIMPLEMENTED", "OK", false],
    ["1.1.1", "FAILED", "OK", false],
    ["1.1.1", "OK", "WRONG CODE", false],
    ["1.1.1", "OK", "UNCLEAN", false],
    ["1.1.1", "OK", "FAILED BY CLIENT", false],
  ];
  for (const [name, behavior, behaviorClose, expected] of reports) {
    assertEquals(passes(name, { behavior, behaviorClose }), expected, `${name} ${behavior}`);
  }
});

Deno.test("summarize() counts behaviors by group, and names what failed", () => {
  const ok = { behavior: "OK", behaviorClose: "OK" };
  const { table, failures, cases } = summarize({
    kodama: { "10.1.1": ok, "1.1.1": ok, "1.1.2": ok, "6.4.1": { ...ok, behavior: "NON-STRICT" } },
  });
  assertEquals(table.map((line) => line.split(/\s+/)), [
    ["group", "NON-STRICT", "OK"],
    ["1", "0", "2"],
    ["6", "1", "0"],
    ["10", "0", "1"],
  ]);
  assertEquals([failures, cases], [["6.4.1: NON-STRICT, close OK"], 4]);
});

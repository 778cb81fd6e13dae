import { assertEquals, assertThrows } from "@std/assert";
import { HttpError } from "../../lib/http/error.ts";
import { decoded, parametersOf } from "../../lib/http/target.ts";

Deno.test("parametersOf() are those behind the first question mark; a target without one has none", () => {
  const cases: [target: string, parameters: [name: string, value: string][]][] = [
    ["/a", []],
    ["/a?", []],
    ["/a?b=1&b=2", [["b", "1"], ["b", "2"]]],
    ["/a?b=%20c+d", [["b", " c d"]]],
    ["/a?b=c?d", [["b", "c?d"]]],
  ];
  for (const [target, parameters] of cases) assertEquals([...parametersOf(target)], parameters);
});

Deno.test("decoded() decodes once, and refuses what is not percent-encoded UTF-8 by 400", () => {
  assertEquals([decoded("a/b"), decoded("a%20%2525"), decoded("%E9%9C%8A")], [
    "a/b",
    "a %25",
    "霊",
  ]);
  for (const wrong of ["%", "%zz", "%ff"]) {
    assertEquals(assertThrows(() => decoded(wrong), HttpError).status, 400);
  }
});

/**
 * What is published as JSON.
 */
import { assertEquals, assertThrows } from "@std/assert";
import { membersOf, parseJSON } from "../../lib/hub/json.ts";
import { readDraft } from "../../lib/service/draft.ts";

const written: [text: string, again?: string][] = [
  ["9007199254740993"],
  ["-9007199254740993"],
  ["12345678901234567890123456789"],
  ["0.12345678901234567"],
  ["1e400"],
  ["-1E-400"],
  ["1e5"],
  ['{"id":9007199254740993,"list":[0.10000000000000000001,{"x":1e999}]}'],
  ['"9007199254740993"'],
  ['{"9007199254740993":"1e400","__proto__":1e400}'],
  ["42"],
  // What a double holds may be written in another way.
  ["1.10", "1.1"],
  ['{ "a" : 1 }', '{"a":1}'],
];
Deno.test("parseJSON() keeps what a double does not hold, so that it is written as it was", () => {
  for (const [text, again = text] of written) {
    assertEquals(JSON.stringify(parseJSON(text)), again);
  }
});

const broken = ["", "{", "9007199254740993x", "1e400 1", "01234567890123456789"];
Deno.test("parseJSON() throws for what is no JSON, whatever numbers are in it", () => {
  for (const text of broken) assertThrows(() => parseJSON(text), SyntaxError);
  // There the engine itself gives up.
  const deep = "[".repeat(100_000) + "1e400" + "]".repeat(100_000);
  assertThrows(() => parseJSON(deep), RangeError);
});

Deno.test("readDraft() takes a number that a double does not hold as JSON", () => {
  const members = membersOf(parseJSON('{"ch":9007199254740993,"data":9007199254740993}'))!;
  const draft = readDraft(members);
  if (typeof draft === "string") throw new Error(draft);
  assertEquals([draft.kind, new TextDecoder().decode(draft.body)], ["json", "9007199254740993"]);
  assertEquals(typeof members.ch === "string", false);
});

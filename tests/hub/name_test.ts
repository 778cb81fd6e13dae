import { assert, assertEquals, assertLess } from "@std/assert";
import fc from "fast-check";
import { compileGlob, MAX_NAME, nameFault } from "../../lib/hub/name.ts";

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const MARKS = "_.~@:=!-";

Deno.test("nameFault() takes every character that is allowed, alone where it may stand alone", () => {
  for (const character of LETTERS + MARKS) {
    assertEquals(nameFault(`a${character}`), undefined, character);
    assertEquals(nameFault(`a/${character}${character}${character}`), undefined, character);
    if (!".-".includes(character)) assertEquals(nameFault(character), undefined, character);
  }
});

Deno.test("nameFault() refuses every other character", () => {
  const allowed = LETTERS + MARKS + "/";
  for (let code = 0; code < 0x180; code++) {
    const character = String.fromCharCode(code);
    const fault = nameFault(`a${character}b`);
    assertEquals(fault === undefined, allowed.includes(character), JSON.stringify(character));
  }
  for (const character of ["ß", "木", "🪨", "\u2028", "\ud800", "\uff0f", "\u202e", "a\u0301"]) {
    assert(nameFault(character) !== undefined, character);
  }
});

const good = [
  "btc",
  "orders/7/state",
  "-x",
  "--",
  "apps2",
  "application",
  "app.js",
  "App",
  "APPS",
  "x/-",
  "x/app",
  "x/apps/y",
  "...",
  ".well-known",
  "a/..b",
  "a/b..",
  "__proto__",
  "constructor/prototype",
  "x".repeat(MAX_NAME),
  "x/".repeat(127) + "x",
];
const bad: [name: string, fault: string][] = [
  ["", "empty"],
  ["/", "segment of a channel name is empty"],
  ["/a", "segment of a channel name is empty"],
  ["a/", "segment of a channel name is empty"],
  ["a//b", "segment of a channel name is empty"],
  [".", ". or .."],
  ["..", ". or .."],
  ["a/.", ". or .."],
  ["a/../b", ". or .."],
  ["-", "reserved"],
  ["-/health", "reserved"],
  ["app", "reserved"],
  ["app/x", "reserved"],
  ["apps", "reserved"],
  ["apps/x/y", "reserved"],
  ["a b", "character other than"],
  ["a%20b", "character other than"],
  ["a,b", "character other than"],
  ["*", "character other than"],
  ["a/**", "character other than"],
  ["a\\b", "character other than"],
  ["a\n", "character other than"],
  ["x".repeat(MAX_NAME + 1), "over 255 bytes"],
  ["x/".repeat(128), "over 255 bytes"],
];

for (const name of good) {
  const shown = name.length > 40 ? `${name.slice(0, 9)}… (${name.length} bytes)` : name;
  Deno.test(`nameFault() takes ${shown}`, () => assertEquals(nameFault(name), undefined));
}
for (const [name, fault] of bad) {
  const shown = name.length > 40 ? `${name.slice(0, 9)}… (${name.length} bytes)` : name;
  Deno.test(`nameFault() refuses ${JSON.stringify(shown)}: ${fault}`, () => {
    const said = nameFault(name) ?? "nothing";
    assert(said.includes(fault), said);
    // It goes into a line of text.
    assertEquals(/^[ -~]*$/.test(said), true);
  });
}

const globs: [glob: string, matching: string[], others: string[]][] = [
  ["btc", ["btc"], ["btc2", "bt", "btc/x", "x/btc", "BTC"]],
  ["orders/*", ["orders/1", "orders/x-y"], ["orders", "orders/1/2", "xorders/1", "order/1"]],
  ["*", ["a", "abc"], ["a/b"]],
  ["*/*", ["a/b"], ["a", "a/b/c"]],
  ["**", ["a", "a/b", "a/b/c"], []],
  ["a/**", ["a", "a/b", "a/b/c"], ["b", "ab", "b/a"]],
  ["**/a", ["a", "b/a", "c/b/a"], ["a/b", "ba"]],
  ["a/**/z", ["a/z", "a/b/z", "a/b/c/z", "a/z/z"], ["a", "z", "a/b", "a/z/b"]],
  ["**/m/**", ["m", "a/m", "m/a", "a/b/m/c"], ["a", "a/b", "am"]],
  ["a/**/**", ["a", "a/b", "a/b/c"], ["b"]],
  ["a/*/**", ["a/b", "a/b/c"], ["a", "b/a"]],
  ["a/**/*", ["a/b", "a/b/c"], ["a"]],
  ["a*", [], ["a", "ab", "abc"]],
  ["a.c", ["a.c"], ["abc", "a/c"]],
  ["a**", [], ["a", "ab", "a/b"]],
  ["", [], ["a", "a/b"]],
  ["[a-z]", [], ["a"]],
  ["__proto__", ["__proto__"], ["constructor"]],
];
for (const [glob, matching, others] of globs) {
  Deno.test(`compileGlob() of ${JSON.stringify(glob)} matches what it names, and nothing else`, () => {
    const matches = compileGlob(glob);
    for (const name of matching) assertEquals(matches(name), true, name);
    for (const name of others) assertEquals(matches(name), false, name);
  });
}

const part = fc.constantFrom("a", "b", "*", "**");
Deno.test("compileGlob() agrees with a regular expression", () => {
  const pattern = fc.array(part, { minLength: 1, maxLength: 6 });
  const name = fc.array(fc.constantFrom("a", "b"), { minLength: 1, maxLength: 7 });
  fc.assert(fc.property(pattern, name, (pattern, name) => {
    const source = pattern.map((p) => p === "**" ? "(/[^/]+)*" : p === "*" ? "/[^/]+" : `/${p}`);
    const wanted = new RegExp(`^${source.join("")}$`).test(`/${name.join("/")}`);
    assertEquals(compileGlob(pattern.join("/"))(name.join("/")), wanted);
  }));
});

Deno.test("compileGlob() answers hostile patterns at once", () => {
  const name = "a/".repeat(127) + "a";
  const patterns = ["**/".repeat(1000) + "b", "**/a/".repeat(500) + "b", "*/**/".repeat(500) + "b"];
  for (const pattern of patterns) {
    const matches = compileGlob(pattern);
    const began = performance.now();
    assertEquals(matches(name), false);
    assertLess(performance.now() - began, 2000);
  }
});

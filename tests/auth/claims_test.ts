/**
 * Who somebody is by a token: `sub` and `info`.
 */
import { assertEquals, assertThrows } from "@std/assert";
import { MAX_INFO, MAX_SUB, rightsOf } from "../../lib/auth/auth.ts";
import { HttpError } from "../../lib/http/error.ts";
import { ask } from "../tools/channels.ts";
import { testService } from "../tools/service.ts";
import { SECRET, sign } from "../tools/tokens.ts";

const none = () => false;
const badSub = "the token's claim sub is not a text of 1 to 255 characters";
const badInfo = "the token's claim info is over 1024 bytes";
const rows: [what: string, claims: Record<string, unknown>, result: string | object][] = [
  ["nobody", {}, {}],
  ["nobody with an info", { info: 1 }, {}],
  ["somebody", { sub: "ann" }, { sub: "ann" }],
  ["an info of any kind", { sub: "ann", info: [null, { a: 1 }] }, {
    sub: "ann",
    info: [null, { a: 1 }],
  }],
  ["an info that is null", { sub: "ann", info: null }, { sub: "ann", info: null }],
  ["a sub at its edge", { sub: "s".repeat(MAX_SUB) }, { sub: "s".repeat(MAX_SUB) }],
  ["a sub past it", { sub: "s".repeat(MAX_SUB + 1) }, badSub],
  ["a sub at its edge in other characters", { sub: "🌲".repeat(255) }, { sub: "🌲".repeat(255) }],
  ["a sub past it in other characters", { sub: "木".repeat(256) }, badSub],
  ["an empty sub", { sub: "" }, badSub],
  ["a sub that is no text", { sub: 7 }, badSub],
  ["an info past its edge", { sub: "ann", info: "x".repeat(MAX_INFO - 1) }, badInfo],
  ["an info past it in bytes", { sub: "ann", info: "木".repeat(341) }, badInfo],
];
for (const [what, claims, result] of rows) {
  Deno.test(`claims of ${what}: ${typeof result === "string" ? "401" : "taken"}`, () => {
    const claimed = () => {
      const { sub, info } = rightsOf(claims, none);
      return { ...sub !== undefined && { sub }, ...info !== undefined && { info } };
    };
    if (typeof result === "string") assertEquals(assertThrows(claimed, HttpError).message, result);
    else assertEquals(claimed(), result);
  });
}

Deno.test("an info at its edge is taken, and is told whole; one byte more is 401", async () => {
  await using service = await testService("--secret", SECRET, "--drain", "50ms");
  for (const [size, status] of [[MAX_INFO, 200], [MAX_INFO + 1, 401]] as const) {
    const token = await sign({ sub: "ann", info: "x".repeat(size - 2), r: ["a"] });
    const answer = await ask(service, "GET /a?presence", { Authorization: `Bearer ${token}` });
    assertEquals(answer.status, status);
  }
});

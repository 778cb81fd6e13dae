import { assert, assertEquals, assertRejects } from "@std/assert";
import { reasonOf } from "../../lib/http/reason.ts";

Deno.test("reasonOf() is the innermost reason, of at most 300 characters", () => {
  const inner = new Error("connection refused");
  assertEquals(
    reasonOf(new Error("outer", { cause: new Error("between", { cause: inner }) })),
    "connection refused",
  );
  assertEquals(reasonOf("a text"), "a text");
  assertEquals(reasonOf(new Error("x".repeat(301))).length, 300);
});

Deno.test("reasonOf() does not tell the URL of a fetch that failed", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  const error = await assertRejects(() => fetch(`http://127.0.0.1:${port}/a/secret`), Error);
  const reason = reasonOf(error);
  assert(!reason.includes("secret"), reason);
  assert(/refused/i.test(reason), reason);
});

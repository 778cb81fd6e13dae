/** The connection to ourselves: that bytes come back, and how it ends. */
import { assertEquals, assertRejects } from "@std/assert";
import { openLoopback } from "../../lib/net/loopback.ts";
import { within } from "../tools/raw.ts";

const { signal } = new AbortController();

Deno.test("openLoopback() tells of each byte that has come back, and nothing more once it is closed", async () => {
  let came = Promise.withResolvers<void>();
  const lost: unknown[] = [];
  const loopback = await openLoopback(() => came.resolve(), (error) => lost.push(error), signal);
  for (let i = 0; i < 3; i++) {
    loopback.send();
    await within(5000, "the byte", came.promise);
    came = Promise.withResolvers<void>();
  }
  loopback.send();
  await loopback.close();
  assertEquals(lost, []);
});

Deno.test("openLoopback() rejects where it may not connect to itself, and asks nobody", {
  permissions: { net: ["127.0.0.1:9999"] },
}, async () => {
  const opening = openLoopback(() => {}, () => {}, signal);
  await assertRejects(() => opening, Deno.errors.NotCapable, "needs --allow-net=127.0.0.1");
});

Deno.test("openLoopback() leaves nothing open where it is given up", async () => {
  const given = new AbortController();
  const opening = openLoopback(() => {}, () => {}, given.signal);
  given.abort();
  await assertRejects(() => opening, DOMException);
});

/**
 * What the page makes of compressed messages, without a browser.
 */
import { assert, assertEquals } from "@std/assert";
import { deflate } from "../../lib/websocket/deflate.ts";
import { createInflater, inflate } from "../../static/inflate.js";
import { hex, noise, toHex, utf8 } from "../tools/bytes.ts";
import { json, zlibDeflateAll } from "../tools/deflate.ts";

Deno.test("inflate() reads what permessage-deflate wrote (RFC 7692, 7.2.3)", async () => {
  const text = utf8("to and fro ".repeat(100));
  const inflated = await inflate(deflate(text));
  assertEquals(toHex(inflated!.bytes), toHex(text));
  // 7.2.3.1, and 7.2.3.4: a message that ends with a last block.
  assertEquals(toHex((await inflate(hex("f2 48 cd c9 c9 07 00")))!.bytes), "48656c6c6f");
  assertEquals(toHex((await inflate(hex("f3 48 cd c9 c9 07 00 00")))!.bytes), "48656c6c6f");
  assertEquals(await inflate(hex("ff ff ff")), undefined);
  const large = (await inflate(deflate(new Uint8Array(100_000))))!;
  assertEquals([large.cut, large.bytes.length, large.size], [true, 16 * 1024, 100_000]);
});

Deno.test("createInflater() reads messages with those before them (RFC 7692, 7.2.3.2)", async () => {
  const messages = [
    ...["Hello", "Hello", ""].map(utf8),
    ...[json(300), json(300), noise(40_000), json(60_000), json(60_000), json(300)],
  ];
  const inflater = createInflater();
  const all = (await zlibDeflateAll(messages)).map((payload) => inflater.next(payload));
  for (const [i, inflated] of (await Promise.all(all)).entries()) {
    assert(typeof inflated === "object");
    assertEquals(inflated.size, messages[i]!.length);
    assertEquals(toHex(inflated.bytes), toHex(messages[i]!.subarray(0, 16 * 1024)));
  }
});

Deno.test("createInflater() says whether something is missing or does not inflate", async () => {
  const HELLO = hex("f2 48 cd c9 c9 07 00"), again = hex("f2 00 11 00 00");
  const after = async (do_: (inflater: ReturnType<typeof createInflater>) => unknown) => {
    const inflater = createInflater();
    do_(inflater);
    const inflated = await inflater.next(again);
    return typeof inflated === "object" ? toHex(inflated.bytes) : inflated;
  };
  assertEquals(await after(({ next }) => next(HELLO)), "48656c6c6f");
  assertEquals(await after(() => {}), "broken");
  assertEquals(await after(({ next, lose }) => (next(HELLO), lose())), "notAlone");
  // What stands alone is read all the same, and does not make up for what is missing.
  assertEquals(await after(({ next, lose }) => (lose(), next(HELLO))), "notAlone");
  assertEquals(await after(({ next }) => (next(HELLO), next(hex("ff ff ff")))), "notAlone");
  const inflater = createInflater();
  inflater.lose();
  assertEquals((await inflater.next(HELLO) as { size: number }).size, 5);
});

Deno.test("createInflater() lets go of the order where more than 500 wait", async () => {
  const inflater = createInflater();
  const HELLO = hex("f2 48 cd c9 c9 07 00");
  const all = await Promise.all(Array.from({ length: 501 }, () => inflater.next(HELLO)));
  assertEquals(all.filter((inflated) => typeof inflated === "object").length, 500);
  assertEquals(all[500], "notAlone");
  assertEquals((await inflater.next(HELLO) as { size: number }).size, 5);
});

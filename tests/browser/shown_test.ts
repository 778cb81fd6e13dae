/**
 * What the page shows beyond its own connection: links, broken frames, and a message plain and deflated.
 */
import { assert, assertEquals, assertGreater, assertMatch } from "@std/assert";
import { deflateRawSync } from "node:zlib";
import { deflate } from "../../lib/websocket/deflate.ts";
import { tokensOf } from "../../static/deflate_tokens.js";
import { meaningOf, spoken, spokenBytes } from "../../static/envelope.js";
import { linkOf, shownOf } from "../../static/link.js";
import { post } from "../tools/channels.ts";
import { noise, utf8 } from "../tools/bytes.ts";
import { browserTest } from "./chromium.ts";
import { fields, frames, octets, openWide, pageService } from "./tools.ts";

const hello = "818537fa213d7f9f4d5158";

Deno.test("a link holds what is shown, and a fragment that is none is nothing", () => {
  const frame = { dir: "in" as const, deflated: false, hex: hello };
  for (
    const [address, shown, link] of [
      ["/", {}, "/"],
      ["/#echo", { part: "handshake" }, "/#echo&part=handshake"],
      [
        "/btc",
        { part: "frames", frame, field: "mask" },
        `/btc#part=frames&frame=in.${hello}&field=mask`,
      ],
      ["/btc?since=all", { filter: "a&b" }, "/btc?since=all#filter=a%26b"],
      ["/", { frame: { ...frame, deflated: true } }, `/#frame=in-deflated.${hello}`],
    ] as const
  ) {
    assertEquals(linkOf(address, shown), link);
    assertEquals(shownOf(new URL(link, "http://localhost").hash), shown);
  }
  // Without a header that is whole there is no frame; 1024 bytes behind the longest are all that is ever shown.
  const most = `82ff${"0".repeat(24)}${"ab".repeat(1024)}`;
  for (
    const [text, there] of [
      ["in.81", false],
      ["in.8185", false],
      ["in.818537fa213d", true],
      ["in.81fe0005", false],
      ["up.8100", false],
      ["in.81 00", false],
      ["in.8g00", false],
      [`in.${most}`, true],
      [`in.${most}00`, false],
    ] as const
  ) {
    assertEquals(shownOf(`#frame=${text}`).frame !== undefined, there, text);
  }
  assertEquals(shownOf("#part=talk&field=fin&echo"), {});
});

Deno.test("an envelope is read as it was published, and spoken as it is typed", () => {
  const past = meaningOf('{"id":"x7.5","ch":"btc","data":{"n": 1e999}}', "x7.5");
  assertEquals(past, { data: '{"n": 1e999}', id: "x7.5", channel: "btc", past: true });
  const live = meaningOf('{"id":"x7.6","ch":"btc","skipped":2,"data":"hello"}', "x7.5");
  assertEquals(live, { data: "hello", id: "x7.6", channel: "btc", past: false });
  const bytes = meaningOf('{"id":"x7.6","ch":"btc","base64":"AAEC"}', undefined);
  assert(bytes !== undefined && "data" in bytes && bytes.data instanceof ArrayBuffer);
  assertEquals(new Uint8Array(bytes.data).toHex(), "000102");
  const open = meaningOf('{"open":"x7.5","channels":["btc"],"gap":false}', undefined);
  assertEquals(open, { open: "x7.5", lost: undefined });
  assertEquals(meaningOf('{"error":"forbidden","ref":1}', "x7.5"), { error: "forbidden" });
  assertEquals(meaningOf('{"id":"x7.8"}', "x7.5"), { receipt: "x7.8" });
  for (const other of ["hello", "7", "null", '{"unsub":"a"}', '{"sub":"a","open":"x7.1"}']) {
    assertEquals(meaningOf(other, "x7.5"), undefined, other);
  }
  assertEquals(spoken("hello", "a/b"), '{"pub":"a/b","data":"hello"}');
  assertEquals(spoken('{"n": 1e999}', "a"), '{"pub":"a","data":{"n": 1e999}}');
  assertEquals(spoken('{"sub":"b"}', "a"), '{"sub":"b"}');
  assertEquals(spokenBytes(Uint8Array.of(0, 1, 2).buffer, "a"), '{"pub":"a","base64":"AAEC"}');
});

/** What tokens stand for, where what is no copy is taken from the message itself. */
function replay(message: Uint8Array, deflated: Uint8Array): Uint8Array {
  const tokens = tokensOf(deflated);
  assert(tokens !== undefined);
  const bytes: number[] = [];
  for (const { from, length, distance } of tokens) {
    assertEquals(from, bytes.length);
    for (let i = 0; i < length; i++) {
      bytes.push(distance === 0 ? message[bytes.length]! : bytes[bytes.length - distance]!);
    }
  }
  return Uint8Array.from(bytes);
}

Deno.test("tokensOf() tells the copies of stored, fixed and dynamic blocks (RFC 1951)", () => {
  const json = JSON.stringify(Array.from({ length: 90 }, (_, i) => ({ i, name: `item ${i % 7}` })));
  const tail = [0x00, 0x00, 0xff, 0xff];
  for (const text of ["a", "hello hello hello", "木霊木霊木霊", json, "x".repeat(5_000)]) {
    const message = utf8(text);
    for (const level of [0, 1, 6, 9]) {
      assertEquals(replay(message, deflateRawSync(message, { level })), message);
    }
    assertEquals(replay(message, new Uint8Array([...deflate(message), ...tail])), message);
  }
  assertEquals(tokensOf(utf8(""))?.length, 0);
  const copies = tokensOf(deflateRawSync(utf8("hello hello hello")))!
    .filter(({ distance }) => distance > 0);
  assertEquals(copies[0]!.distance, 6);
  // Whatever it is given, it ends.
  for (let i = 0; i < 200; i++) tokensOf(noise(40).map((byte) => byte ^ i));
  assertEquals(tokensOf(Uint8Array.of(0x07)), undefined);
});

browserTest("a broken frame is sent on purpose, and earns its close code", async (tab) => {
  await using service = await pageService();
  const { page } = tab;
  await openWide(page, service.url);
  const what = page.getByRole("combobox", { name: "What happens if" });
  for (
    const [question, said, field, bits] of [
      ["What if a frame is not masked?", "1002, protocol error", "mask", "0"],
      ["What if a text is not UTF-8?", "1007, invalid text", "payload", undefined],
      ["What if a reserved bit is set?", "1002, protocol error", "rsv2", "1"],
      ["What if a message is too big?", "1009, message too big", "length64", undefined],
    ] as const
  ) {
    await what.selectOption({ label: question });
    await page.getByRole("button", { name: "Try it" }).click();
    await page.locator("#what-came strong").getByText(`The server closes with ${said}:`).waitFor();
    // The frame that was sent is shown, at the field that is wrong; the answer is below it.
    await page.locator(`.segment.lit[data-field=${field}]`).first().waitFor();
    if (bits !== undefined) assertEquals((await fields(page))[field], bits);
    await page.locator(".frame-row.out[aria-selected=true]").getByText("what if").waitFor();
    await page.locator(".frame-row.control").last().getByText(said.slice(0, 4)).waitFor();
  }
  // The page's own connection has nothing to do with it.
  await page.locator("body[data-state=open]").waitFor();
  assertEquals(tab.complaints, []);
});

browserTest("a link shows the same frame and field to whoever opens it", async (tab) => {
  await using service = await pageService();
  const { page } = tab;
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await openWide(page, `${service.url}#echo`);
  await page.getByRole("textbox", { name: "Text to send" }).fill("Hello, hello, hello");
  await page.keyboard.press("Enter");
  await page.locator(".row.out").getByText("Hello, hello, hello").click();
  await page.locator(".bit-grid button[data-field=key]").click();
  const sent = await octets(page, "wire");
  await page.getByRole("button", { name: "Copy link" }).click();
  await page.getByRole("button", { name: "Copied" }).waitFor();
  const link = await page.evaluate("navigator.clipboard.readText()") as string;
  assertMatch(link, /\/#echo&part=frames&frame=in-deflated\.[0-9a-f]+&field=key$/);
  await page.waitForURL(link);

  // Somewhere else, where nothing of it has been said.
  const other = await page.context().newPage();
  await other.setViewportSize({ width: 360, height: 640 });
  await other.goto(link);
  await other.locator(".frame-row[aria-selected=true]").getByText("from the link").waitFor();
  await other.locator(".says pre").getByText("Hello, hello, hello", { exact: true }).waitFor();
  assertEquals(await octets(other, "wire"), sent);
  await other.locator(".segment.lit[data-field=key]").first().waitFor();
  assertEquals(tab.complaints, []);
});

browserTest("a message is shown plain and deflated, and what was not sent again", async (tab) => {
  await using service = await pageService();
  const { page } = tab;
  await openWide(page, `${service.url}news`);
  const text = "the same again, and the same again; ".repeat(20);
  await post(service, "news", text);
  await page.locator(".row.in").getByText("the same again").click();
  const compared = page.locator(".compared");
  await compared.getByText("sent the right ones").waitFor();
  const sizes = (await compared.locator("figcaption").allTextContents()).map((caption) =>
    Number(/([\d,]+) bytes/.exec(caption)![1]!.replace(",", ""))
  );
  assertGreater(sizes[0]!, 5 * sizes[1]!);
  const drawn = await compared.locator("svg").evaluateAll((pictures) =>
    pictures.map((picture) => picture.querySelector(".one")!.getAttribute("d")!.length)
  );
  assertGreater(drawn[0]!, 2 * drawn[1]!);
  assertGreater((await compared.locator("mark").first().textContent())!.length, 5);

  // One that is too short was sent as it is: here is what deflating it would give.
  await post(service, "news", "short");
  await page.locator(".row.in").getByText("short", { exact: true }).click();
  await compared.getByText("It was sent as on the left").waitFor();
  await frames(page, "in", '"short"').waitFor();
  assertEquals(tab.complaints, []);
});

browserTest(
  "nothing on the page is called a tap, and no term is between underscores",
  async ({ page }) => {
    await using service = await pageService();
    await openWide(page, service.url);
    await page.locator("#accept-received").waitFor();
    const words = await page.evaluate("document.body.innerText") as string;
    assertEquals(words.match(/\btaps?\b|\b_\w+/gi), null);
    assertMatch(words, /since \d\d:\d\d:\d\d/);
    assertMatch(words, /[\d.]+ ms after the request/);
  },
);

/**
 * Frames on the page, bit by bit, in Chromium: of its own connection, and of a scripted one.
 */
import { assertEquals, assertLess, assertMatch, assertNotEquals } from "@std/assert";
import { hex, noise, toHex, utf8 } from "../tools/bytes.ts";
import { clientClose, clientFrame } from "../tools/frames.ts";
import { browserTest } from "./chromium.ts";
import { fields, frames, octets, openWide, pageService, tapOf, tappedClient } from "./tools.ts";

async function say(page: import("playwright-core").Page, text: string): Promise<void> {
  const field = page.getByRole("textbox", { name: "Text to send" });
  await field.fill(text);
  await field.press("Enter");
}

browserTest("Hello is shown as the bytes that crossed the wire, there and back", async (tab) => {
  await using service = await pageService("--deflate", "off");
  const { page } = tab;
  await openWide(page, `${service.url}#echo`);
  await say(page, "Hello");

  await frames(page, "out", "Hello").click();
  const drawn = await fields(page);
  assertEquals(drawn.fin, "1");
  assertEquals(drawn.opcode, "0001");
  assertEquals(drawn.mask, "1");
  assertEquals(drawn.length, "0000101");
  const key = await octets(page, "key"), wire = await octets(page, "wire");
  assertEquals(parseInt(drawn.key!, 2).toString(16).padStart(8, "0"), key.slice(0, 8));
  assertEquals(BigInt(`0b${drawn.payload}`).toString(16).padStart(10, "0"), wire);
  const unmasked = hex(wire).map((octet, i) => octet ^ hex(key)[i]!);
  assertEquals(toHex(unmasked), "48656c6c6f");
  assertEquals(await octets(page, "plain"), "48656c6c6f");
  assertEquals((await page.locator(".octets .chars td").allTextContents()).join(""), "Hello");

  await frames(page, "in", "Hello").click();
  const back = await fields(page);
  const bits = ["fin", "rsv1", "rsv2", "rsv3", "opcode", "mask", "length", "payload"];
  const all = bits.map((name) => back[name]).join("");
  assertEquals(BigInt(`0b${all}`).toString(16), "810548656c6c6f");
  assertEquals(back.key, undefined);
  assertEquals(tab.complaints, []);
});

browserTest(
  "a message leads from the talk to its frame; a compressed one is inflated",
  async ({ page }) => {
    await using service = await pageService();
    await openWide(page, `${service.url}#echo`);
    const text = "Hello, 木霊! ".repeat(30);
    await say(page, text);
    await page.locator(".row.in").getByText("Hello, 木霊!").click();
    const title = page.locator(".frame-title");
    await title.getByText("Server → browser").waitFor();
    assertEquals((await fields(page)).rsv1, "1");
    // What is said in 30 words is written in a few bytes.
    await page.locator(".says pre").getByText(text, { exact: true }).waitFor();
    await page.getByText(/^Inflated, \d+ bytes to 450$/).waitFor();
  },
);

browserTest("another key changes every masked byte, and not the message", async ({ page }) => {
  await using service = await pageService("--deflate", "off");
  await openWide(page, `${service.url}#echo`);
  await say(page, "masked by chance");
  await frames(page, "out", "masked by chance").click();
  const before = hex(await octets(page, "wire")), plain = await octets(page, "plain");
  await page.getByRole("button", { name: "Another key" }).click();
  await page.getByRole("button", { name: "As sent", disabled: false }).waitFor();
  const after = hex(await octets(page, "wire"));
  before.forEach((octet, i) => assertNotEquals(octet, after[i]));
  assertEquals(await octets(page, "plain"), plain);

  await page.getByRole("textbox", { name: "Masking key" }).fill("37 fa 21 3d");
  assertEquals(
    await octets(page, "wire"),
    toHex(clientFrame(0x81, utf8("masked by chance")).slice(6)),
  );
  await page.getByRole("button", { name: "As sent" }).click();
  assertEquals(hex(await octets(page, "wire")), before);
});

browserTest("arrow keys go from field to field, and each says what it means", async ({ page }) => {
  await using service = await pageService();
  await openWide(page, service.url);
  await frames(page, "in", "echo 1").click();
  const meaning = page.locator(".meaning");
  await meaning.getByText("opcode (4 bits) — 1: text.").waitFor();
  await page.locator(".bit-grid button[data-field=opcode]").focus();
  await page.keyboard.press("ArrowRight");
  await meaning.getByText("A server MUST NOT mask any frames").waitFor();
  await page.keyboard.press("Home");
  await meaning.getByText("1: the message ends with this frame.").waitFor();
  await page.keyboard.press("End");
  await meaning.getByText("6 bytes of payload.").waitFor();
  await page.locator("[data-field=rsv2]").hover();
  await meaning.getByText("MUST be 0 unless an extension is negotiated").waitFor();

  // The list of frames is a matter of arrow keys, too.
  await page.getByRole("listbox", { name: "Frames" }).focus();
  await page.keyboard.press("Home");
  await page.keyboard.press("ArrowDown");
  await page.locator(".frame-title").getByText("#2").waitFor();
});

browserTest("what no browser sends: fragments, long lengths, binary, ping, close", async (tab) => {
  await using service = await pageService();
  const { page } = tab;
  await openWide(page, service.url);
  await page.getByRole("switch", { name: "Answer each echo" }).uncheck();
  using raw = await tappedClient(service, await tapOf(page));

  // 木 is cut in two: each fragment by itself is not UTF-8, the message is.
  const [first, last] = [utf8("山び木").slice(0, 8), utf8("山び木").slice(8)];
  await raw.send(clientFrame(0x01, first));
  await raw.send(clientFrame(0x89, utf8("between")));
  await raw.send(clientFrame(0x80, last));
  await raw.until((bytes) => toHex(bytes).includes(toHex(utf8("山び木"))));
  await page.locator(".frame-row.fragment.first").getByText("fragment 1").click();
  assertEquals((await fields(page)).fin, "0");
  await page.getByText("The whole message, of 2 fragments").waitFor();
  await page.locator(".says pre").getByText("山び木", { exact: true }).waitFor();
  await page.locator(".frame-row.fragment.last").getByText("fragment 2, the last").click();
  assertEquals((await fields(page)).opcode, "0000");
  await frames(page, "out", "ping").click();
  await page.locator(".says").getByText("Are you there?").waitFor();
  await frames(page, "in", "pong").click();
  assertEquals(await octets(page, "wire"), toHex(utf8("between")));

  // 16 bits of length, cut by the tap after 1 KiB; 64 bits of length, though these are not the fewest.
  await raw.send(clientFrame(0x82, noise(300)));
  await frames(page, "out", "300 bytes").click();
  assertEquals((await fields(page)).length, "1111110");
  assertEquals((await fields(page)).length16, (300).toString(2).padStart(16, "0"));
  await page.getByText("Binary: bytes without a given meaning.").waitFor();
  await raw.send(clientFrame(0x82, noise(70_000)));
  await frames(page, "out", "70,000 bytes").click();
  assertEquals((await fields(page)).length64, (70_000).toString(2).padStart(64, "0"));
  await page.getByText("The first 1,024 bytes of 70,000 are shown.").waitFor();

  await raw.send(clientClose(4321, "good night"));
  await frames(page, "out", "4321, good night").click();
  await page.locator(".says").getByText("Code 4321; reason: “good night”").waitFor();
  await frames(page, "in", "4321").waitFor();
  assertEquals(tab.complaints, []);
});

for (const mode of ["shared", "takeover"]) {
  browserTest(
    `what leans on earlier messages is inflated with them, or the page says why not, with ${mode}`,
    async ({ page }) => {
      await using service = await pageService("--deflate", mode);
      await openWide(page, `${service.url}#echo`);
      for (let i = 0; i < 2; i++) {
        await say(page, "Hello, hello");
        await frames(page, "out", "Hello, hello").nth(i).click();
        await page.locator(".says").getByText("Hello, hello").waitFor();
        assertEquals((await fields(page)).rsv1, "1");
      }
      // The second is a few bytes, since it refers to the first.
      assertLess((await octets(page, "plain")).length / 2, "Hello, hello".length / 2);
      await frames(page, "in", "Hello, hello").nth(1).waitFor();

      // The tap does not show all of this one, so that what refers to it is not to be had.
      await page.locator("#file").setInputFiles({
        name: "noise.bin",
        mimeType: "application/octet-stream",
        // deno-lint-ignore no-explicit-any -- a Buffer of Node's, for Playwright
        buffer: (await import("node:buffer")).Buffer.from(noise(3000)) as any,
      });
      await page.locator(".row.in").getByText("binary, 3,000 bytes").waitFor();
      for (let i = 0; i < 2; i++) {
        await say(page, "again and again");
        await page.locator(".row.in").getByText("again and again").nth(i).waitFor();
      }
      await page.locator(".frame-row.out").last().click();
      await page.getByText("earlier messages (context takeover), which are not all here").waitFor();
    },
  );
}

browserTest("a binary file comes back from the echo as it was", async ({ page }) => {
  await using service = await pageService("--deflate", "off");
  await openWide(page, `${service.url}#echo`);
  const buffer = noise(40);
  await page.locator("#file").setInputFiles({
    name: "noise.bin",
    mimeType: "application/octet-stream",
    // deno-lint-ignore no-explicit-any -- a Buffer of Node's, for Playwright
    buffer: (await import("node:buffer")).Buffer.from(buffer) as any,
  });
  await page.locator(".row.in").getByText("binary, 40 bytes").click();
  await page.locator(".frame-title").getByText("Server → browser · #2").waitFor();
  assertEquals(await octets(page, "wire"), toHex(buffer));
  assertEquals((await fields(page)).opcode, "0010");
  assertMatch((await page.locator(".says pre").textContent())!, /^([0-9a-f]{2} ?){40}$/);
});

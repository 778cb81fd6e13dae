/**
 * Where what is typed on the page goes, and what it shows of a refusal, in Chromium.
 */
import { Buffer } from "node:buffer";
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Page } from "playwright-core";
import { mintToken } from "../../lib/auth/mint.ts";
import { post } from "../tools/channels.ts";
import { noise } from "../tools/bytes.ts";
import { browserTest } from "./chromium.ts";
import { frames, openWide, pageService, state } from "./tools.ts";

const secret = "a secret of at least thirty-two bytes";
const text = (page: Page) => page.getByRole("textbox", { name: "Text to send" });
const name = (page: Page) => page.getByRole("textbox", { name: "Channel name" });

/** What a channel remembers. */
async function said(url: string, channel: string): Promise<unknown[]> {
  const { messages } = await (await fetch(`${url}${channel}`)).json();
  return messages.map(({ data }: { data: unknown }) => data);
}

browserTest("a text goes to the channel that is chosen", async (tab) => {
  await using service = await pageService();
  const { page } = tab;
  await openWide(page, service.url);
  await page.getByRole("radio", { name: "Channel" }).check();
  // No name, nowhere to send to: not to the ticker either.
  await text(page).fill("to whom?");
  await text(page).press("Enter");
  await page.locator("#channel:invalid").waitFor();
  assertEquals(await text(page).inputValue(), "to whom?");

  await name(page).fill("eth");
  await text(page).fill("by Enter");
  await page.getByRole("button", { name: "Send to /eth" }).waitFor();
  await text(page).press("Enter");
  await page.locator(".row.in").getByText("by Enter", { exact: true }).waitFor();
  assertEquals(await said(service.url, "eth"), ["by Enter"]);
  assertEquals(new URL(page.url()).pathname, "/eth");
  assertEquals(await page.locator("#host").textContent(), `${new URL(service.url).host}/eth`);

  await page.getByRole("button", { name: "/eth", expanded: false }).click();
  await name(page).fill("btc");
  await text(page).fill('{"by":"hand"}');
  await page.getByRole("button", { name: "Send to /btc" }).click();
  await page.locator(".row.in").getByText('{"by":"hand"}', { exact: true }).waitFor();
  assertEquals(await said(service.url, "btc"), [{ by: "hand" }]);
  assertEquals(await said(service.url, "eth"), ["by Enter"]);
  assertEquals(tab.complaints, []);
});

browserTest("a refusal is told, not tried again, and a token is asked for", async ({ page }) => {
  await using service = await pageService("--secret", secret);
  const claims = { read: ["mine"], write: ["mine"], subject: "", ttl: 60_000 };
  const token = await mintToken(secret, claims, Date.now());
  let handshakes = 0;
  page.on("websocket", (socket) => {
    if (new URL(socket.url()).pathname === "/mine") handshakes++;
  });
  await page.setViewportSize({ width: 1280, height: 900 });
  await page.goto(`${service.url}mine`);
  await state(page, "Refused");
  assertMatch((await page.locator("#state-detail").textContent())!, /^401, \S/);
  assert(await page.locator("#state-retry").isHidden());
  await page.getByLabel("Token").fill(token);
  await page.getByLabel("Token").press("Enter");
  await page.locator("body[data-state=open]").waitFor();
  assertEquals(handshakes, 2);
  assertEquals(page.url(), `${service.url}mine`);
  await text(page).fill("with a token");
  await page.getByRole("button", { name: "Send" }).click();
  await page.locator(".row.in").getByText("with a token", { exact: true }).waitFor();

  // It is good for something else: 403, and nowhere but in this tab.
  await page.getByRole("button", { name: "/mine", expanded: false }).click();
  await name(page).fill("theirs");
  await text(page).fill("kept");
  await text(page).press("Enter");
  await page.locator("#state-detail").getByText(/^403, \S/).waitFor();
  assertEquals(await text(page).inputValue(), "kept");
  await page.goto(`${service.url}mine?token=${token}`);
  await page.locator("body[data-state=open]").waitFor();
  assertEquals(page.url(), `${service.url}mine`);
});

browserTest("bytes that were deflated are shown as bytes in the list", async (tab) => {
  await using service = await pageService();
  const { page } = tab;
  await openWide(page, `${service.url}bytes?mode=raw`);
  const headers = { "Content-Type": "application/octet-stream" };
  await (await fetch(`${service.url}bytes`, { method: "POST", headers, body: new Uint8Array(300) }))
    .body?.cancel();
  await frames(page, "in", "00 00 00 00").waitFor();
  assertEquals(tab.complaints, []);
});

for (const width of [390, 320]) {
  browserTest(`the rows of large frames stay apart at ${width} px`, async (tab) => {
    await using service = await pageService();
    const { page } = tab;
    await page.goto(`${service.url}#echo`);
    await page.locator("body[data-state=open]").waitFor();
    const buffer = Buffer.from(noise(700_000));
    await page.locator("#file")
      .setInputFiles({ name: "large", mimeType: "application/octet-stream", buffer });
    await page.locator("#tab-frames").click();
    await page.locator(".frame-row.in").first().waitFor();
    const overlaps = await page.evaluate(
      `[...document.querySelectorAll(".frame-row")].flatMap((row) => {
      const cells = [...row.children].filter((cell) => cell.textContent !== "");
      const ends = cells.map((cell) => {
        const range = document.createRange();
        range.selectNodeContents(cell);
        const text = range.getBoundingClientRect();
        const box = cell.getBoundingClientRect();
        return cell.className === "preview" ? box : text;
      });
      return ends.flatMap((at, i) =>
        ends.slice(0, i).some((other) => at.left < other.right - 0.5 && at.right > other.left + 0.5 &&
          at.top < other.bottom - 0.5 && at.bottom > other.top + 0.5) || at.right > row.getBoundingClientRect().right + 0.5
          ? [row.textContent + " " + cells[i].className] : []);
    })`,
    );
    assertEquals(overlaps, []);
    assertEquals(tab.complaints, []);
  }, { viewport: { width, height: 740 } });
}

const snippets = Deno.readTextFileSync(new URL("../../README.md", import.meta.url))
  .split("```").filter((part) => /^js ignore\nnew WebSocket/.test(part))
  .map((part) => part.slice(part.indexOf("\n")));

for (const host of ["127.0.0.1", "localhost"]) {
  browserTest(`the README's lines for the console work on a page of ${host}`, async (tab) => {
    await using service = await pageService();
    const { page } = tab;
    assertEquals(snippets.length, 2);
    await openWide(page, service.url.replace("127.0.0.1", host));
    for (const snippet of snippets) {
      const heard = page.waitForEvent("console", (line) => line.text().includes("42"));
      const opened = page.waitForEvent("websocket");
      await page.evaluate(snippet);
      await opened;
      const publish = setInterval(() => void post(service, "btc", '{"price":42}'), 200);
      await heard.finally(() => clearInterval(publish));
    }
    assertEquals(tab.complaints, []);
  });
}

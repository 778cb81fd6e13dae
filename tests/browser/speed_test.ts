/**
 * The page under load, in Chromium.
 */
import { assertEquals, assertGreater, assertLess } from "@std/assert";
import type { Page } from "playwright-core";
import { browserTest } from "./chromium.ts";
import { openWide, pageService } from "./tools.ts";

/** Milliseconds from the next event of a kind to the paint that follows, the shortest of some attempts. */
async function untilPaint(
  page: Page,
  event: string,
  act: (attempt: number) => Promise<void>,
): Promise<number> {
  let best = Infinity;
  for (let attempt = 0; attempt < 3; attempt++) {
    await page.evaluate(`void (window.painted = new Promise((resolve) =>
      addEventListener(${JSON.stringify(event)}, () => {
        const began = performance.now();
        requestAnimationFrame(() => {
          const { port1, port2 } = new MessageChannel();
          port1.onmessage = () => resolve(performance.now() - began);
          port2.postMessage(0);
        });
      }, { capture: true, once: true })))`);
    await act(attempt);
    best = Math.min(best, await page.evaluate("painted"));
  }
  return best;
}

browserTest(
  "10,000 messages leave the page quick: filter and frames within 100 ms",
  async (tab) => {
    await using service = await pageService("--message-rate", "0");
    const { page } = tab;
    await openWide(page, `${service.url}load`);
    const publisher = new WebSocket(`${service.url}load`);
    await new Promise((open) => publisher.onopen = open);
    for (let n = 1; n <= 10_000; n++) publisher.send(`message ${n} of many`);
    await page.locator("#count-in").getByText("10,000").waitFor({ timeout: 60_000 });
    await page.locator(".row.in").getByText("message 10000 of many", { exact: true }).waitFor();
    assertGreater(await page.locator("#log .row").count(), 9_899);

    const closed = new Promise((closed) => publisher.onclose = closed);
    publisher.close();
    await closed;

    await page.getByRole("button", { name: "/load", expanded: false }).click();
    const filter = page.getByRole("searchbox", { name: "Filter messages" });
    const texts = ["message 77", "message 777", "7777"];
    assertLess(await untilPaint(page, "input", (attempt) => filter.fill(texts[attempt]!)), 100);
    await page.locator("#log .row:not([hidden])").getByText("message 7777 of many").waitFor();
    await page.waitForFunction(
      `document.querySelectorAll("#log .chunk:not([hidden]) > .row:not([hidden])").length === 1`,
    );

    const rows = page.locator(".frame-row");
    assertLess(await untilPaint(page, "click", (i) => rows.nth(-2 - i).click()), 100);
    assertEquals(tab.complaints, []);
  },
);

browserTest(
  "messages wait while the page is paused; they can be filtered, copied, cleared",
  async (tab) => {
    await using service = await pageService("--ticker-interval", "200ms");
    const { page } = tab;
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await openWide(page, service.url);
    await page.locator(".row.in").getByText("echo 2", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Pause" }).click();
    const shown = await page.locator("#log .row").count();
    await page.getByRole("button", { name: /^Resume \([3-9]/ }).waitFor();
    assertEquals(await page.locator("#log .row").count(), shown);
    await page.getByRole("button", { name: /^Resume/ }).click();
    await page.locator(".row.in").getByText("echo 3", { exact: true }).waitFor();

    await page.getByRole("searchbox").fill("client: echo 2");
    await page.getByRole("button", { name: "Copy", exact: true }).click();
    await page.getByRole("button", { name: "Copied" }).waitFor();
    const copied = await page.evaluate("navigator.clipboard.readText()") as string;
    assertEquals(copied.split("\n")[0]!.replace(/^\S+ /, ""), "↑ client: echo 2");

    await page.getByRole("button", { name: "Clear" }).click();
    assertEquals(await page.locator("#log .row").getByText("echo 1", { exact: true }).count(), 0);
    assertEquals(tab.complaints, []);
  },
);

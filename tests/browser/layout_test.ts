/**
 * What is in sight, and where, at every size of the window.
 */
import { assert, assertEquals, assertGreater, assertLess, assertLessOrEqual } from "@std/assert";
import type { Page } from "playwright-core";
import { post } from "../tools/channels.ts";
import { browserTest } from "./chromium.ts";
import { frames, pageService, sizes } from "./tools.ts";

interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

async function box(page: Page, selector: string): Promise<Box> {
  const found = await page.locator(selector).boundingBox();
  assert(found !== null, `${selector} is not there`);
  return found;
}

/** Checks that something is in the window, whole. */
async function inSight(page: Page, ...selectors: string[]): Promise<void> {
  const { width, height } = page.viewportSize()!;
  for (const selector of selectors) {
    const at = await box(page, selector);
    const where = `${selector} at ${width} x ${height}: ${JSON.stringify(at)}`;
    assert(at.x >= 0 && at.y >= 0 && at.height > 0, where);
    assert(at.x + at.width <= width + 0.5 && at.y + at.height <= height + 0.5, where);
  }
}

for (const path of ["", "news"]) {
  browserTest(
    `the field to write in and the state stay in sight at every size: /${path}`,
    async (tab) => {
      await using service = await pageService();
      const { page } = tab;
      for (let n = 0; n < 30; n++) await post(service, "news", `message ${n}`);
      await page.setViewportSize(sizes[0]!);
      await page.goto(service.url + path);
      await page.locator(".row.in").first().waitFor();
      for (const size of sizes) {
        await page.setViewportSize(size);
        const talk = page.locator("#tab-talk");
        if (await talk.isVisible()) await talk.click();
        for (const folded of [true, false]) {
          if (await page.locator("#controls").isVisible() === folded) {
            await page.locator("#fold").click();
          }
          await inSight(page, "#text", "#send", "#state-name", "#toggle", "#fold", "#pause");
          assertGreater((await box(page, "#log")).height, 60);
          if (folded) await inSight(page, "#curl", "#copy-curl");
        }
        await page.locator("#log").hover();
        await page.mouse.wheel(0, -5_000);
        await page.mouse.wheel(0, 5_000);
        await inSight(page, "#text", "#state-name");
        assertEquals(await page.evaluate("[scrollX, scrollY]"), [0, 0]);
        for (const part of ["handshake", "frames"]) {
          const tab = page.locator(`#tab-${part}`);
          if (await tab.isVisible()) await tab.click();
          await page.locator(`#${part} > .scroll`).hover();
          await page.mouse.wheel(0, 5_000);
          await inSight(page, "#state-name");
          // From 1000 px on the talk stays beside the others.
          if (size.width >= 1000) await inSight(page, "#text");
        }
      }
      assertEquals(tab.complaints, []);
    },
  );
}

browserTest(
  "one part, from 1000 px on two, from 1200 px on three stand side by side",
  async ({ page }) => {
    await using service = await pageService();
    await page.goto(service.url);
    for (const [width, count] of [[999, 1], [1000, 2], [1199, 2], [1200, 3], [1920, 3]] as const) {
      await page.setViewportSize({ width, height: 768 });
      const boxes = await Promise.all(
        (await page.locator(".sheet:visible").all()).map((sheet) => sheet.boundingBox()),
      );
      assertEquals(boxes.length, count, `at ${width} px`);
      for (let i = 1; i < boxes.length; i++) {
        assertLessOrEqual(boxes[i - 1]!.x + boxes[i - 1]!.width, boxes[i]!.x);
      }
    }
  },
);

browserTest("what a newcomer needs comes first, at every size", async ({ page }) => {
  await using service = await pageService();
  await page.setViewportSize(sizes[0]!);
  await page.goto(service.url);
  await page.getByText("One curl publishes. Every page hears it at once.").waitFor();
  for (const size of sizes) {
    await page.setViewportSize(size);
    const talk = page.locator("#tab-talk");
    if (await talk.isVisible()) await talk.click();
    await inSight(page, "#curl", "#lead-link", ".preferences a");
    assertLess((await box(page, "#curl")).y, size.height / 2);
    // The accept value is worked out above the fold.
    const handshake = page.locator("#tab-handshake");
    if (await handshake.isVisible()) await handshake.click();
    await page.locator("#accept-received").waitFor();
    await inSight(page, "#accept-computed", "#accept-received");
  }
  // The channel is what is offered first, and the line leads to one.
  await page.locator("#fold").click();
  assertEquals(await page.getByRole("radio").first().getAttribute("value"), "channel");
  await page.getByRole("link", { name: "Open /hello" }).click();
  await page.locator("body[data-state=open]").waitFor();
  await post(service, "hello", "hello");
  await page.locator(".row.in").getByText("hello", { exact: true }).waitFor();
});

browserTest("a long message is folded, says its length, and unfolds", async ({ page }) => {
  await using service = await pageService();
  await page.setViewportSize({ width: 360, height: 640 });
  // At the edge of what is folded, and one past it.
  await post(service, "news", "x".repeat(180));
  await post(service, "news", "y".repeat(181));
  await post(service, "news", "z ".repeat(20_000));
  await page.goto(`${service.url}news`);
  const unfold = page.getByRole("button", { name: /^Show all/ });
  await unfold.nth(1).waitFor();
  assertEquals(await unfold.allTextContents(), [
    "Show all 181 characters",
    "Show all 40,000 characters",
  ]);
  const height = async () => (await box(page, ".row.in:last-child")).height;
  assertLess(await height(), 120);
  await unfold.nth(1).click();
  assertGreater(await height(), 1_000);
  // That was no click on the message: the frames are not shown instead.
  const fold = page.getByRole("button", { name: "Fold these 40,000 characters" });
  await fold.click();
  assertLess(await height(), 120);
});

browserTest(
  "the frame that is shown stays in view in the list while others come",
  async ({ page }) => {
    await using service = await pageService("--ticker-interval", "50ms");
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.goto(service.url);
    await frames(page, "in", "echo 30").waitFor({ state: "attached" });
    const list = await box(page, "#frame-list");
    const shown = async () => {
      const row = await box(page, ".frame-row[aria-selected=true]");
      assert(row.y >= list.y && row.y + row.height <= list.y + list.height, JSON.stringify(row));
    };
    await shown();
    await page.getByRole("button", { name: /newer$/ }).click();
    await shown();
    const [chosen] = await page.locator(".frame-row[aria-selected=true]").allTextContents();
    await frames(page, "in", "echo 60").waitFor({ state: "attached" });
    await shown();
    assertEquals(await page.locator(".frame-row[aria-selected=true]").allTextContents(), [chosen]);
  },
);

/**
 * The page for everybody: axe-core finds nothing serious, and the keyboard leads everywhere.
 */
import { assertEquals } from "@std/assert";
import axe from "axe-core";
import type { Page } from "playwright-core";
import { browserTest } from "./chromium.ts";
import { pageService, state } from "./tools.ts";

/** What is wrong with what is on show, as `rule: element`. */
async function faults(page: Page): Promise<string[]> {
  return await page.evaluate(`axe.run({ resultTypes: ["violations"] }).then(({ violations }) =>
    violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .flatMap(({ id, nodes }) => nodes.map(({ html, any }) => id + ": " + html.slice(0, 200) +
        " " + (any[0]?.message ?? ""))))`);
}

for (const locale of ["en", "ja"]) {
  for (const colorScheme of ["light", "dark"] as const) {
    browserTest(`axe finds nothing serious: ${locale}, ${colorScheme}`, async ({ page }) => {
      await using service = await pageService();
      await page.goto(service.url);
      await page.locator(".frame-row.out").first().waitFor({ state: "attached" });
      // Axe sees colours as they are at that instant: nothing may be on its way.
      await page.emulateMedia({ reducedMotion: "reduce" });
      await page.evaluate(axe.source);
      assertEquals(await faults(page), []);
      await page.setViewportSize({ width: 360, height: 740 });
      for (const part of ["talk", "handshake", "frames"]) {
        await page.locator(`#tab-${part}`).click();
        assertEquals(await faults(page), []);
      }
    }, { locale, colorScheme, viewport: { width: 1280, height: 900 } });
  }
}

browserTest(
  "axe finds nothing serious in a channel, and tabs go by arrow keys",
  async ({ page }) => {
    await using service = await pageService();
    await page.goto(`${service.url}news?since=all`);
    await page.locator(".row.in").first().waitFor();
    await page.emulateMedia({ reducedMotion: "reduce" });
    await page.evaluate(axe.source);
    assertEquals(await faults(page), []);
    await page.getByRole("tab", { name: "Talk" }).focus();
    await page.keyboard.press("ArrowRight");
    await page.getByRole("tabpanel", { name: "Handshake" }).waitFor();
    await page.keyboard.press("ArrowRight");
    await page.getByRole("tabpanel", { name: "Frames" }).waitFor();
    await state(page, "Open");
  },
  { viewport: { width: 768, height: 900 } },
);

browserTest("axe finds nothing serious where a token is asked for", async ({ page }) => {
  await using service = await pageService("--secret", "a secret of at least thirty-two bytes");
  await page.goto(`${service.url}news`);
  await page.getByLabel("Token").waitFor();
  await page.emulateMedia({ reducedMotion: "reduce" });
  await page.evaluate(axe.source);
  assertEquals(await faults(page), []);
});

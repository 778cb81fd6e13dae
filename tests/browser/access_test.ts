/**
 * The page for everybody: axe-core finds nothing serious, and the keyboard leads everywhere.
 */
import { assertEquals, assertMatch } from "@std/assert";
import axe from "axe-core";
import type { Page } from "playwright-core";
import { browserTest } from "./chromium.ts";
import { post } from "../tools/channels.ts";
import { pageService, sizes, state } from "./tools.ts";

/** What is wrong with what is on show, as `rule: element`. */
async function faults(page: Page): Promise<string[]> {
  return await page.evaluate(`axe.run({ resultTypes: ["violations"] }).then(({ violations }) =>
    violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .flatMap(({ id, nodes }) => nodes.map(({ html, any }) => id + ": " + html.slice(0, 200) +
        " " + (any[0]?.message ?? ""))))`);
}

/** Every part of what is at a size, one after another. */
async function parts(page: Page): Promise<void> {
  for (const part of ["talk", "handshake", "frames"]) {
    const tab = page.locator(`#tab-${part}`);
    if (await tab.isVisible()) await tab.click();
    else if (part !== "talk") continue;
    assertEquals([page.viewportSize()!.width, part, await faults(page)], [
      page.viewportSize()!.width,
      part,
      [],
    ]);
  }
}

for (const locale of ["en", "ja"] as const) {
  for (const colorScheme of ["light", "dark"] as const) {
    // Each language and each theme with a channel and without.
    const channel = (locale === "en") === (colorScheme === "dark");
    const where = channel ? "on a channel" : "at the ticker";
    const name = `axe finds nothing serious at any size ${where}: ${locale}, ${colorScheme}`;
    browserTest(name, async ({ page }) => {
      await using service = await pageService();
      if (channel) await post(service, "news", "a long message ".repeat(60));
      await page.goto(service.url + (channel ? "news" : ""));
      await page.locator(".row.in").first().waitFor();
      await page.locator(".frame-row.in").first().waitFor({ state: "attached" });
      // Axe sees colours as they are at that instant: nothing may be on its way.
      await page.emulateMedia({ reducedMotion: "reduce" });
      await page.evaluate(axe.source);
      for (const { width, height } of sizes) {
        await page.setViewportSize({ width, height });
        await parts(page);
      }
      // Folded out, and with what a broken frame has earned.
      await page.locator("#fold").click();
      await page.locator("#what-if button").click();
      await page.locator("#what-came strong").waitFor();
      assertEquals(await faults(page), []);
    }, { locale, colorScheme, viewport: sizes[0]! });
  }
}

browserTest("tabs go by arrow keys", async ({ page }) => {
  await using service = await pageService();
  await page.goto(`${service.url}news`);
  await page.getByRole("tab", { name: "Talk" }).focus();
  await page.keyboard.press("ArrowRight");
  await page.getByRole("tabpanel", { name: "Handshake" }).waitFor();
  await page.keyboard.press("ArrowRight");
  await page.getByRole("tabpanel", { name: "Frames" }).waitFor();
  await state(page, "Open");
  // Beside the talk there are two.
  await page.setViewportSize({ width: 1024, height: 768 });
  await page.getByRole("tab", { name: "Frames" }).focus();
  await page.keyboard.press("ArrowRight");
  await page.getByRole("tabpanel", { name: "Handshake" }).waitFor();
  await page.getByRole("tab", { name: "Talk" }).waitFor({ state: "hidden" });
}, { viewport: { width: 768, height: 900 } });

for (const locale of ["en", "ja"]) {
  browserTest(`what to read has examples of this server that run: ${locale}`, async (tab) => {
    await using service = await pageService();
    const { page } = tab;
    await page.goto(service.url);
    await page.locator(".preferences a").click();
    await page.locator(`main:lang(${locale}) h1`).waitFor();
    assertEquals(await page.locator("main:visible").count(), 1);
    await page.evaluate(axe.source);
    assertEquals(await faults(page), []);
    assertEquals(await page.evaluate("document.documentElement.scrollWidth"), 360);

    const examples = await page.locator("main:visible pre").allTextContents();
    const scripts = examples.filter((text) => !text.startsWith("curl"));
    assertEquals(scripts.length, 4);
    // Each by itself hears what is published, by what is said there.
    for (const script of scripts) {
      const heard = page.waitForEvent(
        "console",
        (line) => /price|JSHandle|Object/.test(line.text()),
      );
      await page.evaluate(`(async () => { ${script} })()`);
      const again = setInterval(() => void post(service, "btc", '{"price":42}'), 200);
      await heard.finally(() => clearInterval(again));
      await page.reload();
    }
    for (const line of examples.filter((text) => text.startsWith("curl") && !text.includes("-N"))) {
      const { code, stdout } = await new Deno.Command("sh", { args: ["-c", `${line} -s -f`] })
        .output();
      // 127: there is no curl here.
      if (code === 127) continue;
      assertEquals([line, code], [line, 0]);
      assertMatch(new TextDecoder().decode(stdout), /"id":"|"messages":\[/);
    }
    assertEquals(tab.complaints, []);
  }, { locale, viewport: { width: 360, height: 640 } });
}

browserTest("axe finds nothing serious where a token is asked for", async ({ page }) => {
  await using service = await pageService("--secret", "a secret of at least thirty-two bytes");
  await page.goto(`${service.url}news`);
  await page.getByLabel("Token").waitFor();
  await page.emulateMedia({ reducedMotion: "reduce" });
  await page.evaluate(axe.source);
  assertEquals(await faults(page), []);
});

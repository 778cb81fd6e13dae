/**
 * The client page in Chromium, against the service.
 */
import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import type { Page } from "playwright-core";
import { browserTest } from "./chromium.ts";
import { pageService, state } from "./tools.ts";

const received = (page: Page, text: string) =>
  page.locator(".row.in .text").getByText(text, { exact: true }).first();
const sent = (page: Page, text: string) =>
  page.locator(".row.out .text").getByText(text, { exact: true }).first();

browserTest("the page loads without a complaint, and the echoes arrive", async (tab) => {
  await using service = await pageService("--ticker-interval", "200ms");
  await tab.page.goto(service.url);
  await state(tab.page, "Open");
  await received(tab.page, "echo 1").waitFor();
  await received(tab.page, "echo 2").waitFor();
  assertEquals(tab.complaints, []);
});

browserTest("each echo is answered while the switch is on, and the choice is kept", async (tab) => {
  await using service = await pageService("--ticker-interval", "200ms");
  const { page } = tab;
  await page.goto(service.url);
  const answer = page.getByRole("switch", { name: "Answer each echo" });
  assert(await answer.isChecked());
  await sent(page, "client: echo 2").waitFor();
  await service.log.line(({ fields }) => fields.text === "client: echo 2");

  await answer.uncheck();
  await page.reload();
  assert(!await answer.isChecked());
  await received(page, "echo 3").waitFor();
  assertEquals(await page.locator(".row.out").count(), 0);
  assertEquals(tab.complaints, []);
});

browserTest("a text that is sent is listed and reaches the server", async ({ page }) => {
  await using service = await pageService();
  await page.goto(service.url);
  await state(page, "Open");
  const field = page.getByRole("textbox", { name: "Text to send" });
  await field.fill("山びこ, is anyone there?");
  await field.press("Enter");
  await sent(page, "山びこ, is anyone there?").waitFor();
  assertEquals(await field.inputValue(), "");
  await service.log.line(({ fields }) => fields.text === "山びこ, is anyone there?");

  await field.fill("by hand");
  await page.getByRole("button", { name: "Send" }).click();
  await service.log.line(({ fields }) => fields.text === "by hand");
});

browserTest("it reconnects after the server restarts on the same port", async ({ page }) => {
  const first = await pageService();
  await page.goto(first.url);
  await received(page, "echo 1").waitFor();
  await first.shutdown();
  await state(page, "1001, shutting down");
  await page.getByText(/^Retry in \d+ s$/).waitFor();
  // What is typed meanwhile waits in the field.
  const field = page.getByRole("textbox", { name: "Text to send" });
  await field.fill("kept");
  await field.press("Enter");
  assertEquals(await field.inputValue(), "kept");

  await using _second = await pageService("--port", `${first.port}`);
  await state(page, "Open");
  await page.locator(".row.in").getByText("echo 1", { exact: true }).nth(1).waitFor();
  assertEquals(await page.locator(".row.note .text").allTextContents(), [
    "open /",
    "closed 1001, shutting down",
    "open /",
  ]);
});

browserTest("the button disconnects for good, and connects again", async ({ page }) => {
  await using service = await pageService();
  await page.goto(service.url);
  await received(page, "echo 1").waitFor();
  await page.getByRole("button", { name: "Disconnect" }).click();
  await state(page, "1000, normal");
  assert(await page.getByText(/^Retry in/).isHidden());
  assert(await page.getByRole("button", { name: "Send" }).isDisabled());
  await page.getByRole("button", { name: "Connect", exact: true }).click();
  await state(page, "Open");
});

browserTest("it follows the messages until the reader scrolls up", async ({ page }) => {
  await using service = await pageService("--ticker-interval", "50ms");
  await page.setViewportSize({ width: 360, height: 640 });
  await page.goto(service.url);
  const log = page.getByRole("log");
  const fromEnd = () => log.evaluate((l) => l.scrollHeight - l.clientHeight - l.scrollTop);
  await received(page, "echo 20").waitFor();
  assertLess(await fromEnd(), 2);

  await log.hover();
  await page.mouse.wheel(0, -300);
  const latest = page.getByRole("button", { name: /new$/ });
  await latest.waitFor();
  const before = await log.evaluate((l) => l.scrollTop);
  await received(page, "echo 30").waitFor();
  assertEquals(await log.evaluate((l) => l.scrollTop), before);

  await latest.click();
  await latest.waitFor({ state: "hidden" });
  assertLess(await fromEnd(), 2);
});

browserTest("the list keeps 10,000 messages, the newest", async ({ page }) => {
  await using service = await pageService();
  await page.goto(service.url);
  await state(page, "Open");
  await page.getByRole("button", { name: "Disconnect" }).click();
  await state(page, "1000, normal");
  await page.evaluate(`(async () => {
    const { createMessageList } = await import("/-/assets/message_list.js");
    const log = document.getElementById("log");
    log.replaceChildren();
    const list = createMessageList(log, document.getElementById("latest"));
    for (let n = 1; n <= 25_000; n++) {
      list.append({ kind: "in", data: "message " + n, at: new Date() });
      if (n % 3_000 === 0) await new Promise(requestAnimationFrame);
    }
  })()`);
  await received(page, "message 25000").waitFor();
  const kept = await page.locator("#log .row").count();
  assertGreater(kept, 9_899);
  assertLess(kept, 10_001);
});

browserTest("light and dark follow the system, and no width scrolls sideways", async ({ page }) => {
  await using service = await pageService();
  await page.goto(service.url);
  const brightness = async (property: "backgroundColor" | "color") => {
    const colour = await page.evaluate(`getComputedStyle(document.documentElement).${property}`);
    return Math.max(...String(colour).match(/\d+/g)!.slice(0, 3).map(Number));
  };
  await page.emulateMedia({ colorScheme: "light" });
  assertGreater(await brightness("backgroundColor"), 200);
  assertLess(await brightness("color"), 80);
  await page.emulateMedia({ colorScheme: "dark" });
  assertLess(await brightness("backgroundColor"), 50);
  assertGreater(await brightness("color"), 200);

  for (const width of [320, 360, 768, 1280, 1920]) {
    await page.setViewportSize({ width, height: 800 });
    assertEquals(await page.evaluate("document.documentElement.scrollWidth"), width);
  }
});

browserTest("a page of one line, from an origin that is allowed, hears the echoes", async (tab) => {
  let page = "";
  await using other = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => new Response(page, { headers: { "Content-Type": "text/html" } }),
  );
  const origin = `http://127.0.0.1:${other.addr.port}`;
  await using service = await pageService("--origin", origin);
  page = `<!DOCTYPE html><link rel="icon" href="data:,"><script>
    new WebSocket("ws://127.0.0.1:${service.port}/").onmessage = (e) => console.log(e.data);
  </script>`;
  const heard = ["echo 1", "echo 2"].map((text) =>
    tab.page.waitForEvent("console", (message) => message.text() === text)
  );
  await tab.page.goto(origin);
  await Promise.all(heard);
  assertEquals(tab.complaints, []);
});

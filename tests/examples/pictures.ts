/**
 * Takes the pictures of examples/: `deno task pictures`.
 */
import type { Page } from "playwright-core";
import { executablePath, launch } from "../browser/chromium.ts";
import { post, postLines } from "../tools/channels.ts";
import { type Example, example, startRooms } from "./pages.ts";

/** What happens before each picture. */
const scenes: Record<string, (page: Page, made: Example) => Promise<void>> = {
  async chat(page) {
    for (
      const [name, text] of [
        ["Ann", "Has anybody seen the new build?"],
        ["Bob", "Two minutes ago. It is quick."],
        ["Ann", "I was in a tunnel. And yet I have your line!"],
      ] as const
    ) {
      const other = await page.context().newPage();
      await other.goto(page.url());
      await other.getByPlaceholder("your name").fill(name);
      await other.getByText("Join").click();
      await other.getByPlaceholder("a message").fill(text);
      await other.getByText("Send").click();
      await other.getByText(text).waitFor();
    }
    await page.getByPlaceholder("your name").fill("Bob");
    await page.getByText("Join").click();
    await page.getByPlaceholder("a message").fill("That is what the cursor is for");
    await page.getByText("in a tunnel").waitFor();
  },
  prices: walk,
  async cursors(page) {
    for (const [x, y] of [[300, 140], [520, 260]] as const) {
      const other = await page.context().newPage();
      await other.setViewportSize(page.viewportSize()!);
      await other.goto(page.url());
      const before = await page.locator(".cursor").count();
      for (let i = 0; await page.locator(".cursor").count() === before; i++) {
        await other.mouse.move(x - 20 + i % 20, y);
        await page.waitForTimeout(20);
      }
      await other.mouse.move(x, y);
    }
    await page.bringToFront();
    await page.waitForTimeout(300);
  },
  async log(page, { service }) {
    const lines = [
      "2026-11-24T10:02:11Z INFO  listening on 127.0.0.1:8080",
      "2026-11-24T10:02:15Z INFO  GET /orders 200 12ms",
      "2026-11-24T10:02:16Z INFO  GET /orders/7 200 4ms",
      "2026-11-24T10:02:18Z ERROR POST /orders 500 no connection to the database",
      "2026-11-24T10:02:19Z INFO  connected to the database again",
    ];
    for (const line of lines) await post(service, "log", line);
    await page.getByText("again").waitFor();
  },
  react: walk,
  svelte: walk,
};

/** A hundred prices, by no chance. */
async function walk(page: Page, { service }: Example): Promise<void> {
  const lines = Array.from({ length: 100 }, (_, i) => [
    JSON.stringify({
      ch: "prices/btc",
      data: { price: 64_000 + 400 * Math.sin(i / 9) + 90 * Math.sin(i * 1.7) },
    }),
    JSON.stringify({
      ch: "prices/eth",
      data: { price: 3400 + 30 * Math.cos(i / 14) + 9 * Math.sin(i * 2.3) },
    }),
  ]).flat();
  await postLines(service, lines);
  await page.reload();
  await page.waitForFunction(`/\\d\\d\\d\\.\\d\\d/.test(document.body.textContent)`);
  await page.waitForTimeout(300);
}

if (executablePath === undefined) throw new Error("no Chromium was found; CHROMIUM names one");
const browser = await launch();
for (const [name, scene] of Object.entries(scenes)) {
  await using made = await example(name);
  const context = await browser.newContext({ viewport: { width: 720, height: 420 } });
  const page = await context.newPage();
  await page.goto(made.pages.url);
  await scene(page, made);
  const url = new URL(`../../examples/${name}/picture.png`, import.meta.url);
  Deno.writeFileSync(url, await page.screenshot({ animations: "disabled" }));
  await context.close();
}
{
  // A server of its own.
  await using rooms = await startRooms();
  const context = await browser.newContext({ viewport: { width: 720, height: 420 } });
  const page = await context.newPage();
  for (
    const [name, text] of [["Ann", "Who has a ticket left for Friday?"], ["Bob", "I have two."]]
  ) {
    await page.goto(rooms.url);
    if (name === "Bob") await page.getByText("Sign out").click();
    await page.getByPlaceholder("your name").fill(name!);
    await page.getByText("Sign in").click();
    await page.getByText("music").click();
    await page.getByPlaceholder("a message").fill(text!);
    await page.getByText("Send").click();
    await page.getByText(text!).waitFor();
  }
  const url = new URL("../../examples/hono/picture.png", import.meta.url);
  Deno.writeFileSync(url, await page.screenshot({ animations: "disabled" }));
}
await browser.close();

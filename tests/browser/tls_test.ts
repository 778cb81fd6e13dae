/**
 * The page and what it speaks, over TLS, in Chromium.
 */
import { assertEquals } from "@std/assert";
import { post } from "../tools/channels.ts";
import { makePair, writePair } from "../tools/certificates.ts";
import { go } from "../tools/way.ts";
import { browserTest } from "./chromium.ts";
import { frames, openWide, pageService } from "./tools.ts";

const pair = await makePair();

browserTest(
  "over https the page echoes, shows its frames, follows a channel, and publishes",
  async ({ page, complaints }) => {
    using files = writePair(pair);
    await using service = await pageService(...files.flags);
    await openWide(page, `${service.url}#echo`);
    assertEquals(await page.evaluate(() => location.protocol), "https:");
    const field = page.getByRole("textbox", { name: "Text to send" });
    await field.fill("Hello");
    await field.press("Enter");
    await page.locator(".row.in").getByText("Hello", { exact: true }).waitFor();
    await frames(page, "in", "Hello").waitFor();

    await openWide(page, `${service.url}news?mode=envelope`);
    await page.locator(".row.note").getByText("open /news").waitFor();
    await go(true, async () => {
      assertEquals((await post(service, "news", "from outside")).subscribers, 1);
    });
    await page.locator(".row.in").getByText("from outside").waitFor();
    await page.getByRole("textbox", { name: "Text to send" }).fill("from here");
    await page.getByRole("button", { name: "Send" }).click();
    await page.locator(".row.in").getByText("from here").waitFor();

    // Server-Sent Events, and kodama.js.
    const told = page.evaluate(async () => {
      const { subscribe } = await import("/-/assets/kodama.js" as string);
      const byScript = new Promise((resolve) =>
        subscribe("/news", {
          since: "all",
          onmessage: ({ data }: { data: string }) => resolve(data),
        })
      );
      const byEvents = new Promise((resolve) => {
        new EventSource("/news?since=all").onmessage = ({ data }) => {
          const { data: text } = JSON.parse(data);
          if (text !== undefined) resolve(text);
        };
      });
      return await Promise.all([byScript, byEvents]);
    });
    assertEquals(await told, ["from outside", "from outside"]);
    assertEquals(complaints, []);
  },
  { ignoreHTTPSErrors: true },
);

/**
 * Takes the pictures of the page in docs/: `deno task screenshots`.
 */
import { testService } from "../tools/service.ts";
import { executablePath, launch } from "./chromium.ts";

const pictures = [
  { name: "desktop", width: 1440, height: 900, colorScheme: "light", locale: "en" },
  { name: "dark", width: 1024, height: 768, colorScheme: "dark", locale: "ja" },
  { name: "phone", width: 390, height: 760, colorScheme: "light", locale: "en" },
] as const;
/** What is published to the channel that they show. */
const prices = [97_012, 97_034, 96_988, 97_101, 97_140];
const news = {
  news:
    "木霊 is an echo in the mountains: what is said once is said again, and again, and again. " +
    "So is what is published here: said once, by curl, and heard again on every page, again and again.",
  by: "curl",
};

if (executablePath === undefined) throw new Error("no Chromium was found; CHROMIUM names one");
const browser = await launch();
for (const { name, width, height, colorScheme, locale } of pictures) {
  await using service = await testService("--drain", "0s");
  for (const price of prices) await publish(service.url, { price });
  await publish(service.url, news);
  const viewport = { width, height };
  const context = await browser.newContext({
    viewport,
    colorScheme,
    locale,
    deviceScaleFactor: name === "phone" ? 2 : 1.25,
  });
  const page = await context.newPage();
  await page.goto(`${service.url}btc`);
  await page.locator("body[data-state=open]").waitFor();
  for (const price of prices) await publish(service.url, { price: price + 200 });
  await page.locator(".row.in:has(time)").getByText("97340").waitFor();
  await page.locator(".gauge[data-gauge=roundTrip] dd").getByText(/\d/).waitFor({
    state: "attached",
  });
  if (name === "desktop") {
    await page.locator("#text").fill("Hello, all of you");
    await page.locator("#text").press("Enter");
    await page.locator(".row.out").click();
    await page.locator(".bit-grid button[data-field=mask]").click();
  }
  if (name === "dark") {
    await page.locator(".row.in").getByText("curl").click();
    await page.locator(".compared").scrollIntoViewIfNeeded();
  }
  const url = new URL(`../../docs/page-${name}.png`, import.meta.url);
  Deno.writeFileSync(url, await page.screenshot({ animations: "disabled" }));
  await context.close();
}
await browser.close();

async function publish(url: string, body: unknown): Promise<void> {
  const response = await fetch(`${url}btc`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  await response.body?.cancel();
}

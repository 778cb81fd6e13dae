/**
 * Takes the pictures of the page in docs/: `deno task screenshots`.
 */
import { testService } from "../tools/service.ts";
import { executablePath, launch } from "./chromium.ts";
import { openWide } from "./tools.ts";

const pictures = [
  { name: "desktop", width: 1440, height: 900, colorScheme: "light", locale: "en" },
  { name: "dark", width: 1440, height: 900, colorScheme: "dark", locale: "ja" },
  { name: "phone", width: 390, height: 844, colorScheme: "light", locale: "en" },
] as const;

if (executablePath === undefined) throw new Error("no Chromium was found; CHROMIUM names one");
const browser = await launch();
await using service = await testService("--ticker-interval", "300ms", "--drain", "0s");
for (const { name, width, height, colorScheme, locale } of pictures) {
  const viewport = { width, height };
  const context = await browser.newContext({
    viewport,
    colorScheme,
    locale,
    deviceScaleFactor: name === "phone" ? 2 : 1.2,
  });
  const page = await context.newPage();
  await openWide(page, service.url);
  await page.setViewportSize(viewport);
  await page.locator(".row.in").getByText("echo 12", { exact: true }).waitFor();
  await page.locator(".gauge[data-gauge=roundTrip] dd").getByText(/\d/).waitFor();
  if (name === "phone") await page.locator("#tab-frames").click();
  const url = new URL(`../../docs/page-${name}.png`, import.meta.url);
  Deno.writeFileSync(url, await page.screenshot({ animations: "disabled" }));
  await context.close();
}
await browser.close();

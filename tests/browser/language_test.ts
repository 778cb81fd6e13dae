/**
 * Japanese and English, light and dark.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { strings as en } from "../../static/strings.en.js";
import { strings as ja } from "../../static/strings.ja.js";
import { browserTest } from "./chromium.ts";
import { openWide, pageService } from "./tools.ts";

/** The keys of nested strings, with what stands there. */
function shape(strings: object, path = ""): string[] {
  return Object.entries(strings).flatMap(([key, value]) => {
    const name = `${path}.${key}`;
    if (typeof value === "object") return shape(value, name);
    return [typeof value === "function" ? `${name}(${value.length})` : name];
  });
}

Deno.test("both languages have the same keys", () => {
  assertEquals(shape(ja), shape(en));
});

Deno.test("index.html says in English what strings.en.js says", () => {
  const html = Deno.readTextFileSync(new URL("../../static/index.html", import.meta.url));
  const said = [...html.matchAll(/data-t="(\w+)"[^<]*?>([^<]*)</g)];
  assert(said.length > 20);
  const strings: Record<string, string> = en.page;
  for (const [, key, text] of said) assertEquals(text!.replace(/\s+/g, " ").trim(), strings[key!]);
});

browserTest("a Japanese browser gets Japanese, and may switch for good", async (tab) => {
  await using service = await pageService();
  const { page } = tab;
  await openWide(page, service.url);
  await page.getByRole("heading", { name: "ハンドシェイク" }).waitFor();
  assertEquals(await page.locator("html").getAttribute("lang"), "ja");
  await page.getByText("一致しました。").waitFor();
  await page.getByRole("status").getByText("接続済み").waitFor();

  await page.getByRole("button", { name: "English" }).click();
  await page.getByRole("heading", { name: "Handshake" }).waitFor();
  await page.getByText("The same: this server understood.").waitFor();
  await page.locator(".meaning strong").getByText("opcode").waitFor();
  assertEquals(await page.locator("html").getAttribute("lang"), "en");
  await page.reload();
  await page.getByRole("heading", { name: "Handshake" }).waitFor();
  await page.getByRole("button", { name: "日本語" }).waitFor();
  assertEquals(tab.complaints, []);
}, { locale: "ja-JP" });

browserTest("a theme is chosen, and remembered", async ({ page }) => {
  await using service = await pageService();
  await openWide(page, service.url);
  const paper = () => page.evaluate("getComputedStyle(document.documentElement).backgroundColor");
  const dark = await paper();
  const theme = page.getByRole("button", { name: /^Theme/ });
  assertMatch((await theme.getAttribute("aria-label"))!, /as the system/);
  await theme.click();
  assertMatch((await theme.getAttribute("aria-label"))!, /light/);
  const light = await paper();
  assert(light !== dark);
  await page.reload();
  assertEquals(await paper(), light);
}, { colorScheme: "dark" });

/**
 * Who is there, on the page.
 */
import { Subscriber } from "../tools/channels.ts";
import { SECRET, sign } from "../tools/tokens.ts";
import { browserTest } from "./chromium.ts";
import { openWide, pageService } from "./tools.ts";

browserTest(
  "a channel says who is there, by name where there is one, and follows",
  async ({ page }) => {
    await using service = await pageService("--secret", SECRET, "--public", "**");
    const as = async (sub: string) => {
      const fields = { Authorization: `Bearer ${await sign({ sub, r: ["**"] })}` };
      return await Subscriber.open(service, "/news", fields);
    };
    using _one = await as("ann");
    using _two = await as("ann");
    await openWide(page, `${service.url}news`);
    await page.getByText("3 connections: ann (2), 1 without a name", { exact: true }).waitFor();
    const bob = await as("<b>bob</b>");
    const names = "4 connections: ann (2), <b>bob</b>, 1 without a name";
    await page.getByText(names, { exact: true }).waitFor();
    bob[Symbol.dispose]();
    await page.getByText("3 connections: ann (2), 1 without a name", { exact: true }).waitFor();
    // Whatever else one talks to has no members.
    await page.getByRole("button", { name: "/news", expanded: false }).click();
    await page.getByRole("radio", { name: "Ticker" }).check();
    await page.locator(".members").waitFor({ state: "hidden" });
  },
);

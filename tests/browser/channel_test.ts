/**
 * A channel on the page, in Chromium.
 */
import { assertEquals } from "@std/assert";
import { addressOf, curlOf, pathOf, publication, targetOf } from "../../static/target.js";
import { browserTest } from "./chromium.ts";
import { openWide, pageService } from "./tools.ts";

const channel = { kind: "channel" as const, channel: "a/b", mode: "raw" as const, since: "" };

Deno.test("the page's address says what it talks to, and back", () => {
  for (
    const [address, kind, path, protocols] of [
      ["/", "ticker", "/", undefined],
      ["/#echo", "echo", "/-/echo", undefined],
      ["/news", "channel", "/news", undefined],
      ["/a/b?mode=envelope", "channel", "/a/b", ["kodama.v1"]],
      ["/a,b", "channel", "/a,b", ["kodama.v1"]],
      ["/news?since=10m", "channel", "/news", ["kodama.v1"]],
    ] as const
  ) {
    const target = targetOf(new URL(address, "http://localhost"));
    assertEquals(target.kind, kind);
    assertEquals(addressOf(target), address);
    const to = pathOf(target);
    assertEquals([to.path, to.protocols], [path, protocols]);
  }
});

Deno.test("curlOf() quotes for a shell, and says JSON where it is", () => {
  const at = "http://localhost:9999";
  assertEquals(
    curlOf(at, channel, "it's"),
    `curl -d 'it'\\''s' http://localhost:9999/a/b`,
  );
  assertEquals(curlOf(at, channel, '{"n":1}'), `curl --json '{"n":1}' http://localhost:9999/a/b`);
  assertEquals(publication(channel, "12").type, "text/plain");
});

browserTest(
  "a channel's messages arrive live; what is published is sent as curl would",
  async (tab) => {
    await using service = await pageService();
    const { page } = tab;
    await openWide(page, `${service.url}news`);
    await page.locator(".row.note").getByText("open /news").waitFor();
    // A wire on which nothing has been said yet is in sight all the same.
    await page.locator("#frames-notice").waitFor({ state: "hidden" });
    const post = (body: string) => fetch(`${service.url}news`, { method: "POST", body });
    await (await post("from outside")).body?.cancel();
    await page.locator(".row.in").getByText("from outside", { exact: true }).waitFor();

    await page.getByRole("textbox", { name: "Text to send" }).fill("it's me");
    const curl = await page.locator("#curl").textContent();
    await page.getByRole("button", { name: "Publish" }).click();
    await page.locator(".row.in").getByText("it's me", { exact: true }).waitFor();
    await page.getByText(/^published as \S+, to 1 subscriber$/).waitFor();

    // The line that is shown does the same.
    const { success } = await new Deno.Command("sh", { args: ["-c", `${curl} -s`] }).output();
    if (success) {
      await page.locator(".row.in").getByText("it's me", { exact: true }).nth(1)
        .waitFor();
    }

    // What is said on the WebSocket is published, too.
    await page.getByRole("textbox", { name: "Text to send" }).fill("by frame");
    await page.getByRole("button", { name: "Send" }).click();
    await page.locator(".row.in").getByText("by frame", { exact: true }).waitFor();
    assertEquals(tab.complaints, []);
  },
);

browserTest("a channel is chosen by name; envelopes bring what was missed", async (tab) => {
  await using service = await pageService();
  const { page } = tab;
  for (const body of ["one", '{"n":2}']) {
    const headers = { "Content-Type": body[0] === "{" ? "application/json" : "text/plain" };
    await (await fetch(`${service.url}log/a`, { method: "POST", body, headers })).body?.cancel();
  }
  await openWide(page, service.url);
  await page.getByRole("radio", { name: "Channel" }).check();
  await page.getByRole("textbox", { name: "Channel name" }).fill("log/a");
  await page.getByRole("combobox", { name: "Since" }).fill("all");
  await page.getByRole("button", { name: "Watch" }).click();
  await page.locator(".row.in").getByText(/^\{"open":/).waitFor();
  await page.locator(".row.in").getByText('"ch":"log/a","data":"one"').waitFor();
  await page.locator(".row.in").getByText('"data":{"n":2}').waitFor();
  assertEquals(new URL(page.url()).pathname, "/log/a");

  // In envelopes a text is said as the client would say it.
  await page.getByRole("textbox", { name: "Text to send" }).fill("three");
  await page.getByRole("button", { name: "Send" }).click();
  await page.locator(".row.out").getByText('{"pub":"log/a","data":"three"}').waitFor();
  await page.locator(".row.in").getByText('"data":"three"').waitFor();
  assertEquals(tab.complaints, []);
});

browserTest("a name that no channel can have is refused before it is asked for", async (tab) => {
  await using service = await pageService();
  const { page } = tab;
  await openWide(page, service.url);
  await page.getByRole("radio", { name: "Channel" }).check();
  await page.getByRole("textbox", { name: "Channel name" }).fill("not this");
  await page.getByRole("button", { name: "Watch" }).click();
  await page.locator("#channel:invalid").waitFor();
  await page.locator("body[data-state=open]").waitFor();
  assertEquals(tab.complaints, []);
});

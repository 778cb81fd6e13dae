/**
 * A channel on the page, in Chromium.
 */
import { assertEquals } from "@std/assert";
import { addressOf, curlOf, isJson, pathOf, targetOf } from "../../static/target.js";
import { post } from "../tools/channels.ts";
import { browserTest } from "./chromium.ts";
import { frames, openWide, pageService } from "./tools.ts";

const channel = { kind: "channel" as const, channel: "a/b", mode: "raw" as const, since: "" };

Deno.test("the page's address says what it talks to, and back", () => {
  for (
    const [address, kind, path, since, protocols] of [
      ["/", "ticker", "/", undefined, undefined],
      ["/#echo", "echo", "/-/echo", undefined, undefined],
      ["/#echo&part=frames", "echo", "/-/echo", undefined, undefined],
      // What a channel's page begins with is what was published in the last ten minutes.
      ["/news", "channel", "/news", "10m", ["kodama.v1"]],
      ["/news?since=10m", "channel", "/news", "10m", ["kodama.v1"]],
      ["/news?since=all", "channel", "/news", "all", ["kodama.v1"]],
      ["/news?mode=raw", "channel", "/news", undefined, undefined],
      ["/a/b?mode=envelope", "channel", "/a/b", undefined, ["kodama.v1"]],
      ["/a,b", "channel", "/a,b", "10m", ["kodama.v1"]],
      ["/a,b?mode=envelope", "channel", "/a,b", undefined, ["kodama.v1"]],
    ] as const
  ) {
    const target = targetOf(new URL(address, "http://localhost"));
    assertEquals(target.kind, kind);
    assertEquals(addressOf(target), address.replace(/&part.*|\?since=10m/, ""));
    const to = pathOf(target);
    assertEquals([to.path, to.query.since, to.protocols], [path, since, protocols]);
  }
});

Deno.test("curlOf() quotes for a shell, and says JSON where it is", () => {
  const at = "http://localhost:9999";
  assertEquals(
    curlOf(at, channel, "it's"),
    `curl -d 'it'\\''s' http://localhost:9999/a/b`,
  );
  assertEquals(curlOf(at, channel, '{"n":1}'), `curl --json '{"n":1}' http://localhost:9999/a/b`);
  assertEquals(["12", "null", "{}", "[1]", "{"].map(isJson), [false, false, true, true, false]);
});

browserTest(
  "a channel's messages arrive live; what is published is sent as curl would",
  async (tab) => {
    await using service = await pageService();
    const { page } = tab;
    const say = (body: string) => fetch(`${service.url}news`, { method: "POST", body });
    await openWide(page, `${service.url}news`);
    await page.locator(".row.note").getByText("open /news").waitFor();
    await page.getByText("Nothing was published in the last 10m.").waitFor();
    // A wire on which nothing has been said yet is in sight all the same.
    await page.locator("#frames-notice").waitFor({ state: "hidden" });
    await (await say("from outside")).body?.cancel();
    await page.locator(".row.in").getByText("from outside", { exact: true }).waitFor();
    await page.locator("#nothing").waitFor({ state: "hidden" });

    await page.getByRole("textbox", { name: "Text to send" }).fill("it's me");
    const curl = await page.locator("#curl").textContent();
    await page.getByRole("button", { name: "Send" }).click();
    await page.locator(".row.out").getByText("it's me", { exact: true }).waitFor();
    await page.locator(".row.in").getByText("it's me", { exact: true }).waitFor();

    // The line that is shown does the same.
    const { success } = await new Deno.Command("sh", { args: ["-c", `${curl} -s`] }).output();
    if (success) {
      await page.locator(".row.in").getByText("it's me", { exact: true }).nth(1)
        .waitFor();
    }

    // Whoever comes now begins with it, in its order, and without a time that nobody told.
    await page.goto(`${service.url}news`);
    await page.locator(".row.in:has(.past)").getByText("from outside", { exact: true }).waitFor();
    // The frame that is shown first is that of a message.
    await page.locator(".frame-row[aria-selected=true]").getByText("from outside").waitFor();
    await (await say("later")).body?.cancel();
    await page.locator(".row.in:has(time)").getByText("later", { exact: true }).waitFor();
    assertEquals(await page.locator(".row.in .text").first().textContent(), "from outside");
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
  await page.getByRole("combobox", { name: "Since" }).press("Enter");
  await page.locator(".row.in").getByText("one", { exact: true }).waitFor();
  await page.locator(".row.in").getByText('{"n":2}', { exact: true }).waitFor();
  assertEquals(new URL(page.url()).pathname, "/log/a");
  assertEquals(new URL(page.url()).search, "?since=all");
  // What was chosen is in a line now, and the frames have the envelopes.
  await page.locator("#controls").waitFor({ state: "hidden" });
  await page.getByRole("button", { name: "/log/a", expanded: false }).waitFor();
  await frames(page, "in", '"ch":"log/a","data":"one"').last().waitFor();

  // In envelopes a text is said as the client would say it.
  await page.getByRole("textbox", { name: "Text to send" }).fill("three");
  await page.getByRole("button", { name: "Send" }).click();
  await frames(page, "out", '{"pub":"log/a","data":"three"}').waitFor();
  await page.locator(".row.in").getByText("three", { exact: true }).waitFor();

  // A message leads to its frame, also one that was published before.
  await page.locator(".row.in").getByText('{"n":2}', { exact: true }).click();
  await page.locator(".frame-row[aria-selected=true]").getByText('"data":{"n":2}').waitFor();
  assertEquals(tab.complaints, []);
});

browserTest("a name that no channel can have is refused before it is asked for", async (tab) => {
  await using service = await pageService();
  const { page } = tab;
  await openWide(page, service.url);
  await page.getByRole("radio", { name: "Channel" }).check();
  await page.getByRole("textbox", { name: "Channel name" }).fill("not this");
  await page.getByRole("textbox", { name: "Channel name" }).press("Enter");
  await page.locator("#channel:invalid").waitFor();
  await page.locator("body[data-state=open]").waitFor();
  assertEquals(tab.complaints, []);
});

browserTest(
  "who was cut off goes on where it was: nothing twice, and a gap is told",
  async (tab) => {
    const first = await pageService();
    const { page } = tab;
    await openWide(page, `${first.url}news`);
    await post(first, "news", "before");
    await page.locator(".row.in").getByText("before").waitFor();
    await page.getByRole("button", { name: "Disconnect" }).click();
    await page.locator("body[data-state=closed]").waitFor();
    await post(first, "news", "meanwhile");
    await page.getByRole("button", { name: "Connect", exact: true }).click();
    await page.locator(".row.in:has(.past)").getByText("meanwhile").waitFor();
    await post(first, "news", "after");
    await page.locator(".row.in:has(time)").getByText("after").waitFor();
    assertEquals(await page.locator(".row.in .text").allTextContents(), [
      "before",
      "meanwhile",
      "after",
    ]);

    // Another memory cannot prove that nothing was missed.
    await first.shutdown();
    await using _second = await pageService("--port", `${first.port}`);
    await page.locator(".row.note").getByText("something was missed: /news (epoch)").waitFor();
  },
);

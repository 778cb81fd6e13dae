/**
 * kodama.js in Chromium: from the service's own page, and from a page of another origin.
 */
import { assertEquals } from "@std/assert";
import { post } from "../tools/channels.ts";
import { testService } from "../tools/service.ts";
import { browserTest } from "./chromium.ts";

/** The code of a document's first block that holds something, for a service, as a page's script may run it. */
function codeOf(file: string, holds: string, url: string): string {
  const text = Deno.readTextFileSync(new URL(`../../${file}`, import.meta.url));
  const blocks = [...text.matchAll(/^```(?:js ignore|html)\n(.*?)^```$/gms)].map((m) => m[1]!);
  const code = blocks.find((block) => block.includes(holds))!.replace(/<\/?script.*?>/g, "");
  const imported = code.replace(/import (\{.*?\}) from ("\S+")/, "const $1 = await import($2)");
  return `(async () => {${imported.replaceAll("http://127.0.0.1:9999/", url)}})()`;
}

browserTest(
  "the lines of docs/browsers.md subscribe, under the policy of the page",
  async (tab) => {
    await using service = await testService();
    const { page } = tab;
    await post(service, "btc", '{"price":42}', "application/json");
    await page.goto(service.url);
    const says = (text: string) =>
      page.waitForEvent("console", (message) => message.text().includes(text));
    let told = says("btc {price: 42}");
    await page.evaluate(codeOf("docs/browsers.md", "kodama.js", service.url));
    await told;
    told = says("eth 7");
    const { id } = await post(service, "eth", "7", "application/json");
    await told;
    assertEquals(await page.evaluate("localStorage.cursor"), id);
    assertEquals(tab.complaints, []);
  },
);

browserTest("the line of docs/browsers.md for Server-Sent Events hears messages", async (tab) => {
  await using service = await testService();
  const { page } = tab;
  await page.goto(service.url);
  const says = (text: string) =>
    page.waitForEvent("console", (message) => message.text().includes(text));
  let told = says("gap: false");
  await page.evaluate(codeOf("docs/browsers.md", "EventSource", service.url));
  await told;
  told = says("ch: btc, data: 42");
  await post(service, "btc", "42");
  await told;
  assertEquals(tab.complaints, []);
});

browserTest("the README's module subscribes, from there and from now on", async (tab) => {
  await using service = await testService();
  const { page } = tab;
  await post(service, "btc", '{"price":42}', "application/json");
  await page.goto(service.url);
  const says = (text: string) => page.waitForEvent("console", (line) => line.text() === text);
  let told = says("42");
  await page.evaluate(codeOf("README.md", "kodama.js", service.url));
  await told;
  told = says("43");
  await post(service, "btc", '{"price":43}', "application/json");
  await told;
  assertEquals(tab.complaints, []);
});

browserTest("it comes back when the browser is online again", async (tab) => {
  const first = await testService("--drain", "0s");
  const { page } = tab;
  await page.goto(first.url);
  const says = (text: string) => page.waitForEvent("console", (message) => message.text() === text);
  const open = says("open");
  // A wait of no chance: the event has to end it.
  await page.evaluate(`(async () => {
    const { subscribe } = await import("/-/assets/kodama.js");
    Math.random = () => 1e5;
    subscribe("/btc", {
      onmessage: ({ data }) => console.log(data),
      ongap: (lost) => console.log(JSON.stringify(lost)),
      onstate: ({ name }) => console.log(name),
    });
  })()`);
  await open;
  const waiting = says("waiting");
  await first.shutdown();
  await waiting;
  await using second = await testService("--port", `${first.port}`);
  const gap = says('{"btc":"epoch"}'), again = says("open");
  await page.evaluate(`dispatchEvent(new Event("online"))`);
  await Promise.all([gap, again]);
  const told = says("back");
  await post(second, "btc", "back");
  await told;
});

browserTest(
  "a page of another origin, which is allowed, imports it and subscribes",
  async (tab) => {
    let page = "";
    await using other = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      () => new Response(page, { headers: { "Content-Type": "text/html" } }),
    );
    const origin = `http://127.0.0.1:${other.addr.port}`;
    await using service = await testService("--origin", origin);
    await post(service, "btc", "42");
    page = `<!DOCTYPE html><link rel="icon" href="data:,"><script type="module">
    import { subscribe } from "${service.url}-/assets/kodama.js";
    subscribe("${service.url}btc", { since: "all", onmessage: ({ data }) => console.log(data) });
  </script>`;
    const told = tab.page.waitForEvent("console", (message) => message.text() === "42");
    await tab.page.goto(origin);
    await told;
    assertEquals(tab.complaints, []);
  },
);

/** The examples with a page, in Chromium. */
import { assert, assertEquals } from "@std/assert";
import type { Page } from "playwright-core";
import { browserTest } from "../browser/chromium.ts";
import { deserted, post } from "../tools/channels.ts";
import { kodama } from "../tools/command.ts";
import { example as served } from "./pages.ts";

/** Serves an example. Programs of several kinds start here: on a busy machine that takes its time. */
function example(name: string, page: Page) {
  page.setDefaultTimeout(60_000);
  return served(name);
}

browserTest(
  "examples/chat: who is there is told, what one says all have, also who comes later; nobody writes HTML",
  async (tab) => {
    await using made = await example("chat", tab.page);
    const ann = tab.page, bob = await ann.context().newPage();
    bob.setDefaultTimeout(60_000);
    await ann.goto(made.pages.url);
    await bob.goto(made.pages.url);
    const joins = async (page: Page, name: string) => {
      await page.getByPlaceholder("your name").fill(name);
      await page.getByText("Join").click();
    };
    await joins(ann, "Ann");
    await joins(bob, "Bob");
    for (const page of [ann, bob]) await page.getByText(/^Here: (Ann, Bob|Bob, Ann)$/).waitFor();
    await ann.getByPlaceholder("a message").fill("<b>hello</b>");
    await ann.getByText("Send").click();
    await bob.locator("li", { hasText: "Ann<b>hello</b>" }).waitFor();
    await ann.reload();
    await bob.getByText(/^Here: Bob$/).waitFor();
    // The browser knows the name that was given last.
    assertEquals(await ann.getByPlaceholder("your name").inputValue(), "Bob");
    await joins(ann, "Ann");
    await ann.locator("li", { hasText: "Ann<b>hello</b>" }).waitFor();
    assertEquals(tab.complaints, []);
  },
);

browserTest(
  "examples/prices: a line grows with each price that the feed publishes",
  async (tab) => {
    await using made = await example("prices", tab.page);
    const feed = new Deno.Command(Deno.execPath(), {
      args: ["run", "-q", "--no-config", "-A", "examples/prices/feed.mjs", made.service.url],
      ...{ cwd: new URL("../..", import.meta.url).pathname, stdin: "null", stderr: "inherit" },
    }).spawn();
    try {
      await tab.page.goto(made.pages.url);
      for (const name of ["btc", "eth"]) {
        await tab.page.waitForFunction(
          `document.querySelector("#${name} polyline").getAttribute("points")?.split(" ").length >= 3`,
        );
        assert(Number(await tab.page.locator(`#${name} output`).textContent()) > 100);
      }
    } finally {
      feed.kill();
      await feed.status;
    }
    assertEquals(tab.complaints, []);
  },
);

browserTest(
  "examples/log: `tail -f | kodama publish --lines` shows a file as it grows",
  async (tab) => {
    await using made = await example("log", tab.page);
    const file = await Deno.makeTempFile();
    await Deno.writeTextFile(file, "started\n");
    const tail = new Deno.Command("tail", { args: ["-n", "+1", "-f", file], stdout: "piped" })
      .spawn();
    const publish = kodama(["publish", `${made.service.url}log`, "--lines"], { input: "" }).spawn();
    const piping = tail.stdout.pipeTo(publish.stdin);
    const read = Promise.all([publish.stdout, publish.stderr].map((s) => new Response(s).text()));
    try {
      await tab.page.goto(made.pages.url);
      await tab.page.getByText("started").waitFor();
      await Deno.writeTextFile(file, "ERROR <out of paper>\n", { append: true });
      await tab.page.locator("mark", { hasText: "ERROR <out of paper>" }).waitFor();
      // Both come by one read: when the one is there, the other is on its way.
      await Deno.writeTextFile(file, "the last but one\nwith an end", { append: true });
      await tab.page.getByText("the last but one").waitFor();
    } finally {
      tail.kill();
      await Promise.all([tail.status, piping]);
      await publish.status;
      await Deno.remove(file);
    }
    // What had no end when the tail ended is a line, too.
    await tab.page.getByText("with an end").waitFor();
    assertEquals([(await read)[1], tab.complaints], ["", []]);
  },
);

browserTest("examples/cursors: each sees the other's, and no more of who has left", async (tab) => {
  await using made = await example("cursors", tab.page);
  const ann = tab.page, bob = await ann.context().newPage();
  bob.setDefaultTimeout(60_000);
  await ann.goto(made.pages.url);
  await bob.goto(made.pages.url);
  const cursor = ann.locator(".cursor");
  // Until they know of each other, moves of the other are nobody's.
  for (let x = 100; await cursor.count() === 0; x++) {
    await bob.mouse.move(x, 100);
    await ann.waitForTimeout(20);
  }
  await bob.mouse.move(50, 60);
  const { width, height } = bob.viewportSize()!;
  const at = `translate(${50 / width * ann.viewportSize()!.width}px, ${
    60 / height * ann.viewportSize()!.height
  }px)`;
  await ann.waitForFunction(
    `document.querySelector(".cursor").style.transform === ${JSON.stringify(at)}`,
  );
  await bob.close({ runBeforeUnload: false });
  await cursor.waitFor({ state: "detached" });
  assertEquals(tab.complaints, []);
});

for (const name of ["react", "svelte"]) {
  browserTest(
    `examples/${name}: a channel's messages, another channel's when asked, and nothing after it`,
    async (tab) => {
      await using made = await example(name, tab.page);
      const { page } = tab;
      const price = (channel: string, price: number) =>
        post(made.service, `prices/${channel}`, JSON.stringify({ price }), "application/json");
      for (let i = 1; i <= 7; i++) await price("btc", i);
      await price("eth", 70);
      await page.goto(made.pages.url);
      await page.locator("small", { hasText: "open" }).waitFor();
      const shows = (...texts: string[]) =>
        page.waitForFunction(
          `JSON.stringify([...document.querySelectorAll("li")].map((e) => e.textContent)) === '${
            JSON.stringify(texts)
          }'`,
        );
      // The newest five.
      await shows("3.00", "4.00", "5.00", "6.00", "7.00");
      await price("btc", 8);
      await shows("4.00", "5.00", "6.00", "7.00", "8.00");
      await page.getByRole("button").click();
      await shows("70.00");
      await price("btc", 9);
      await price("eth", 71);
      await shows("70.00", "71.00");
      await page.close();
      await deserted(made.service, 20_000);
      assertEquals(tab.complaints, []);
    },
  );
}

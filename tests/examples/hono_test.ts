/** examples/hono: sessions are asked by pages and WebSockets alike, and rooms keep to themselves. */
import { assert, assertEquals } from "@std/assert";
import type { Page } from "playwright-core";
import { browserTest } from "../browser/chromium.ts";
import { startRooms } from "./pages.ts";

async function signIn(page: Page, url: string, name: string): Promise<void> {
  await page.goto(url);
  await page.getByPlaceholder("your name").fill(name);
  await page.getByText("Sign in").click();
  await page.getByText(`Hello ${name}.`).waitFor();
}

async function say(page: Page, text: string): Promise<void> {
  await page.getByPlaceholder("a message").fill(text);
  await page.getByText("Send").click();
}

browserTest(
  "examples/hono: two people talk in a room, and another room hears nothing of it",
  async (tab) => {
    await using rooms = await startRooms();
    const ann = tab.page;
    const other = await ann.context().browser()!.newContext();
    const bob = await other.newPage();
    for (const page of [ann, bob]) page.setDefaultTimeout(60_000);
    try {
      await signIn(ann, rooms.url, "Ann");
      await signIn(bob, rooms.url, "<Bob>");
      await ann.getByText("music").click();
      await bob.getByText("music").click();
      await say(ann, "hello");
      await bob.getByText("Ann: hello").waitFor();
      await say(bob, "<i>hi</i>");
      await ann.getByText("<Bob>: <i>hi</i>").waitFor();
      await bob.goto(`${rooms.url}rooms/news`);
      await say(bob, "nothing new");
      await bob.getByText("<Bob>: nothing new").waitFor();
      assertEquals(await bob.locator("li").allTextContents(), ["<Bob>: nothing new"]);
      // What was said is there again, from the room's memory.
      await ann.reload();
      await ann.getByText("<Bob>: <i>hi</i>").waitFor();
      assertEquals(await ann.locator("li").allTextContents(), ["Ann: hello", "<Bob>: <i>hi</i>"]);
      assertEquals(tab.complaints, []);
    } finally {
      await other.close();
    }
  },
);

/** What a handshake for a room is answered, without a session or with this one. */
async function refused(url: string, cookie: string): Promise<string> {
  const socket = new WebSocket(`${url.replace("http", "ws")}rooms/music`, {
    headers: { Cookie: cookie },
  });
  const opened = await new Promise((resolve) => {
    socket.onopen = () => resolve(true);
    socket.onerror = (event) => resolve((event as ErrorEvent).message);
  });
  if (opened === true) await new Promise((resolve) => (socket.onclose = resolve, socket.close()));
  return String(opened);
}

Deno.test("examples/hono: without a session, or with one that was made up, nobody is let in", async () => {
  await using rooms = await startRooms();
  const answer = await fetch(`${rooms.url}session`, {
    ...{ method: "POST", body: new URLSearchParams({ name: "Ann" }), redirect: "manual" },
  });
  await answer.body?.cancel();
  const [cookie = ""] = answer.headers.get("set-cookie")!.split(";");
  assertEquals(await refused(rooms.url, cookie), "true");
  for (const wrong of ["", "session=Ann", cookie.replace("Ann", "Bob")]) {
    assert((await refused(rooms.url, wrong)).includes("401"), wrong);
    const page = await fetch(`${rooms.url}rooms/music`, {
      headers: { Cookie: wrong },
      redirect: "manual",
    });
    await page.body?.cancel();
    assertEquals([page.status, page.headers.get("location")], [303, "/"]);
  }
});

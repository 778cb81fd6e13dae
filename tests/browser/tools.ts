/**
 * What the tests of the page share: where things are on it, and a client of the same tap.
 * @module
 */
import { assert } from "@std/assert";
import type { Locator, Page } from "playwright-core";
import { RawClient } from "../tools/raw.ts";
import { type TestService, testService } from "../tools/service.ts";

/** The sizes of windows that the page is looked at in. */
export const sizes = [
  { width: 360, height: 640 },
  { width: 768, height: 1024 },
  { width: 1024, height: 768 },
  { width: 1440, height: 900 },
  { width: 1920, height: 1080 },
];

/** A service that ends at once: the page is still open then, and would be waited for. */
export function pageService(...flags: string[]): Promise<TestService> {
  return testService("--drain", "0s", ...flags);
}

/** Waits for the state that the page shows, in words. */
export async function state(page: Page, words: string): Promise<void> {
  await page.getByRole("status").getByText(words).waitFor();
}

/** Opens the page, wide enough for its three parts, and waits for its connection. */
export async function openWide(page: Page, url: string): Promise<void> {
  await page.setViewportSize({ width: 1280, height: 900 });
  await page.goto(url);
  await page.locator("body[data-state=open]").waitFor();
}

/** The id of the page's tap, as the handshake shows it. */
export async function tapOf(page: Page): Promise<string> {
  const request = await page.locator(".head .first").first().getAttribute("title");
  const id = /[?&]tap=([\w-]{16,64})/.exec(request ?? "")?.[1];
  assert(id !== undefined, `a tap in ${request}`);
  return id;
}

/** A client of bytes that the page watches: it does what no browser does. */
export async function tappedClient(
  { port }: TestService,
  tap: string,
  path = "/-/echo",
): Promise<RawClient> {
  const raw = await RawClient.connect({ transport: "tcp", hostname: "127.0.0.1", port });
  await raw.send(
    `GET ${path}?tap=${tap} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\n` +
      "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
      "Sec-WebSocket-Version: 13\r\n\r\n",
  );
  const received = await raw.until((bytes) => headEnd(bytes) >= 0);
  raw.take(headEnd(received));
  return raw;
}

function headEnd(bytes: Uint8Array): number {
  for (let i = 4; i <= bytes.length; i++) {
    if (bytes[i - 4] === 13 && bytes[i - 3] === 10 && bytes[i - 2] === 13 && bytes[i - 1] === 10) {
      return i;
    }
  }
  return -1;
}

/** The frames in the list that say something, one way: `out` is sent by a client. */
export function frames(page: Page, way: "in" | "out", text: string | RegExp): Locator {
  return page.locator(`.frame-row.${way}`).filter({ hasText: text });
}

/** The octets in a row of the chosen frame's table, as hexadecimal digits. */
export async function octets(page: Page, row: "wire" | "key" | "plain"): Promise<string> {
  return (await page.locator(`.octets .${row} td`).allTextContents()).join("");
}

/** The bits that are drawn of a field, and all fields' names, in their order. */
export async function fields(page: Page): Promise<Record<string, string>> {
  const drawn: Record<string, string> = {};
  const bits = await page.evaluate(`[...document.querySelectorAll(".bit-grid .bit")]
    .map((bit) => [bit.closest("[data-field]").dataset.field, bit.dataset.bit])`);
  for (const [name, bit] of bits as [string, string][]) drawn[name] = (drawn[name] ?? "") + bit;
  return drawn;
}

/**
 * The Chromium of this machine, driven by Playwright.
 */
import type { Browser, BrowserContextOptions, Page } from "playwright-core";

// Playwright asks on import, for a feature not used here, whether this is WSL, and reads below
// /proc/sys for it, which Deno grants to nobody by folder. This is its switch to ask later.
Deno.env.set("__IS_WSL_TEST__", "1");
const { chromium } = await import("playwright-core");
Deno.env.delete("__IS_WSL_TEST__");

const places = [
  Deno.env.get("CHROMIUM"),
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
];

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** Where it is, if it is. */
export const executablePath = places.find((path) => path !== undefined && isFile(path));

let shared: Promise<Browser> | undefined;

/** The browser of all tests of a file. */
function browser(): Promise<Browser> {
  return shared ??= launch();
}

/** Starts a browser. */
export function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath: executablePath!,
    args: [
      "--no-sandbox",
      "--headless",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

// There are no tests where the page's pictures are taken.
Deno.test.afterAll?.(async () => {
  await (await shared)?.close();
});

/** A page in a profile of its own, and what it complained about. */
export interface Tab {
  page: Page;
  /** Errors of scripts, failed loads, violations of the Content-Security-Policy. */
  complaints: string[];
}

/**
 * Declares a test with a tab. It is ignored where there is no Chromium.
 * @param profile What the browser says of its user: languages, colours, size.
 */
export function browserTest(
  name: string,
  test: (tab: Tab) => Promise<void>,
  profile: BrowserContextOptions = {},
): void {
  Deno.test({
    name,
    ignore: executablePath === undefined,
    // Playwright keeps its pipes to the browser, and timers, beyond the end of a test.
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      const context = await (await browser()).newContext(profile);
      try {
        const page = await context.newPage();
        page.setDefaultTimeout(30_000);
        const complaints: string[] = [];
        page.on("pageerror", (error) => complaints.push(error.message));
        page.on("console", (message) => {
          if (message.type() === "error") complaints.push(message.text());
        });
        page.on("response", (response) => {
          if (response.status() >= 400) complaints.push(`${response.status()} ${response.url()}`);
        });
        await test({ page, complaints });
      } finally {
        await context.close();
      }
    },
  });
}

/**
 * Ending the server while a browser has its page open.
 */
import { assertLess } from "@std/assert";
import { testService } from "../tools/service.ts";
import { browserTest } from "./chromium.ts";
import { openWide, state } from "./tools.ts";

browserTest("a server with one page open ends at once, and the page says so", async ({ page }) => {
  await using service = await testService("--drain", "10s");
  await openWide(page, service.url);
  const began = performance.now();
  await service.shutdown();
  assertLess(performance.now() - began, 1500);
  await state(page, "1001");
});

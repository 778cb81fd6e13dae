/**
 * The handshake on the page, in Chromium.
 */
import { assertEquals, assertMatch } from "@std/assert";
import { acceptOf, deflates, exampleKey, parseHead } from "../../static/handshake.js";
import { browserTest } from "./chromium.ts";
import { openWide, pageService } from "./tools.ts";

Deno.test("acceptOf() makes the RFC's accept of the RFC's key (4.2.2)", async () => {
  const { sha1, accept } = await acceptOf(exampleKey);
  assertEquals(sha1.toHex(), "b37a4f2cc0624f1690f64606cf385945b2bec4ea");
  assertEquals(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
});

Deno.test("deflates() says whether permessage-deflate was agreed on (RFC 7692, 7.1)", () => {
  for (const extensions of [undefined, "", "x-other", "x-permessage-deflate"]) {
    assertEquals(deflates(extensions), false, extensions);
  }
  for (
    const extensions of ["permessage-deflate", "x, permessage-deflate; a", "Permessage-Deflate;a"]
  ) {
    assertEquals(deflates(extensions), true, extensions);
  }
});

Deno.test("parseHead() joins the values of a field that came twice", () => {
  const head = parseHead("GET / HTTP/1.1\r\nA: 1\r\nb: x:y\r\na:2\r\n\r\n");
  assertEquals(head.first, "GET / HTTP/1.1");
  assertEquals(head.get("a"), "1, 2");
  assertEquals(head.get("b"), "x:y");
});

browserTest("the accept that is computed equals the one that was received", async (tab) => {
  await using service = await pageService();
  const { page } = tab;
  await openWide(page, service.url);
  const handshake = page.getByRole("region", { name: "Handshake" });
  await handshake.getByText("The same: this server understood.").waitFor();
  const computed = await page.locator("#accept-computed").textContent();
  assertEquals(await page.locator("#accept-received").textContent(), computed);
  const key = await page.locator("[data-name=sec-websocket-key] code").textContent();
  assertEquals((await acceptOf(key!.split(": ")[1]!)).accept, computed);
  // SHA-1 is 20 bytes.
  assertMatch(
    (await handshake.locator(".steps li:nth-child(3) code").textContent())!,
    /^(\w\w ?){20}$/,
  );
  await handshake.getByText("HTTP/1.1 101 Switching Protocols").waitFor();
  await handshake.locator(".agreed").getByText("client_max_window_bits=10").waitFor();
  assertEquals(tab.complaints, []);
});

browserTest(
  "without compression and with a subprotocol the handshake says so",
  async ({ page }) => {
    await using service = await pageService("--deflate", "off");
    await openWide(page, `${service.url}news?mode=envelope`);
    await page.getByText("No extension: every message is sent as it is.").waitFor();
    await page.getByText("Subprotocol kodama.v1: messages are JSON envelopes.").waitFor();
  },
);

browserTest(
  "without the tap the page says so kindly, works, and shows the RFC's examples",
  async ({ page }) => {
    await using service = await pageService("--tap", "off");
    await openWide(page, service.url);
    await page.locator(".row.out").getByText("client: echo 1").waitFor();
    await page.locator("#frames-notice").getByText("does not show its wire").waitFor();
    assertEquals(
      await page.locator("#accept-computed").textContent(),
      "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
    );
    assertEquals(await page.locator(".frame-row").count(), 6);
    // Nor does it play broken frames.
    assertEquals(await page.locator("#what-if").isVisible(), false);
    assertEquals(
      (await page.locator(".octets .wire td").allTextContents()).join(" "),
      "7f 9f 4d 51 58",
    );
  },
);

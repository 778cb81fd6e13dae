/**
 * Compression with Chromium, on the service's echo.
 */
import { assertEquals } from "@std/assert";
import { testService } from "../tools/service.ts";
import { browserTest } from "./chromium.ts";

for (const mode of ["shared", "takeover"]) {
  browserTest(
    `Chromium agrees on permessage-deflate and gets every message back, with --deflate ${mode}`,
    async (tab) => {
      await using service = await testService("--deflate", mode);
      await tab.page.goto(service.url);
      const [extensions, same] = await tab.page.evaluate(async () => {
        const url = new URL("/-/echo", location.href);
        url.protocol = "ws:";
        const client = new WebSocket(url);
        client.binaryType = "arraybuffer";
        await new Promise((resolve, reject) => {
          client.onopen = resolve;
          client.onerror = reject;
        });
        const same: string[] = [];
        const send = async (data: string | Uint8Array<ArrayBuffer>) => {
          client.send(data);
          const { data: back } = await new Promise<MessageEvent>((r) => client.onmessage = r);
          const equal = typeof data === "string"
            ? back === data
            : back.byteLength === data.length &&
              new Uint8Array(back).every((b, i) => b === data[i]);
          same.push(`${data.length} ${equal}`);
        };
        for (const size of [0, 1, 100, 1000, 65_535, 65_536, 300_000]) {
          await send("木霊 echo, ".repeat(size).slice(0, size));
          const noise = new Uint8Array(size);
          for (let at = 0; at < size; at += 65_536) {
            crypto.getRandomValues(noise.subarray(at, at + 65_536));
          }
          await send(noise);
          // Twice the same: with context the second one is short.
          await send(noise);
        }
        const { extensions } = client;
        await new Promise((resolve) => {
          client.onclose = resolve;
          client.close();
        });
        return [extensions, same] as const;
      });
      // Chromium offers `client_max_window_bits`, and nothing else.
      const window = mode === "shared" ? "; client_max_window_bits=10" : "";
      assertEquals(extensions, `permessage-deflate${window}`);
      assertEquals(same.length, 21);
      assertEquals(same.filter((line) => !line.endsWith(" true")), []);
      assertEquals(tab.complaints, []);
    },
  );
}

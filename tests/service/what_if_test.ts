/**
 * Bytes that no browser sends, played: what the server answers, and the close code that they earn.
 */
import { assertEquals } from "@std/assert";
import { CloseCode } from "../../lib/websocket/close.ts";
import { MOST, type Outcome, play } from "../../lib/service/what_if.ts";
import { broken } from "../../static/broken.js";
import { toHex, utf8 } from "../tools/bytes.ts";
import { clientClose, clientFrame } from "../tools/frames.ts";
import { testService } from "../tools/service.ts";
import { RawClient, textOf } from "../tools/raw.ts";

const limits = { maxMessage: 1 << 20, maxFragments: 100 };

Deno.test("what is right is answered as by the echo, and what breaks a rule closes", () => {
  const hello = utf8("Hello");
  for (
    const [sent, answer, state, code] of [
      [clientFrame(0x81, hello), ["810548656c6c6f"], "open", undefined],
      [clientFrame(0x89, hello), ["8a0548656c6c6f"], "open", undefined],
      [clientFrame(0x01, hello), [], "open", undefined],
      [clientFrame(0x81, hello).slice(0, 4), [], "open", undefined],
      [new Uint8Array(), [], "open", undefined],
      [clientClose(1000, ""), ["880203e8"], "closed", 1000],
    ] as const
  ) {
    const outcome = play(sent, limits);
    assertEquals([outcome.answer, outcome.state, outcome.code], [answer, state, code]);
  }
  // Before the rule is broken, what was owed is said.
  const both = new Uint8Array([...clientFrame(0x81, hello), 0x81, 0x00]);
  const { answer, code, reason } = play(both, limits);
  assertEquals([answer.length, code, reason], [
    2,
    CloseCode.ProtocolError,
    "frame is not masked",
  ]);
});

Deno.test("each broken frame of the page earns the code that the page says it will", () => {
  for (const { id, bytes, code } of broken) {
    const outcome = play(Uint8Array.fromHex(bytes), limits);
    assertEquals([id, outcome.state, outcome.code], [id, "closed", code]);
    assertEquals(outcome.answer.length, 1);
    assertEquals(outcome.answer[0]!.slice(4, 8), code.toString(16).padStart(4, "0"));
  }
});

Deno.test("/-/what-if says the same as a client of that kind is told over TCP", async () => {
  await using service = await testService("--max-message", "1KiB");
  for (const { id, bytes, code } of broken) {
    const outcome: Outcome = await (await ask(service.url, { body: bytes })).json();
    assertEquals([id, outcome.code], [id, code]);
    using raw = await echoClient(service.port);
    await raw.send(Uint8Array.fromHex(bytes));
    assertEquals(toHex(await raw.readAll()), outcome.answer[0], id);
  }
});

Deno.test("/-/what-if takes bytes in hexadecimal, so many, from its own pages", async () => {
  await using service = await testService();
  const most = "00".repeat(MOST);
  for (
    const [init, status] of [
      [{ body: "81 80\n0000 0000" }, 200],
      [{ body: most }, 200],
      [{ body: `${most}00` }, 413],
      [{ body: "8" }, 400],
      [{ body: "hello" }, 400],
      [{ method: "GET" }, 405],
      [{ body: "8180", headers: { Origin: "https://stranger.example" } }, 403],
    ] as const
  ) {
    const response = await ask(service.url, init);
    await response.body?.cancel();
    assertEquals([init, response.status], [init, status]);
  }
});

Deno.test("/-/what-if is there only where the wire may be seen", async () => {
  await using service = await testService("--tap", "off");
  const response = await ask(service.url, { body: "8100" });
  await response.body?.cancel();
  assertEquals(response.status, 404);
});

/** A client of the echo, behind the head of the response. */
async function echoClient(port: number): Promise<RawClient> {
  const raw = await RawClient.connect({ transport: "tcp", hostname: "127.0.0.1", port });
  await raw.send(
    `GET /-/echo HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\n` +
      "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
      "Sec-WebSocket-Version: 13\r\n\r\n",
  );
  const head = textOf(await raw.until((bytes) => textOf(bytes).includes("\r\n\r\n")));
  raw.take(head.indexOf("\r\n\r\n") + 4);
  return raw;
}

function ask(url: string, init: RequestInit): Promise<Response> {
  return fetch(`${url}-/what-if`, { method: "POST", ...init });
}

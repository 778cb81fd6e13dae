/**
 * The wire tap, over TCP: what a page is told of its connections, and what it is not.
 */
import { once } from "node:events";
import { assert, assertEquals, assertGreater, assertMatch } from "@std/assert";
import WebSocket from "ws";
import { maskSecrets } from "../../lib/service/tap.ts";
import { CA } from "../tools/certificates.ts";
import { channelTest } from "../tools/engines.ts";
import { noise, toHex, utf8 } from "../tools/bytes.ts";
import { clientClose, clientFrame } from "../tools/frames.ts";
import { RawClient, textOf, within } from "../tools/raw.ts";
import { type TestService } from "../tools/service.ts";
import { isEncrypted } from "../tools/way.ts";

const ID = "a-tap_of-these-tests";

/** Asks for a WebSocket. Returns the connection, behind the response's head, and its status. */
async function shake(
  { port }: TestService,
  target: string,
  fields = "",
): Promise<{ raw: RawClient; status: number }> {
  const raw = await RawClient.connect({ transport: "tcp", hostname: "127.0.0.1", port });
  await raw.send(
    `GET ${target} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\n` +
      "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
      `Sec-WebSocket-Version: 13\r\n${fields}\r\n`,
  );
  const received = textOf(await raw.until((bytes) => textOf(bytes).includes("\r\n\r\n")));
  raw.take(received.indexOf("\r\n\r\n") + 4);
  return { raw, status: Number(received.split(" ")[1]) };
}

/** What a tap tells. */
interface Told {
  t: number;
  conn?: number;
  dir?: "in" | "out";
  kind?: "head" | "frame";
  text?: string;
  hex?: string;
  cut?: true;
  lost?: number;
}

/** A page's tap. */
async function tap({ port }: TestService, id = ID) {
  const scheme = isEncrypted() ? "wss" : "ws";
  const socket = new WebSocket(`${scheme}://127.0.0.1:${port}/-/tap/${id}`, { ca: CA });
  const told: Told[] = [];
  let look = () => {};
  socket.onmessage = ({ data }: { data: unknown }) => {
    told.push(JSON.parse(String(data)));
    look();
  };
  await once(socket, "open");
  return {
    told,
    until: (ready: (told: Told[]) => boolean) =>
      within(
        5000,
        "the tap",
        new Promise<void>((resolve) => {
          look = () => ready(told) && resolve();
          look();
        }),
      ),
    async [Symbol.asyncDispose]() {
      const closed = once(socket, "close");
      socket.close();
      await closed;
    },
  };
}

channelTest(
  "a tap tells heads and frames both ways, as they crossed the wire",
  async (testService) => {
    await using service = await testService();
    await using page = await tap(service);
    using raw = (await shake(service, `/-/echo?tap=${ID}`)).raw;
    const hello = clientFrame(0x81, utf8("Hello"));
    await raw.drip(hello);
    await raw.until((bytes) => bytes.length === 7);
    const close = clientClose(1000, "bye");
    await raw.send(close);
    await raw.readAll();
    await page.until(({ length }) => length === 6);

    const [request, response, ...frames] = page.told;
    assertEquals([request!.dir, request!.kind, request!.conn], ["in", "head", 0]);
    assert(request!.text!.startsWith(`GET /-/echo?tap=${ID} HTTP/1.1\r\nHost: `));
    assertEquals([response!.dir, response!.kind], ["out", "head"]);
    assertMatch(
      response!.text!,
      /^HTTP\/1\.1 101 [\s\S]*s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=[\s\S]*\r\n\r\n$/,
    );
    assertEquals(frames.map(({ dir, hex }) => [dir, hex]), [
      ["in", toHex(hello)],
      ["out", "810548656c6c6f"],
      ["in", toHex(close)],
      ["out", "880203e8"],
    ]);
    assert(page.told.every(({ t }, i) => i === 0 || t >= page.told[i - 1]!.t));
  },
);

channelTest("two connections of one tap are told apart", async (testService) => {
  await using service = await testService();
  await using page = await tap(service);
  using first = (await shake(service, `/-/echo?tap=${ID}`)).raw;
  using second = (await shake(service, `/-/echo?tap=${ID}`)).raw;
  await second.send(clientFrame(0x01, utf8("a")));
  await first.send(clientFrame(0x82, utf8("b")));
  await page.until((told) =>
    told.filter(({ kind, dir }) => kind === "frame" && dir === "in").length === 2
  );
  const frames = page.told.filter(({ kind, dir }) => kind === "frame" && dir === "in");
  assertEquals(frames.map(({ conn, hex }) => [conn, hex!.slice(0, 2)]).sort(), [[0, "82"], [
    1,
    "01",
  ]]);
});

channelTest("a payload is cut at 1 KiB, and said to be", async (testService) => {
  await using service = await testService();
  await using page = await tap(service);
  using raw = (await shake(service, `/-/echo?tap=${ID}`)).raw;
  for (const size of [1024, 1025, 70_000]) await raw.send(clientFrame(0x82, noise(size)));
  await page.until(({ length }) => length === 8);
  const sizes = (way: string) =>
    page.told.filter(({ kind, dir }) => kind === "frame" && dir === way)
      .map(({ hex, cut }) => [hex!.length / 2, cut ?? false]);
  assertEquals(sizes("in"), [[8 + 1024, false], [8 + 1024, true], [14 + 1024, true]]);
  assertEquals(sizes("out"), [[4 + 1024, false], [4 + 1024, true], [10 + 1024, true]]);
});

channelTest("tokens and cookies in a head are masked", async (testService) => {
  await using service = await testService();
  await using page = await tap(service);
  const fields = "Authorization: Bearer top.secret\r\ncookie: kodama_token=secret; a=b\r\n" +
    "Sec-WebSocket-Protocol: kodama.v1, kodama.token.secret\r\n";
  using _raw = (await shake(service, `/-/echo?token=secret&tap=${ID}`, fields)).raw;
  await page.until(({ length }) => length === 2);
  const { text } = page.told[0]!;
  assert(!text!.includes("secret"), text);
  assertMatch(text!, /\?token=…&tap=/);
  assertMatch(text!, /\r\nAuthorization: …\r\ncookie: …\r\n/);
  assertMatch(text!, /kodama\.v1, kodama\.token\.…\r\n/);
  assertEquals(
    maskSecrets("HTTP/1.1 101 x\r\nSet-Cookie: a=b\r\n\r\n"),
    "HTTP/1.1 101 x\r\nSet-Cookie: …\r\n\r\n",
  );
});

channelTest("a bad id is 400, one that is taken 409, a foreign page's 403", async (testService) => {
  await using service = await testService();
  for (const id of ["short", "x".repeat(65), "sixteen-chars.no", ""]) {
    using bad = await shake(service, `/-/tap/${id}`).then(({ raw, status }) => {
      assertEquals(status, 400, id);
      return raw;
    });
    assert(bad !== undefined);
  }
  const foreign = await shake(service, `/-/tap/${ID}`, "Origin: http://elsewhere.example\r\n");
  foreign.raw.close();
  assertEquals(foreign.status, 403);

  const first = await shake(service, `/-/tap/${ID}`);
  const second = await shake(service, `/-/tap/${ID}`);
  second.raw.close();
  assertEquals([first.status, second.status], [101, 409]);
  // Once it is closed, the id is free again.
  await first.raw.send(clientClose(1000));
  await first.raw.readAll();
  first.raw.close();
  const third = await shake(service, `/-/tap/${ID}`);
  third.raw.close();
  assertEquals(third.status, 101);
});

channelTest(
  "off, there is no tap: 404, and a connection that asks for one works",
  async (testService) => {
    await using service = await testService("--tap", "off");
    const { raw, status } = await shake(service, `/-/tap/${ID}`);
    raw.close();
    assertEquals(status, 404);
    using echo = (await shake(service, `/-/echo?tap=${ID}`)).raw;
    await echo.send(clientFrame(0x81, utf8("a")));
    assertEquals(toHex(await echo.until((bytes) => bytes.length >= 3)), "810161");
  },
);

channelTest("a connection whose tap nobody has opened works, untapped", async (testService) => {
  await using service = await testService();
  await using page = await tap(service);
  using raw = (await shake(service, "/-/echo?tap=another-tap_s-id-0")).raw;
  await raw.send(clientFrame(0x81, utf8("a")));
  assertEquals(toHex(await raw.until((bytes) => bytes.length >= 3)), "810161");
  using seen = (await shake(service, `/-/echo?tap=${ID}`)).raw;
  assert(seen !== undefined);
  await page.until(({ length }) => length === 2);
  assertMatch(page.told[0]!.text!, new RegExp(ID));
});

channelTest(
  "a slow tap loses some and hears how many; the connection it watches is not slowed",
  async (testService) => {
    await using service = await testService("--write-timeout", "60s");
    // A page that opens its tap and reads nothing.
    const slow = (await shake(service, `/-/tap/${ID}`)).raw;
    using watched = (await shake(service, `/-/echo?tap=${ID}`)).raw;
    const frame = clientFrame(0x82, noise(1024));
    const rounds = 6000;
    const sending = (async () => {
      for (let n = 0; n < rounds; n += 50) {
        await watched.send(
          new Uint8Array(frame.length * 50).map((_, i) => frame[i % frame.length]!),
        );
        await watched.until((bytes) => bytes.length >= 50 * 1028);
        watched.take(50 * 1028);
      }
    })();
    await within(30_000, "the echo of all", sending);

    // Now it reads; the first frame after there is room again brings what was lost.
    const lost = /"lost":(\d+)/;
    let found = false;
    const reading = slow.until((bytes) => lost.test(textOf(bytes.subarray(-70_000))), 20_000)
      .finally(() => found = true);
    while (!found) {
      await watched.send(clientFrame(0x81, utf8("x")));
      await watched.until((bytes) => bytes.length >= 3);
      watched.take(3);
    }
    assertGreater(Number(lost.exec(textOf(await reading))?.[1]), 0);
    slow.close();
  },
);

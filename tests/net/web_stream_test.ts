/** Bodies of a function of the web on their way: no more of them is held than is being sent, and nobody is left waiting. */
import { assert, assertEquals, assertLess } from "@std/assert";
import { answers, hasAnswers } from "../tools/answers.ts";
import { textOf, within } from "../tools/raw.ts";
import { test } from "../tools/way.ts";
import { request, webServer } from "../tools/web.ts";

const MIB = 1 << 20, PART = 64 * 1024;
/** How long something may take that is waited for, in ms. */
const PATIENCE = 20_000;

/** A body of zeros that counts how many of its bytes were asked for. */
function zeros(total: number) {
  const made = { bytes: 0, cancelled: Promise.withResolvers<unknown>() };
  const part = new Uint8Array(PART);
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (made.bytes >= total) return controller.close();
      made.bytes += PART;
      controller.enqueue(part);
    },
    cancel: (reason) => made.cancelled.resolve(reason),
  }, { highWaterMark: 0 });
  return { made, body };
}

test("A response of 100 MiB is made as fast as it is read, and no faster", async () => {
  const { made, body } = zeros(100 * MIB);
  await using server = webServer(() => new Response(body));
  using client = await server.connect();
  await client.send(request("GET /"));
  let read = 0, most = 0;
  for (;;) {
    await client.until((bytes) => bytes.length > 0, PATIENCE);
    const piece = client.take(client.received.length);
    read += piece.length;
    most = Math.max(most, made.bytes - read);
    if (textOf(piece.subarray(-5)) === "0\r\n\r\n") break;
  }
  assertEquals(made.bytes, 100 * MIB);
  assert(read > 100 * MIB);
  // What the system holds in its buffers, a few MB, and the little that is held here.
  assertLess(most, 16 * MIB);
});

test("A response that nobody reads is not made: a few parts wait, and the rest stays where it is", async () => {
  const { made, body } = zeros(1000 * MIB);
  await using server = webServer(() => new Response(body));
  using client = await server.connect();
  await client.send(request("GET /"));
  await client.until((bytes) => bytes.length > 0, PATIENCE);
  // The system takes some: when it takes no more, no more is made.
  for (let before = -1; made.bytes !== before;) {
    before = made.bytes;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  assertLess(made.bytes, 16 * MIB);
  client.close();
  const reason = await within(PATIENCE, "cancel", made.cancelled.promise);
  assertEquals((reason as Error).name, "AbortError");
});

test("An upload of 100 MiB is read as it is asked for, and no further", async () => {
  const go = Promise.withResolvers<void>();
  let held = 0;
  await using server = webServer(async (asked) => {
    await go.promise;
    let size = 0;
    for await (const part of asked.body!) {
      size += part.length;
      held = Math.max(held, part.length);
    }
    return new Response(String(size));
  });
  using client = await server.connect();
  await client.send(request("POST /", `Content-Length: ${100 * MIB}\r\n`));
  const part = new Uint8Array(PART);
  let sent = 0;
  const sending = (async () => {
    for (; sent < 100 * MIB; sent += PART) await client.send(part);
  })();
  // Nobody reads it yet: what the system holds is full.
  for (let before = -1; sent !== before;) {
    before = sent;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  assertLess(sent, 16 * MIB);
  go.resolve();
  await sending;
  assertEquals(answers(await client.until(hasAnswers(1), PATIENCE))[0]?.body, String(100 * MIB));
  assertLess(held, 4 * PART);
});

test("A body is sent back while it comes, chunked both ways, and the next request is served", async () => {
  await using server = webServer((asked) => new Response(asked.body));
  using client = await server.connect();
  await client.send(request("POST /", "Transfer-Encoding: chunked\r\n"));
  let expected = "";
  for (const word of ["one", "two", "three"]) {
    const chunk = `${word.length.toString(16)}\r\n${word}\r\n`;
    await client.send(chunk);
    expected += chunk;
    await client.until((bytes) => textOf(bytes).endsWith(expected), PATIENCE);
  }
  await client.send("0\r\n\r\n" + request("GET /"));
  const got = textOf(await client.until((bytes) => /HTTP[^]*HTTP[^]*\r\n\r\n/.test(textOf(bytes))));
  assert(got.includes(`${expected}0\r\n\r\nHTTP/1.1 200 OK\r\n`));
});

test("A body that is to be sent back and is malformed cuts the answer, and is no fault", async () => {
  await using server = webServer((asked) => new Response(asked.body));
  using client = await server.connect();
  await client.send(request("POST /", "Transfer-Encoding: chunked\r\n", "1\r\na\r\n"));
  await client.until((bytes) => textOf(bytes).endsWith("1\r\na\r\n"), PATIENCE);
  await client.send("zz\r\n" + request("GET /never"));
  assertEquals(textOf(await client.readAll()).split("\r\n\r\n")[1], "1\r\na\r\n");
});

test("A body that is to be sent back and stops coming cuts the answer at the deadline", async () => {
  await using server = webServer((asked) => new Response(asked.body), { bodyTimeout: 100 });
  using client = await server.connect();
  await client.send(request("POST /", "Content-Length: 9\r\n", "a"));
  assertEquals(textOf(await client.readAll()).split("\r\n\r\n")[1], "1\r\na\r\n");
});

test("A head leaves before the first part of a body is there", async () => {
  const first = Promise.withResolvers<void>();
  await using server = webServer(() =>
    new Response(ReadableStream.from((async function* () {
      await first.promise;
      yield new Uint8Array(1);
    })()))
  );
  using client = await server.connect();
  await client.send(request("GET /"));
  await client.until((bytes) => textOf(bytes).endsWith("\r\n\r\n"));
  first.resolve();
  await client.until((bytes) => textOf(bytes).endsWith("0\r\n\r\n"));
});

/** Clients that are slow or silent, while they send a request and while they read an answer. */
import { assertEquals } from "@std/assert";
import { answers, hasAnswers, statuses } from "../tools/answers.ts";
import { textOf } from "../tools/raw.ts";
import { ResettingClient } from "../tools/reset.ts";
import { TestServer } from "../tools/server.ts";
import type { Handle } from "../../lib/net/connection.ts";
import { test } from "../tools/way.ts";

const POST = "POST /read HTTP/1.1\r\nHost: a\r\n";

const handle: Handle = async (asked) => {
  if (asked.target === "/read") await asked.body();
  return { status: 200 };
};

test("Connection answers 408 where a head was begun and did not end in time (RFC 9110, 15.5.9)", async () => {
  await using server = new TestServer(handle, { handshakeTimeout: 150 });
  for (const sent of ["G", "GET / HTTP/1.1\r\nHost: a\r\n", "GET / HTTP/1.1\r\nHost: a\r\n\r"]) {
    using client = await server.connect();
    await client.send(sent);
    const [answer] = answers(await client.readAll());
    assertEquals([answer?.status, answer?.headers.get("connection")], [408, "close"]);
    assertEquals(client.ended, "FIN");
  }
});

test("Connection answers 408 to a head that drips, whole deadline for a whole head", async () => {
  await using server = new TestServer(handle, { handshakeTimeout: 100 });
  using client = await server.connect();
  const ended = client.readAll();
  const head = `GET / HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(4000)}`;
  for (let at = 0; client.ended === undefined && at < head.length; at++) {
    await client.send(head[at]!);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assertEquals(statuses(await ended), [408]);
});

test("Connection closes a silent client without a word, before a request and after one", async () => {
  await using server = new TestServer(handle, { handshakeTimeout: 150 });
  using silent = await server.connect();
  assertEquals(textOf(await silent.readAll()), "");
  assertEquals(silent.ended, "FIN");
  using kept = await server.connect();
  await kept.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  assertEquals(statuses(await kept.readAll()), [200]);
  assertEquals(kept.ended, "FIN");
});

test("Connection answers 408 where a body does not end in time", async () => {
  await using server = new TestServer(handle, { bodyTimeout: 40 });
  for (
    const rest of [
      "Content-Length: 5\r\n\r\n",
      "Content-Length: 5\r\n\r\nhell",
      "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
    ]
  ) {
    using client = await server.connect();
    await client.send(POST + rest);
    assertEquals(statuses(await client.readAll()), [408]);
  }
});

test("Connection answers 408 where a body that nobody reads does not end in time", async () => {
  await using server = new TestServer(handle, { bodyTimeout: 40 });
  using client = await server.connect();
  await client.send("POST /unread HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhell");
  assertEquals(statuses(await client.readAll()), [408]);
});

test("Connection says one thing to a client that ends its side after the 408", async () => {
  await using server = new TestServer(handle, { bodyTimeout: 40 });
  using client = await server.connect();
  await client.send(POST + "Content-Length: 5\r\n\r\n");
  await client.until(hasAnswers(1));
  await client.end();
  assertEquals(statuses(await client.readAll()), [408]);
});

test("Connection says nothing after the 408, also where the handler answers all the same", async () => {
  await using server = new TestServer(async (asked) => {
    await asked.body().catch(() => {});
    return { status: 200 };
  }, { bodyTimeout: 40 });
  using client = await server.connect();
  await client.send(POST + "Content-Length: 5\r\n\r\n");
  await client.until(hasAnswers(1));
  await client.end();
  assertEquals(statuses(await client.readAll()), [408]);
  await server.shrunk();
});

test("Connection drops a client that does not read a large answer", async () => {
  const body = new Uint8Array(32 << 20);
  await using server = new TestServer(() => ({ status: 200, body }), { writeTimeout: 40 });
  using client = await server.connect();
  await client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await client.until((received) => received.length > 0);
  await server.shrunk();
});

test("Connection takes all the time it needs to answer", async () => {
  const settings = { handshakeTimeout: 40, bodyTimeout: 40, writeTimeout: 40 };
  let ticks = 0;
  await using server = new TestServer(async () => {
    for (; ticks < 20; ticks++) await new Promise((resolve) => setTimeout(resolve, 10));
    return { status: 200 };
  }, settings);
  using client = await server.connect();
  await client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  assertEquals(statuses(await client.until(hasAnswers(1))), [200]);
});

test("Connection takes an RST for a normal end, whatever was under way", async () => {
  const asked = Promise.withResolvers<void>();
  const body = new Uint8Array(32 << 20);
  await using server = new TestServer(async (request) => {
    if (request.hasBody) await request.body();
    asked.resolve();
    return { status: 200, body };
  });
  for (const sent of ["", "GET / HT", POST + "Content-Length: 5\r\n\r\nhell"]) {
    const client = await ResettingClient.connect(server.server.addr);
    await client.send(sent);
    await client.reset();
  }
  const reader = await ResettingClient.connect(server.server.addr);
  await reader.send(POST + "Content-Length: 5\r\n\r\nhello");
  await asked.promise;
  await reader.reset();
  await server.shrunk();
  assertEquals(server.takeFaults(), []);
});

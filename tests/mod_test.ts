import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { RawClient, textOf } from "./tools/raw.ts";
import { HANDSHAKE } from "./tools/websocket.ts";
import { serve, type ServeOptions, type ServerSocket } from "../lib/mod.ts";

function testServer(options: ServeOptions) {
  const server = serve({ port: 0, ...options });
  return { ...server, [Symbol.asyncDispose]: () => server.shutdown(1000) };
}

function next(client: WebSocket): Promise<MessageEvent> {
  return new Promise((resolve) => client.onmessage = resolve);
}

function end(client: WebSocket): Promise<CloseEvent> {
  return new Promise((resolve) => client.onclose = resolve);
}

Deno.test("serve() tells of open, messages and the end", async () => {
  const told: unknown[] = [];
  const gone = Promise.withResolvers<void>();
  await using server = testServer({
    protocols: ["b", "a"],
    open: (socket, request) => told.push("open", socket.protocol, request.target, socket.open),
    message: (socket, data) => {
      told.push(data);
      socket.send(data);
    },
    close: (_socket, code, reason) => {
      told.push(code, reason);
      gone.resolve();
    },
  });
  const client = new WebSocket(server.url + "x?y", ["a", "b"]);
  client.binaryType = "arraybuffer";
  await new Promise((resolve) => client.onopen = resolve);
  assertEquals(client.protocol, "a");
  client.send("hé");
  assertEquals((await next(client)).data, "hé");
  client.send(new Uint8Array([1, 2]));
  assertEquals(new Uint8Array((await next(client)).data), new Uint8Array([1, 2]));
  client.close(4000, "bye");
  await end(client);
  await gone.promise;
  assertEquals(told, ["open", "a", "/x?y", true, "hé", new Uint8Array([1, 2]), 4000, "bye"]);
});

Deno.test("serve() takes a body of no bytes for none", async () => {
  await using server = testServer({});
  const statusOf = async (fields: string) => {
    using client = await RawClient.connect({ transport: "tcp", hostname: "", port: server.port });
    await client.send(HANDSHAKE.replace("\r\n\r\n", `\r\n${fields}\r\n\r\n`));
    return textOf(await client.until((bytes) => bytes.includes(10))).slice(9, 12);
  };
  assertEquals(await statusOf("Content-Length: 0"), "101");
  assertEquals(await statusOf("Content-Length: 1"), "400");
  assertEquals(await statusOf("Transfer-Encoding: chunked"), "400");
});

Deno.test("serve() keeps binary messages apart: each is its owner's to keep", async () => {
  const kept: Uint8Array[] = [];
  const both = Promise.withResolvers<void>();
  await using server = testServer({
    message: (_socket, data) => {
      assert(typeof data !== "string");
      kept.push(data);
      if (kept.length === 2) both.resolve();
    },
  });
  const client = new WebSocket(server.url);
  await new Promise((resolve) => client.onopen = resolve);
  client.send(new Uint8Array([1]));
  client.send(new Uint8Array([2]));
  await both.promise;
  assertEquals(kept, [new Uint8Array([1]), new Uint8Array([2])]);
  client.close();
  await end(client);
});

for (const kind of ["throws", "rejects"]) {
  for (const where of ["open", "message"] as const) {
    Deno.test(`a handler of ${where} that ${kind} ends its connection with 1011, and no other`, async () => {
      const errors: unknown[] = [];
      const faulty = (socket: ServerSocket) => {
        if (socket.protocol !== "bad") return;
        if (kind === "throws") throw new Error("oops");
        return Promise.reject(new Error("oops"));
      };
      await using server = testServer({
        protocols: ["bad", "good"],
        [where]: faulty,
        error: (error) => errors.push(error),
      });
      const good = new WebSocket(server.url, "good");
      await new Promise((resolve) => good.onopen = resolve);
      const bad = new WebSocket(server.url, "bad");
      const ended = end(bad);
      bad.onopen = () => bad.send("x");
      assertEquals((await ended).code, 1011);
      assertEquals(errors.map(String), ["Error: oops"]);
      assertEquals(good.readyState, WebSocket.OPEN);
      good.close();
      await end(good);
    });
  }
}

Deno.test("serve() asks before it accepts, and answers other requests as it is told", async () => {
  await using server = testServer({
    request: ({ target, headers, peer }) => {
      if (target === "/page") return { status: 200, body: `hello ${peer.hostname}` };
      if (headers.get("cookie") !== "let=me-in") return { status: 401 };
      return undefined;
    },
  });
  const http = server.url.replace("ws", "http");
  assertEquals(await (await fetch(http + "page")).text(), "hello 127.0.0.1");
  const refused = new WebSocket(server.url);
  refused.onerror = (event) => event.preventDefault();
  assertEquals((await end(refused)).wasClean, false);
  const plain = await fetch(http, { headers: { cookie: "let=me-in" } });
  assertMatch(await plain.text(), /a WebSocket is here/);
  assertEquals([plain.status, plain.headers.get("upgrade")], [426, "websocket"]);
});

Deno.test("serve() refuses pages of other origins, but for those it is told of", async () => {
  await using server = testServer({ origins: ["https://friend.example"] });
  for (const [origin, status] of [["https://friend.example", 101], ["https://evil.example", 403]]) {
    using conn = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
    await conn.write(new TextEncoder().encode(
      `GET / HTTP/1.1\r\nHost: localhost\r\nOrigin: ${origin}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    ));
    const buffer = new Uint8Array(512);
    await conn.read(buffer);
    assertMatch(new TextDecoder().decode(buffer), new RegExp(`^HTTP/1.1 ${status} `));
  }
});

Deno.test("serve() refuses a handshake with a bad key or a body", async () => {
  await using server = testServer({});
  for (const field of ["Sec-WebSocket-Key: short", "Content-Length: 3"]) {
    using conn = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
    await conn.write(new TextEncoder().encode(
      "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
        `Sec-WebSocket-Version: 13\r\n${field}\r\n\r\n`,
    ));
    assertMatch(await new Response(conn.readable).text(), /^HTTP\/1.1 400 /);
  }
});

Deno.test("serve() throws where the port is taken", async () => {
  await using server = testServer({});
  assertThrows(() => serve({ port: server.port }), Deno.errors.AddrInUse);
});

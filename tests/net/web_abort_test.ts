/** Clients that go away: who is told, and what is not a fault. */
import { assertEquals } from "@std/assert";
import type { Server } from "../../lib/net/listener.ts";
import { webHandle } from "../../lib/net/web.ts";
import { acceptHandshake } from "../../lib/websocket/handshake.ts";
import { answers, hasAnswers } from "../tools/answers.ts";
import { clientFrame } from "../tools/frames.ts";
import { bytesOf, RawClient, textOf, within } from "../tools/raw.ts";
import { ResettingClient } from "../tools/reset.ts";
import { TestServer } from "../tools/server.ts";
import { test } from "../tools/way.ts";
import { HANDSHAKE } from "../tools/websocket.ts";
import { request, webServer } from "../tools/web.ts";

/** How long something may take that is waited for, in ms. */
const PATIENCE = 20_000;

/** How a client that has sent something goes away. */
const leaves: Record<string, (server: Server, sent: string) => Promise<() => Promise<unknown>>> = {
  "ends its side": async ({ addr }, sent) => {
    const client = await RawClient.connect(addr);
    await client.send(sent);
    return async () => {
      await client.end();
      await client.readAll(PATIENCE);
      client.close();
    };
  },
  "closes": async ({ addr }, sent) => {
    const client = await RawClient.connect(addr);
    await client.send(sent);
    return () => Promise.resolve(client.close());
  },
  "resets": async ({ addr }, sent) => {
    const client = await ResettingClient.connect(addr);
    await client.send(sent);
    return () => client.reset();
  },
};

for (const [how, begin] of Object.entries(leaves)) {
  test(`Request.signal aborts while the program thinks, where the client ${how}`, async () => {
    const asked = Promise.withResolvers<void>(), aborted = Promise.withResolvers<unknown>();
    await using server = webServer(({ signal }) => {
      const { promise, reject } = Promise.withResolvers<Response>();
      signal.addEventListener("abort", () => {
        aborted.resolve(signal.reason);
        reject(signal.reason);
      });
      asked.resolve();
      return promise;
    });
    const leave = await begin(server.server, request("GET /"));
    await asked.promise;
    await leave();
    const reason = await within(PATIENCE, "abort", aborted.promise) as DOMException;
    assertEquals([reason.name, reason.message], ["AbortError", "the client has gone away"]);
    // That the program gives up then is no fault.
    await server.shrunk(0, PATIENCE);
    assertEquals(server.takeFaults(), []);
  });

  test(`Request.signal aborts while a body is made and says nothing, where the client ${how}`, async () => {
    const cancelled = Promise.withResolvers<void>(), aborted = Promise.withResolvers<void>();
    await using server = webServer(({ signal }) => {
      signal.addEventListener("abort", () => aborted.resolve());
      return new Response(new ReadableStream({ cancel: () => cancelled.resolve() }));
    }, { writeTimeout: 200 });
    const client = await RawClient.connect(server.server.addr);
    await client.send(request("GET /"));
    await client.until((bytes) => textOf(bytes).endsWith("\r\n\r\n"));
    client.close();
    await within(PATIENCE, "abort", aborted.promise);
    await within(PATIENCE, "cancel", cancelled.promise);
    const leave = await begin(server.server, request("GET /"));
    await leave();
    await server.shrunk(0, PATIENCE);
  });

  test(`A body that is being read fails where the client ${how}, and is no fault`, async () => {
    const failed = Promise.withResolvers<Error>(), asked = Promise.withResolvers<void>();
    await using server = webServer(async (got) => {
      const reading = got.text();
      asked.resolve();
      try {
        return new Response(await reading);
      } catch (error) {
        failed.resolve(error as Error);
        throw error;
      }
    });
    const leave = await begin(server.server, request("POST /", "Content-Length: 9\r\n", "some"));
    await asked.promise;
    await leave();
    await within(PATIENCE, "failing", failed.promise);
    await server.shrunk(0, PATIENCE);
    assertEquals(server.takeFaults(), []);
  });
}

test("A client that has ended its side still gets its answer, whole or in parts", async () => {
  const go = Promise.withResolvers<void>();
  await using server = webServer(({ url, signal }) => {
    const { promise, resolve } = Promise.withResolvers<Response>();
    signal.addEventListener("abort", () => {
      if (url.endsWith("/whole")) return resolve(new Response("whole"));
      const parts = async function* () {
        for (const part of ["a", "b", "c"]) {
          await go.promise;
          yield bytesOf(part);
        }
      };
      resolve(new Response(ReadableStream.from(parts())));
    });
    return promise;
  });
  for (
    const [path, body] of [["/whole", "whole"], [
      "/parts",
      "1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n",
    ]]
  ) {
    using client = await server.connect();
    await client.send(request(`GET ${path}`));
    await client.end();
    if (path === "/parts") await client.until((bytes) => textOf(bytes).endsWith("\r\n\r\n"));
    go.resolve();
    const got = textOf(await client.readAll(PATIENCE));
    assertEquals(got.slice(got.indexOf("\r\n\r\n") + 4), body);
    assertEquals(client.ended, "FIN");
  }
});

test("Request.signal does not abort where the request is answered, and requests behind it are", async () => {
  const signals: AbortSignal[] = [];
  await using server = webServer(async ({ url, signal, body }) => {
    signals.push(signal);
    await new Promise((resolve) => setTimeout(resolve, 5));
    assertEquals(body === null, !url.endsWith("/2"));
    return new Response(new URL(url).pathname);
  });
  using client = await server.connect();
  await client.send(request("GET /1") + request("POST /2", "Content-Length: 5\r\n", "hel"));
  await client.until(hasAnswers(1));
  await client.send("lo" + request("GET /3"));
  await client.until(hasAnswers(3));
  await client.send(request("GET /4"));
  const list = answers(await client.until(hasAnswers(4)));
  assertEquals(list.map(({ body }) => body), ["/1", "/2", "/3", "/4"]);
  client.close();
  await server.shrunk(0, PATIENCE);
  assertEquals(signals.map(({ aborted }) => aborted), [false, false, false, false]);
});

test("Much that comes behind a request is not read while that is being answered", async () => {
  const asked = Promise.withResolvers<void>(), go = Promise.withResolvers<void>();
  await using server = webServer(async ({ signal, method }) => {
    if (method === "GET") return new Response("get");
    asked.resolve();
    await go.promise;
    return new Response(String(signal.aborted));
  });
  using client = await server.connect();
  await client.send(request("DELETE /"));
  await asked.promise;
  await client.send(request("GET /").repeat(1000));
  go.resolve();
  const got = answers(await client.until(hasAnswers(1001), PATIENCE));
  assertEquals(got.slice(0, 2).map(({ body }) => body), ["false", "get"]);
});

test("Shutting down drops what has not ended by then: signals abort, bodies are cancelled", async () => {
  const cancelled = Promise.withResolvers<void>(), aborted = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>(), late = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  const server = webServer(async ({ url, signal }) => {
    if (url.endsWith("/stream")) {
      return new Response(new ReadableStream({ cancel: () => cancelled.resolve() }));
    }
    signal.addEventListener("abort", () => aborted.resolve());
    asked.resolve();
    await go.promise;
    return new Response(new ReadableStream({ cancel: () => late.resolve() }));
  });
  using stream = await server.connect();
  await stream.send(request("GET /stream"));
  await stream.until((bytes) => textOf(bytes).endsWith("\r\n\r\n"));
  using thinking = await server.connect();
  await thinking.send(request("GET /think"));
  await asked.promise;
  await within(PATIENCE, "shutdown", server.server.shutdown(50));
  await within(PATIENCE, "cancel", cancelled.promise);
  await within(PATIENCE, "abort", aborted.promise);
  // What is answered to nobody is not made either.
  go.resolve();
  await within(PATIENCE, "cancel", late.promise);
  await server[Symbol.asyncDispose]();
});

test("A body that cannot be cancelled is told as a fault, once", async () => {
  await using server = webServer(() =>
    new Response(
      new ReadableStream({
        cancel() {
          throw new Error("will not stop");
        },
      }),
    ), { writeTimeout: 100 });
  using client = await server.connect();
  await client.send(request("GET /"));
  await client.until((bytes) => textOf(bytes).endsWith("\r\n\r\n"));
  client.close();
  await server.shrunk(0, PATIENCE);
  assertEquals(server.takeFaults(), ["will not stop"]);
});

test("Shutting down waits for what is being answered, and ends its connection then", async () => {
  const asked = Promise.withResolvers<void>(), go = Promise.withResolvers<void>();
  const server = webServer(() => {
    asked.resolve();
    return new Response(ReadableStream.from((async function* () {
      await go.promise;
      yield bytesOf("done");
    })()));
  });
  using client = await server.connect();
  await client.send(request("GET /") + request("GET /never"));
  await asked.promise;
  const shutdown = server.server.shutdown(PATIENCE);
  go.resolve();
  const got = textOf(await client.readAll(PATIENCE));
  assertEquals(got.split("\r\n\r\n").slice(1), ["4\r\ndone\r\n0", ""]);
  await shutdown;
  await server[Symbol.asyncDispose]();
});

test("A connection whose client is being watched can become a WebSocket", async () => {
  const handle = webHandle(() => new Response(), () => {});
  await using server = new TestServer(async (exchange) => {
    exchange.watch(() => {});
    const upgrade = acceptHandshake(exchange);
    if (!upgrade.accepted) return await handle(exchange);
    return {
      upgrade,
      handler: { message: (socket, payload, opcode) => void socket.send(payload, opcode) },
    };
  });
  using client = await server.connect();
  await client.send(HANDSHAKE);
  await client.until((bytes) => textOf(bytes).endsWith("\r\n\r\n"));
  await client.send(clientFrame(0x82, bytesOf("hi")));
  await client.until((bytes) => textOf(bytes).endsWith("\x82\x02hi"));
});

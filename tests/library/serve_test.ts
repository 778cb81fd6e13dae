/** What `serve()` listens on, whom it accepts, and what else it answers. */
import { assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { Hono } from "hono";
import WS from "ws";
import { ListenError, serve } from "../../lib/mod.ts";
import { CA, makePair } from "../tools/certificates.ts";
import { noise } from "../tools/bytes.ts";
import { clientFrame } from "../tools/frames.ts";
import { Heard, Once, testServer } from "../tools/library.ts";
import { join, RawClient } from "../tools/raw.ts";
import { HANDSHAKE } from "../tools/websocket.ts";

const http = (url: string) => url.replace("ws", "http");

Deno.test("a Hono application and WebSockets share one port", async () => {
  const app = new Hono();
  app.get("/hello/:name", (c) => c.text(`hello ${c.req.param("name")}`));
  app.post("/double", async (c) => c.json({ twice: 2 * (await c.req.json()).n }));
  app.get("/count", (c) => {
    const parts = ["1\n", "2\n", "3\n"];
    return c.body(
      new ReadableStream({
        pull(controller) {
          const part = parts.shift();
          if (part === undefined) controller.close();
          else controller.enqueue(new TextEncoder().encode(part));
        },
      }),
    );
  });
  app.get("/broken", () => {
    throw new Error("oops");
  });
  app.onError((_, c) => c.text("ours", 500));
  await using server = testServer({
    fetch: app.fetch,
    message: (socket, data) => void socket.send(`you said ${data}`),
  });
  const url = http(server.url);
  assertEquals(await (await fetch(url + "hello/ann")).text(), "hello ann");
  const doubled = await fetch(url + "double", { method: "POST", body: '{"n":21}' });
  assertEquals(await doubled.json(), { twice: 42 });
  assertEquals(await (await fetch(url + "count")).text(), "1\n2\n3\n");
  assertEquals(await (await fetch(url + "broken")).text(), "ours");
  const missing = await fetch(url + "nowhere");
  assertEquals([missing.status, await missing.text()], [404, "404 Not Found"]);
  await using heard = await Heard.open(server.url);
  heard.client.send("hi");
  assertEquals(await heard.next(), "you said hi");
  const other = new WS(server.url), said = new Once<string>(), ended = new Once();
  other.on("open", () => other.send("hey"));
  other.on("message", (data: Uint8Array) => said.come(new TextDecoder().decode(data)));
  other.on("close", () => ended.come());
  assertEquals(await said.value, "you said hey");
  other.close();
  await ended.value;
});

Deno.test("a fetch that throws is answered by 500, and told", async () => {
  const errors: string[] = [];
  await using server = testServer({
    fetch: () => {
      throw new Error("oops");
    },
    error: (error) => errors.push(String(error)),
  });
  const answer = await fetch(http(server.url));
  assertEquals([answer.status, await answer.text()], [500, "internal error\n"]);
  assertEquals(errors, ["Error: oops"]);
});

Deno.test("upgrade is asked with a web request, and gives data, a subprotocol and fields", async () => {
  await using server = testServer({
    async upgrade(request, { peer }) {
      await Promise.resolve();
      const { pathname, searchParams } = new URL(request.url);
      return {
        data: [request.method, pathname, searchParams.get("a"), peer.hostname],
        protocol: "second",
        headers: { "Set-Cookie": "room=1", "X-Powered-By": "echoes" },
      };
    },
    open: (socket) => void socket.send(JSON.stringify([socket.data, socket.protocol])),
  });
  const client = new WS(server.url + "x?a=b", ["first", "second"]);
  const fields = new Once<unknown>(), said = new Once<string>(), ended = new Once();
  client.on("upgrade", ({ headers }: { headers: Record<string, string> }) => {
    fields.come([headers["set-cookie"], headers["x-powered-by"]]);
  });
  client.on("message", (data: Uint8Array) => said.come(new TextDecoder().decode(data)));
  client.on("close", () => ended.come());
  assertEquals(JSON.parse(await said.value), [["GET", "/x", "b", "127.0.0.1"], "second"]);
  assertEquals(await fields.value, [["room=1"], "echoes"]);
  assertEquals(client.protocol, "second");
  client.close();
  await ended.value;
});

Deno.test("a WebSocket works whose upgrade has looked at its request's signal", async () => {
  await using server = testServer({
    async upgrade({ signal }) {
      signal.addEventListener("abort", () => {});
      await new Promise((resolve) => setImmediate(resolve));
      return { data: signal };
    },
    message: (socket, data) => void socket.send(`${data} ${socket.data.aborted}`),
  });
  await using heard = await Heard.open(server.url);
  for (const text of ["a", "b"]) {
    heard.client.send(text);
    assertEquals(await heard.next(), `${text} false`);
  }
});

Deno.test("what comes while upgrade is asked, and its request's signal looked at, is not lost", async () => {
  const asked = new Once(), go = new Once();
  await using server = testServer({
    async upgrade({ signal }) {
      signal.addEventListener("abort", () => {});
      asked.come();
      await go.value;
    },
    message: (socket, data) => void socket.send(data),
  });
  const addr = { transport: "tcp", hostname: "127.0.0.1", port: server.port } as const;
  const payloads = [noise(30_000), noise(10), noise(70_000)];
  using raw = await RawClient.connect(addr);
  await raw.send(join(HANDSHAKE, clientFrame(0x82, payloads[0]!)));
  await asked.value;
  await raw.send(clientFrame(0x82, payloads[1]!));
  go.come();
  await raw.send(clientFrame(0x82, payloads[2]!));
  await raw.until((bytes) => bytes.length >= 100_010 + 129 + 4 + 2 + 10);
  const frames = raw.received.subarray(raw.received.findIndex((byte) => byte === 0x82));
  const expected = [
    [0x82, 126, 30_000 >> 8, 30_000 & 255],
    [0x82, 10],
    [0x82, 127, 0, 0, 0, 0, 0, 70_000 >> 16, 70_000 >> 8 & 255, 70_000 & 255],
  ].map((head, i) => join(Uint8Array.from(head), payloads[i]!));
  assertEquals(frames, join(...expected));
});

/** What is answered to a handshake. */
function answerTo(url: string, protocols: string[] = [], headers: Record<string, string> = {}) {
  const answer = new Once<[status: number, body: string]>();
  const client = new WS(url, protocols, { headers });
  client.on("upgrade", () => {
    answer.come([101, ""]);
    client.terminate();
  });
  client.on("error", () => {});
  client.on("unexpected-response", async (_: unknown, response: AsyncIterable<Uint8Array>) => {
    let body = "";
    for await (const part of response) body += new TextDecoder().decode(part);
    answer.come([(response as unknown as { statusCode: number }).statusCode, body]);
  });
  return answer.value;
}

Deno.test("upgrade refuses by a response", async () => {
  await using server = testServer({
    upgrade: ({ headers }) =>
      headers.has("authorization") ? undefined : Response.json({ why: "who?" }, { status: 401 }),
  });
  assertEquals(await answerTo(server.url), [401, '{"why":"who?"}']);
  assertEquals(await answerTo(server.url, [], { Authorization: "Bearer x" }), [101, ""]);
});

for (
  const [what, upgrade, protocols, says] of [
    ["what accepts nothing", () => 5, [], "upgrade must return { data?, protocol?, headers? }"],
    [
      "a subprotocol that the client does not offer",
      () => ({ protocol: "b" }),
      ["a"],
      'the client does not offer the subprotocol "b"',
    ],
    [
      "a field of the handshake's own",
      () => ({ headers: { "Sec-WebSocket-Accept": "x" } }),
      [],
      "upgrade must not return the field sec-websocket-accept",
    ],
    ["an error", () => Promise.reject(new Error("oops")), [], "oops"],
  ] as const
) {
  Deno.test(`upgrade that gives ${what} is told so, and answered by 500`, async () => {
    const errors: string[] = [];
    await using server = testServer({
      upgrade: upgrade as unknown as () => undefined,
      error: (error) => errors.push(String(error)),
    });
    assertEquals(await answerTo(server.url, [...protocols]), [500, "internal error\n"]);
    assertEquals(errors.length, 1);
    assertEquals(errors[0]!.includes(says), true, errors[0]);
  });
}

Deno.test("a subprotocol may also be chosen by the field, as elsewhere", async () => {
  await using server = testServer({
    protocols: ["a"],
    upgrade: () => ({ headers: { "Sec-WebSocket-Protocol": "b" } }),
    open: (socket) => void socket.send(socket.protocol),
  });
  await using heard = await Heard.open(server.url, ["a", "b"]);
  assertEquals([heard.client.protocol, await heard.next()], ["b", "b"]);
});

Deno.test("a page of another origin is refused before upgrade is asked", async () => {
  let asked = 0;
  await using server = testServer({ upgrade: () => void asked++ });
  const [status] = await answerTo(server.url, [], { Origin: "https://evil.example" });
  assertEquals([status, asked], [403, 0]);
});

Deno.test("tls speaks wss and https, and takes another certificate without an end", async () => {
  const [first, second] = [await makePair(), await makePair()];
  await using server = testServer({
    tls: first,
    fetch: (request) => new Response(request.url),
    message: (socket, data) => void socket.send(data),
  });
  const { port } = server;
  assertEquals(server.url, `wss://127.0.0.1:${port}/`);
  const serials: string[] = [];
  const connect = async () => {
    const client = new WS(`wss://localhost:${port}/`, { ca: CA }), opened = new Once();
    client.on(
      "upgrade",
      (response: { socket: { getPeerCertificate(): { serialNumber: string } } }) => {
        serials.push(response.socket.getPeerCertificate().serialNumber);
      },
    );
    client.on("open", () => opened.come());
    await opened.value;
    return client;
  };
  const echoed = async (client: WS) => {
    const said = new Once<string>();
    client.once("message", (data: Uint8Array) => said.come(new TextDecoder().decode(data)));
    client.send("hi");
    assertEquals(await said.value, "hi");
  };
  const before = await connect();
  server.setSecureContext(second);
  assertThrows(() => server.setSecureContext({ ...first, key: second.key }), ListenError);
  const after = await connect();
  for (const client of [before, after]) await echoed(client);
  assertEquals(new Set(serials).size, 2);
  const pages = Deno.createHttpClient({ caCerts: [CA] });
  const page = await fetch(`https://localhost:${port}/page`, { client: pages });
  assertEquals(await page.text(), `https://localhost:${port}/page`);
  pages.close();
  for (const client of [before, after]) {
    const ended = new Once();
    client.on("close", () => ended.come());
    client.close();
    await ended.value;
  }
});

Deno.test("a certificate and a key that do not belong together are refused at once", async () => {
  const [a, b] = [await makePair(), await makePair()];
  assertThrows(() => serve({ port: 0, tls: { cert: a.cert, key: b.key } }), ListenError);
  await using server = testServer({});
  assertThrows(() => server.setSecureContext(a), TypeError, "not begun with tls");
});

Deno.test("a Unix socket takes the port's place, is told where it is, and is gone at the end", async () => {
  const folder = await Deno.makeTempDir(), path = `${folder}/socket`;
  const listening = new Once<Deno.Addr>();
  const server = serve({
    unix: path,
    onListen: listening.come,
    message: (socket, data) => void socket.send(`${data} ${socket.remoteAddress}.`),
  });
  assertEquals([server.url, server.port], [`unix:${path}`, 0]);
  assertEquals(await listening.value, { transport: "unix", path });
  const client = new WS(`ws+unix:${path}:/`), said = new Once<string>();
  client.on("open", () => client.send("hi"));
  client.on("message", (data: Uint8Array) => said.come(new TextDecoder().decode(data)));
  assertEquals(await said.value, "hi .");
  const ended = new Once<number>();
  client.on("close", ended.come);
  await server.shutdown();
  assertEquals(await ended.value, 1001);
  await assertRejects(() => Deno.stat(path), Deno.errors.NotFound);
  await Deno.remove(folder);
});

Deno.test("a Unix socket that cannot be had ends the server with why", async () => {
  const server = serve({ unix: "/nowhere/at/all/socket" });
  const error = await assertRejects(() => server.finished, ListenError);
  assertMatch(error.message, /cannot listen on \/nowhere\/at\/all\/socket/);
});

Deno.test("a server whose Unix socket cannot be had gives its port up, too", async () => {
  const errors: unknown[] = [];
  const server = serve({
    port: 0,
    unix: "/nowhere/at/all/socket",
    onListen: () => Promise.reject(new Error("oops")),
    error: (error) => errors.push(String(error)),
  });
  await assertRejects(() => server.finished, ListenError);
  await serve({ port: server.port, signal: AbortSignal.abort() }).finished;
  assertEquals(errors, ["Error: oops"]);
});

Deno.test("a signal shuts the server down, and so does the end of its scope", async () => {
  const stop = new AbortController(), codes: number[] = [];
  const server = testServer({ signal: stop.signal, close: (_, code) => codes.push(code) });
  const first = await Heard.open(server.url);
  stop.abort();
  assertEquals((await first.ended).code, 1001);
  await server.finished;
  let second: Heard;
  {
    await using scoped = testServer({ close: (_, code) => codes.push(code) });
    second = await Heard.open(scoped.url);
  }
  assertEquals((await second.ended).code, 1001);
  assertEquals(codes, [1001, 1001]);
  await testServer({ signal: AbortSignal.abort() }).finished;
});

Deno.test("who stands behind a proxy that is believed is told apart, and counted", async () => {
  const statuses = [];
  await using server = testServer({
    trustProxy: ["127.0.0.1"],
    maxPerAddress: 2,
    fetch: (_, { peer }) => new Response(peer.hostname),
  });
  const held: WS[] = [];
  for (let i = 0; i < 2; i++) {
    const client = new WS(server.url, { headers: { "X-Forwarded-For": "192.0.2.1" } });
    const opened = new Once();
    client.on("open", () => opened.come());
    await opened.value;
    held.push(client);
  }
  for (const from of ["192.0.2.1", "192.0.2.2"]) {
    const answer = await fetch(http(server.url), { headers: { "X-Forwarded-For": from } });
    statuses.push(answer.status, (await answer.text()).slice(0, 20));
  }
  assertEquals(statuses, [429, "too many connections", 200, "192.0.2.2"]);
  for (const client of held) client.terminate();
});

for (
  const [options, error, says] of [
    [{ trustProxy: ["nobody"] }, TypeError, "trustProxy must be on, off, or addresses"],
    [{ engine: "redis:" }, TypeError, "engine must be memory, sqlite:FILE or nats://"],
    [{ tls: { cert: "x" } }, TypeError, "tls must be { cert, key }, both PEM"],
  ] as const
) {
  Deno.test(`serve() refuses a wrong ${Object.keys(options)[0]}, and listens on nothing then`, () => {
    assertThrows(() => serve({ port: 0, ...options } as Parameters<typeof serve>[0]), error, says);
  });
}

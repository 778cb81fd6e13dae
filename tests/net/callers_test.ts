/** How many connections an address may have, and what the one too many is told. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { OwnAddresses } from "../../lib/net/addresses.ts";
import { Callers, type Proxies } from "../../lib/net/callers.ts";
import { type Answer, answers, hasAnswers, statuses } from "../tools/answers.ts";
import type { RawClient } from "../tools/raw.ts";
import { TestServer, webSocket } from "../tools/server.ts";
import { test } from "../tools/way.ts";
import { HANDSHAKE, WebSocketClient } from "../tools/websocket.ts";

const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const VITAL = "GET /vital HTTP/1.1\r\nHost: a\r\n\r\n";

/** Where the next connections come from, as the server sees it. */
class Elsewhere {
  hostname = "192.0.2.1";

  listen(): Deno.TcpListener {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const accept = listener.accept.bind(listener);
    listener.accept = async () => {
      const conn = await accept();
      const { port } = conn.remoteAddr;
      const value = { transport: "tcp", hostname: this.hostname, port };
      return Object.defineProperty(conn, "remoteAddr", { value });
    };
    return listener;
  }
}

const proxies: Proxies = {
  believes: ({ hostname }) => hostname === "10.0.0.1",
  client: ({ headers }, peer) => {
    const hostname = headers.get("x-forwarded-for");
    return hostname === undefined ? peer : { hostname, port: 0 };
  },
  exempt: ({ hostname }) => hostname === "127.0.0.1" || hostname === "10.0.0.1",
};

/** A server where each address may have two connections. */
function serverOf(elsewhere: Elsewhere, handle = webSocket({})): TestServer {
  const callers = new Callers(2, new OwnAddresses(), proxies);
  const vital = ({ target }: { target: string }) => target === "/vital";
  return new TestServer(
    (request) => request.target === "/chat" ? handle(request) : { status: 200 },
    {},
    elsewhere.listen(),
    vital,
    { callers },
  );
}

async function ask(client: RawClient, request: string): Promise<Answer> {
  await client.send(request);
  const [answer] = answers(await client.until(hasAnswers(1)));
  client.take(client.received.length);
  return answer!;
}

test("Server serves as many connections of an address as it may have; one more is told why it is not", async () => {
  const elsewhere = new Elsewhere();
  await using server = serverOf(elsewhere);
  using first = await WebSocketClient.open(server);
  using second = await server.connect();
  assertEquals((await ask(second, GET)).status, 200);
  for (const request of [GET, HANDSHAKE]) {
    using third = await server.connect();
    const { status, headers, body } = await ask(third, request);
    assertEquals([status, headers.get("connection")], [429, "close"]);
    assertEquals(headers.get("retry-after"), "5");
    assertStringIncludes(body, "--max-per-address");
    await third.readAll();
    assertEquals(third.ended, "FIN");
  }
  elsewhere.hostname = "192.0.2.2";
  using another = await server.connect();
  assertEquals((await ask(another, GET)).status, 200);
  elsewhere.hostname = "192.0.2.1";
  // Whoever watches over the server has an address like anybody.
  using vital = await server.connect();
  assertEquals((await ask(vital, VITAL)).status, 200);
  // Both that are served still are; and where one leaves there is room for another.
  assertEquals((await ask(second, GET)).status, 200);
  first.raw.close();
  await server.shrunk(3);
  using fourth = await server.connect();
  assertEquals((await ask(fourth, GET)).status, 200);
});

test("Server counts IPv6 by /64", async () => {
  const elsewhere = new Elsewhere();
  await using server = serverOf(elsewhere);
  const clients: RawClient[] = [], found: number[] = [];
  for (const hostname of ["2001:db8::1", "2001:db8::2:1", "2001:db8:0:0:f::", "2001:db8:0:1::"]) {
    elsewhere.hostname = hostname;
    const client = await server.connect();
    clients.push(client);
    found.push((await ask(client, GET)).status);
  }
  assertEquals(found, [200, 200, 429, 200]);
  for (const client of clients) client.close();
});

test("Server counts nobody who is exempt", async () => {
  const elsewhere = new Elsewhere();
  elsewhere.hostname = "127.0.0.1";
  await using server = serverOf(elsewhere);
  const clients = await Promise.all([1, 2, 3, 4].map(() => server.connect()));
  for (const client of clients) assertEquals((await ask(client, GET)).status, 200);
  for (const client of clients) client.close();
});

test("Server keeps few connections of those who have too many and say nothing", async () => {
  const elsewhere = new Elsewhere();
  await using server = serverOf(elsewhere);
  using _first = await WebSocketClient.open(server);
  using _second = await WebSocketClient.open(server);
  const silent = await Promise.all(Array.from({ length: 60 }, () => server.connect()));
  await server.shrunk(2 + 16);
  // One that asks is told all the same.
  using asking = await server.connect();
  assertEquals((await ask(asking, GET)).status, 429);
  for (const client of silent) client.close();
});

test("Server counts the clients of a proxy that is believed: WebSockets while they are open, requests while they are served", async () => {
  const elsewhere = new Elsewhere();
  elsewhere.hostname = "10.0.0.1";
  const waiting: (() => void)[] = [];
  await using server = new TestServer(
    async (request) => {
      if (request.target === "/chat") return await webSocket({})(request);
      if (request.target === "/wait") await new Promise<void>((go) => waiting.push(go));
      return { status: 200 };
    },
    {},
    elsewhere.listen(),
    undefined,
    { callers: new Callers(2, new OwnAddresses(), proxies) },
  );
  const from = (request: string, client: string) =>
    request.replace("\r\n\r\n", `\r\nX-Forwarded-For: ${client}\r\n\r\n`);
  const chat = (client: string) =>
    WebSocketClient.connect(server.server.addr, new TextEncoder().encode(from(HANDSHAKE, client)));
  using first = await chat("192.0.2.1");
  // A connection of the proxy's that is kept carries many clients, and is none of theirs between.
  using kept = await server.connect();
  for (let i = 0; i < 5; i++) assertEquals((await ask(kept, from(GET, "192.0.2.1"))).status, 200);
  using slow = await server.connect();
  await slow.send(from(GET.replace("/ ", "/wait "), "192.0.2.1"));
  while (waiting.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  using third = await server.connect();
  const refused = await ask(third, from(HANDSHAKE, "192.0.2.1"));
  assertEquals([refused.status, refused.headers.get("connection")], [429, "close"]);
  assertEquals((await ask(kept, from(GET, "192.0.2.2"))).status, 200);
  assertEquals((await ask(kept, GET)).status, 200);
  waiting[0]!();
  assertEquals(statuses(await slow.until(hasAnswers(1))), [200]);
  // That one is done; now there is room for a second, and no third.
  using second = await chat("192.0.2.1");
  using fourth = await server.connect();
  assertEquals((await ask(fourth, from(GET, "192.0.2.1"))).status, 429);
  third.close();
  fourth.close();
  first.raw.close();
  await server.shrunk(3);
  using again = await chat("192.0.2.1");
  second.raw.close();
  again.raw.close();
});

/** Requests on one connection, one after another: which answer belongs to which, and when it ends. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Handle } from "../../lib/net/connection.ts";
import { HttpError } from "../../lib/http/error.ts";
import { answers, hasAnswers, statuses } from "../tools/answers.ts";
import { textOf } from "../tools/raw.ts";
import { TestServer } from "../tools/server.ts";
import { test } from "../tools/way.ts";

/** Answers with what was asked. */
const mirror: Handle = async (request) => {
  const body = request.hasBody ? textOf(await request.body()) : "";
  return { status: 200, body: `${request.method} ${request.target} ${body}` };
};

/** A request with more fields and a body. */
function request(line: string, fields = "", body = ""): string {
  return `${line} HTTP/1.1\r\nHost: a\r\n${fields}\r\n${body}`;
}

test("Connection serves one request after another on one connection (RFC 9112, 9.3)", async () => {
  await using server = new TestServer(mirror);
  using client = await server.connect();
  for (let i = 1; i <= 3; i++) {
    await client.send(request(`GET /${i}`));
    const received = await client.until(hasAnswers(i));
    const answer = answers(received).at(-1)!;
    assertEquals([answer.status, answer.body], [200, `GET /${i} `]);
    assertEquals(answer.headers.has("connection"), false);
    assert(answer.headers.has("date"));
  }
  assertEquals(server.server.size, 1);
});

test("Connection answers 50 pipelined requests of one segment in order (RFC 9112, 9.3.2)", async () => {
  await using server = new TestServer(async (asked) => {
    // The first takes longest: the order is that of the requests, not of what is ready.
    for (let i = Number(asked.target.slice(1)); i < 50; i++) await Promise.resolve();
    return await mirror(asked);
  });
  using client = await server.connect();
  const lines = Array.from(
    { length: 50 },
    (_, i) =>
      i % 3 === 0
        ? request(`POST /${i}`, "Content-Length: 2\r\n", "hi")
        : i % 3 === 1
        ? request(`PUT /${i}`, "Transfer-Encoding: chunked\r\n", "1\r\nh\r\n1\r\ni\r\n0\r\n\r\n")
        : request(`GET /${i}`),
  );
  await client.send(lines.join(""));
  const received = await client.until(hasAnswers(50));
  const expected = lines.map((line, i) => `${line.split(" ")[0]} /${i} ${i % 3 === 2 ? "" : "hi"}`);
  assertEquals(answers(received).map((a) => a.body), expected);
});

test("Connection reads a request that comes byte by byte", async () => {
  await using server = new TestServer(mirror);
  using client = await server.connect();
  await client.drip(request("POST /x", "Transfer-Encoding: chunked\r\n", "2;a\r\nhi\r\n0\r\n\r\n"));
  assertEquals(answers(await client.until(hasAnswers(1)))[0]?.body, "POST /x hi");
});

test("Connection handles no second request while the first is being answered", async () => {
  let under = 0;
  await using server = new TestServer(async (asked) => {
    assertEquals(++under, 1);
    await new Promise((resolve) => setTimeout(resolve, 1));
    under--;
    return await mirror(asked);
  });
  using client = await server.connect();
  await client.send(request("GET /").repeat(5));
  assertEquals(statuses(await client.until(hasAnswers(5))), [200, 200, 200, 200, 200]);
});

test("Connection sends no body to HEAD, and serves the next request (RFC 9110, 9.3.2)", async () => {
  await using server = new TestServer(mirror);
  using client = await server.connect();
  await client.send(request("HEAD /x"));
  const [head] = answers(await client.until(hasAnswers(1, true)), true);
  assertEquals(head?.headers.get("content-length"), String("HEAD /x ".length));
  client.take(client.received.length);
  await client.send(request("GET /y"));
  assertEquals(answers(await client.until(hasAnswers(1)))[0]?.body, "GET /y ");
});

test("Connection ends after an HTTP/1.0 request, whatever it asks for (RFC 9112, 9.3)", async () => {
  await using server = new TestServer(mirror);
  using client = await server.connect();
  await client.send("GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /y HTTP/1.0\r\n\r\n");
  const [answer, ...more] = answers(await client.readAll());
  assertEquals([answer?.body, more.length], ["GET /x ", 0]);
  assertEquals(answer?.headers.get("connection"), "close");
  assertEquals(client.ended, "FIN");
});

test("Connection ends where the client says Connection: close", async () => {
  await using server = new TestServer(mirror);
  using client = await server.connect();
  await client.send(request("GET /x", "Connection: close\r\n") + request("GET /y"));
  const list = answers(await client.readAll());
  assertEquals(list.map((a) => [a.body, a.headers.get("connection")]), [["GET /x ", "close"]]);
});

test("Connection answers a client that has ended its side already", async () => {
  await using server = new TestServer(mirror);
  using client = await server.connect();
  await client.send(request("GET /x") + request("GET /y"));
  await client.end();
  assertEquals(statuses(await client.readAll()), [200, 200]);
  assertEquals(client.ended, "FIN");
});

test("Connection ends without a word when the client ends between requests, or within a head", async () => {
  await using server = new TestServer(mirror);
  for (const sent of ["", "GET / HTT", request("GET /").slice(0, -2)]) {
    using client = await server.connect();
    await client.send(sent);
    await client.end();
    assertEquals(textOf(await client.readAll()), "");
    assertEquals(client.ended, "FIN");
  }
});

test("Connection answers 500 to a throw in the handler, reports it, and serves others", async () => {
  await using server = new TestServer((asked) => {
    if (asked.target === "/bad") throw new TypeError("a secret");
    return mirror(asked);
  });
  using other = await server.connect();
  using client = await server.connect();
  await client.send(request("GET /bad") + request("GET /never"));
  const received = await client.readAll();
  assertEquals(statuses(received), [500]);
  assertEquals(textOf(received).includes("secret"), false);
  assertEquals(server.takeFaults(), ["a secret"]);
  await other.send(request("GET /good"));
  assertEquals(statuses(await other.until(hasAnswers(1))), [200]);
});

test("Connection answers 500 to a handler that rejects, or answers with a field that cannot be sent", async () => {
  await using server = new TestServer(async (asked) => {
    await Promise.resolve();
    if (asked.target === "/reject") throw "not even an Error";
    return { status: 302, headers: [["Location", "/\r\nSet-Cookie: a=b"]] };
  });
  for (
    const [target, fault] of [["/reject", "not even an Error"], ["/split", "Location"]] as const
  ) {
    using client = await server.connect();
    await client.send(request("GET " + target));
    const received = await client.readAll();
    assertEquals(statuses(received), [500]);
    assertEquals(textOf(received).includes("Set-Cookie"), false);
    assertMatch(server.takeFaults().join(), new RegExp(fault));
  }
});

test("Connection answers with an HttpError of the handler, its fields too", async () => {
  await using server = new TestServer(() => {
    throw new HttpError(405, "no", [["Allow", "GET"]]);
  });
  using client = await server.connect();
  await client.send(request("PUT /"));
  const [answer] = answers(await client.readAll());
  assertEquals([answer?.status, answer?.body], [405, "no\n"]);
  assertEquals(answer?.headers.get("allow"), "GET");
  assertEquals(answer?.headers.get("connection"), "close");
});

test("Connection tells the handler who asks", async () => {
  await using server = new TestServer(({ peer }) => ({
    status: 200,
    body: `${peer.hostname} ${peer.port}`,
  }));
  using client = await server.connect();
  await client.send(request("GET /"));
  assertEquals(answers(await client.until(hasAnswers(1)))[0]?.body, `127.0.0.1 ${client.port}`);
});

test("Connection refuses what is no request, and whatever follows is not one either", async () => {
  await using server = new TestServer(mirror);
  const table: [sent: string, status: number][] = [
    ["\x16\x03\x01\x02\0\x01", 400],
    ["GET /\r\n\r\n", 400],
    ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505],
    ["get / HTTP/1.1\r\nHost: a\r\n\r\n", 501],
    ["GET /" + "x".repeat(9000), 414],
    [`GET / HTTP/1.1\r\nX: ${"x".repeat(9000)}`, 431],
    ["GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", 400],
  ];
  for (const [sent, status] of table) {
    using client = await server.connect();
    await client.send(sent + request("GET /next"));
    assertEquals(statuses(await client.readAll()), [status], sent);
    assertEquals(client.ended, "FIN");
  }
});

test("Connection lets the client read the whole refusal while it is still sending", async () => {
  await using server = new TestServer(mirror);
  using client = await server.connect();
  // The server goes on to read, so that its answer is not lost to an RST (RFC 9112, 9.6).
  const refused = client.until(hasAnswers(1));
  await client.send(request("POST /", "Content-Length: 99999999\r\n"));
  for (let i = 0; i < 200; i++) await client.send("x".repeat(50_000));
  assertEquals(statuses(await refused), [413]);
  assertEquals(textOf(await client.readAll()).endsWith("body is over 1048576 bytes\n"), true);
  assertEquals(client.ended, "FIN");
});

test("Connection drops a refused client that does not end its side", async () => {
  await using server = new TestServer(mirror, { closeTimeout: 40 });
  using client = await server.connect();
  await client.send("nonsense\r\n");
  assertEquals(statuses(await client.readAll()), [400]);
  await server.shrunk();
});

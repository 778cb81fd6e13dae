/** A function of the web that answers requests: what it is asked, and what becomes of what it answers. */
import { assert, assertEquals } from "@std/assert";
import type { Fetch } from "../../lib/net/web.ts";
import { answers, hasAnswers, statuses } from "../tools/answers.ts";
import { test } from "../tools/way.ts";
import { request, webServer } from "../tools/web.ts";

/** Says what it was asked. */
const mirror: Fetch = async (asked) => {
  const url = new URL(asked.url);
  return new Response(`${asked.method} ${url.pathname}${url.search} ${await asked.text()}`);
};

test("webHandle() answers one request after another on one connection", async () => {
  await using server = webServer(mirror);
  using client = await server.connect();
  await client.send(
    request("GET /1?x") +
      request("POST /2", "Content-Length: 2\r\n", "hi") +
      request("PUT /3", "Transfer-Encoding: chunked\r\n", "1\r\nh\r\n1\r\ni\r\n0\r\n\r\n") +
      request("GET /4"),
  );
  const list = answers(await client.until(hasAnswers(4)));
  assertEquals(list.map(({ body }) => body), [
    "GET /1?x ",
    "POST /2 hi",
    "PUT /3 hi",
    "GET /4 ",
  ]);
  assert(list.every(({ headers }) => !headers.has("connection")));
});

test("webHandle() answers 500 to a throw, tells it once, and serves others", async () => {
  await using server = webServer((asked, info) => {
    if (asked.url.endsWith("/bad")) throw new TypeError("a secret");
    return mirror(asked, info);
  });
  using other = await server.connect();
  using client = await server.connect();
  await client.send(request("GET /bad"));
  assertEquals(statuses(await client.readAll()), [500]);
  assertEquals(server.takeFaults(), ["a secret"]);
  await other.send(request("GET /good"));
  assertEquals(statuses(await other.until(hasAnswers(1))), [200]);
});

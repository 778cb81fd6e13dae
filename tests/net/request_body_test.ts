/** Bodies of requests over a real connection: asked for, skipped, too large, and never taken for a request. */
import { assertEquals } from "@std/assert";
import type { Handle } from "../../lib/net/connection.ts";
import { HttpError } from "../../lib/http/error.ts";
import { answers, hasAnswers, statuses } from "../tools/answers.ts";
import { textOf } from "../tools/raw.ts";
import { TestServer } from "../tools/server.ts";
import { test } from "../tools/way.ts";

/** A request of HTTP/1.1 with more fields and a body. */
function request(line: string, fields = "", body = ""): string {
  return `${line} HTTP/1.1\r\nHost: a\r\n${fields}\r\n${body}`;
}

/** Reads the body where the path asks for it, and writes down what it was asked. */
function recorder(): { handle: Handle; log: string[] } {
  const log: string[] = [];
  return {
    log,
    handle: async (asked) => {
      const body = asked.target === "/read" ? textOf(await asked.body()) : "unread";
      log.push(`${asked.method} ${asked.target} ${body}`);
      return { status: 200, body };
    },
  };
}

test("Request.body() asks for the body where the client waits (RFC 9110, 10.1.1)", async () => {
  const { handle } = recorder();
  await using server = new TestServer(handle);
  for (const fields of ["Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n"]) {
    using client = await server.connect();
    await client.send(request("POST /read", fields + "Expect: 100-Continue\r\n"));
    assertEquals(textOf(await client.until(hasAnswers(1))), "HTTP/1.1 100 Continue\r\n\r\n");
    await client.send(fields.startsWith("C") ? "hello" : "5\r\nhello\r\n0\r\n\r\n");
    assertEquals(answers(await client.until(hasAnswers(2)))[1]?.body, "hello");
    await client.send(request("GET /next"));
    assertEquals(statuses(await client.until(hasAnswers(3))), [100, 200, 200]);
  }
});

test("Request.body() does not ask for a body that is there, empty, or of HTTP/1.0 (RFC 9110, 10.1.1)", async () => {
  const { handle } = recorder();
  await using server = new TestServer(handle);
  for (
    const sent of [
      request("POST /read", "Expect: 100-continue\r\nContent-Length: 2\r\n", "hi"),
      request("POST /read", "Expect: 100-continue\r\nContent-Length: 0\r\n"),
      request("POST /read", "Expect: 100-continue\r\n"),
      "POST /read HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi",
    ]
  ) {
    using client = await server.connect();
    await client.send(sent);
    await client.end();
    assertEquals(statuses(await client.readAll()), [200]);
  }
});

test("Connection asks for no body that the answer does without, and closes (RFC 9110, 10.1.1)", async () => {
  const { handle, log } = recorder();
  await using server = new TestServer(handle);
  using client = await server.connect();
  await client.send(request("POST /deny", "Expect: 100-continue\r\nContent-Length: 50\r\n"));
  const [answer] = answers(await client.until(hasAnswers(1)));
  assertEquals([answer?.status, answer?.headers.get("connection")], [200, "close"]);
  await client.send(request("GET /never"));
  await client.readAll();
  assertEquals(log, ["POST /deny unread"]);
});

test("Connection refuses before it asks for a body that is too large", async () => {
  const { handle } = recorder();
  await using server = new TestServer(handle, { maxMessage: 10 });
  using client = await server.connect();
  await client.send(request("POST /read", "Expect: 100-continue\r\nContent-Length: 11\r\n"));
  assertEquals(statuses(await client.readAll()), [413]);
});

test("Connection answers other expectations with 417 (RFC 9110, 10.1.1)", async () => {
  const { handle, log } = recorder();
  await using server = new TestServer(handle);
  for (const expect of ["200-ok", "100-continue, x", "", "100-continue;q=1"]) {
    using client = await server.connect();
    await client.send(request("POST /read", `Expect: ${expect}\r\nContent-Length: 2\r\n`, "hi"));
    assertEquals(statuses(await client.readAll()), [417]);
  }
  assertEquals(log, []);
});

test("Request.body() takes a body up to the limit; one byte more is 413", async () => {
  const { handle, log } = recorder();
  await using server = new TestServer(handle, { maxMessage: 10 });
  const chunked = "Transfer-Encoding: chunked\r\n";
  for (
    const [sent, status] of [
      [request("POST /read", "Content-Length: 10\r\n", "0123456789"), 200],
      [request("POST /read", chunked, "a\r\n0123456789\r\n0\r\n\r\n"), 200],
      [request("POST /read", "Content-Length: 11\r\n", "0123456789a"), 413],
      [request("POST /read", chunked, "b\r\n0123456789a\r\n0\r\n\r\n"), 413],
      [request("POST /read", chunked, "a\r\n0123456789\r\n1\r\na\r\n0\r\n\r\n"), 413],
    ] as const
  ) {
    using client = await server.connect();
    await client.send(sent);
    await client.end();
    assertEquals(statuses(await client.readAll()), [status]);
  }
  assertEquals(log, Array(2).fill("POST /read 0123456789"));
});

test("Request.body() rejects with 400 where the client ends early, and nothing is served", async () => {
  const { handle, log } = recorder();
  await using server = new TestServer(handle);
  for (const fields of ["Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n"]) {
    using client = await server.connect();
    await client.send(request("POST /read", fields, "4\r\n"));
    await client.end();
    assertEquals(statuses(await client.readAll()), [400]);
  }
  assertEquals(log, []);
});

test("Request.body() gives the same body to whoever asks again", async () => {
  await using server = new TestServer(async (asked) => {
    const [one, two] = await Promise.all([asked.body(), asked.body()]);
    return { status: 200, body: textOf(one) + textOf(two) + textOf(await asked.body()) };
  });
  using client = await server.connect();
  await client.send(request("POST /", "Content-Length: 2\r\n") + "hi");
  assertEquals(answers(await client.until(hasAnswers(1)))[0]?.body, "hihihi");
});

const smuggled = request("GET /smuggled");

const unread: [name: string, fields: string, body: string, kept: boolean][] = [
  ["skips an unread body", `Content-Length: ${smuggled.length}\r\n`, smuggled, true],
  [
    "skips an unread body of 64 KiB",
    "Content-Length: 65536\r\n",
    smuggled.padEnd(65536, "\r\n"),
    true,
  ],
  ["closes at an unread body over 64 KiB", "Content-Length: 65537\r\n", smuggled, false],
  [
    "closes at an unread chunked body",
    "Transfer-Encoding: chunked\r\n",
    `0\r\n\r\n${smuggled}`,
    false,
  ],
];

for (const [name, fields, body, kept] of unread) {
  test(`Connection ${name}, and never takes it for a request`, async () => {
    const { handle, log } = recorder();
    await using server = new TestServer(handle);
    using client = await server.connect();
    await client.send(request("POST /first", fields, body) + request("GET /second"));
    await client.end();
    const list = answers(await client.readAll());
    assertEquals(
      list.map((a) => a.headers.get("connection")),
      kept ? [undefined, undefined] : ["close"],
    );
    const second = kept ? ["GET /second unread"] : [];
    assertEquals(log, ["POST /first unread", ...second]);
  });
}

const attempts: Record<string, [fields: string, body: string]> = {
  "CL.TE": ["Content-Length: 6\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n" + smuggled],
  "TE.CL": [
    "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
    `${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`,
  ],
  "TE.TE": ["Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n", "0\r\n\r\n" + smuggled],
  "CL.CL": [`Content-Length: ${smuggled.length}\r\nContent-Length: 0\r\n`, smuggled],
  "an obscured coding": ["Transfer-Encoding: \x0bchunked\r\n", "0\r\n\r\n" + smuggled],
  "a folded coding": ["Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n" + smuggled],
  "a spaced name": ["Transfer-Encoding : chunked\r\n", "0\r\n\r\n" + smuggled],
  "a signed length": ["Content-Length: +0\r\n", smuggled],
  "a chunk size with 0x": ["Transfer-Encoding: chunked\r\n", "0x0\r\n\r\n" + smuggled],
  "a chunk line with a bare LF": ["Transfer-Encoding: chunked\r\n", "0\n\r\n" + smuggled],
  "chunk data that runs on": ["Transfer-Encoding: chunked\r\n", "1\r\nxx0\r\n\r\n" + smuggled],
  "a chunk extension with a bare LF": ["Transfer-Encoding: chunked\r\n", "0;\n\r\n" + smuggled],
};

for (const [name, [fields, body]] of Object.entries(attempts)) {
  test(`Connection answers 400 to smuggling by ${name}, and serves nothing after it`, async () => {
    for (const path of ["/read", "/first"]) {
      const { handle, log } = recorder();
      await using server = new TestServer(handle);
      using client = await server.connect();
      await client.send(request(`POST ${path}`, fields, body) + request("GET /second"));
      await client.end();
      const list = statuses(await client.readAll());
      const served = log.filter((line) => line !== "POST /first unread");
      assertEquals(served, []);
      // A body that nobody reads is not looked at: the connection ends instead.
      assertEquals(list, [log.length > 0 ? 200 : 400]);
    }
  });
}

test("Connection closes after a body that failed, also where the handler answers all the same", async () => {
  const log: string[] = [];
  await using server = new TestServer(async (asked) => {
    log.push(asked.target);
    try {
      await asked.body();
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      return { status: 422 };
    }
    return { status: 200 };
  }, { maxMessage: 10 });
  for (
    const [fields, body] of [
      ["Content-Length: 60\r\n", smuggled],
      ["Transfer-Encoding: chunked\r\n", "zz\r\n" + smuggled],
    ] as const
  ) {
    using client = await server.connect();
    await client.send(request("POST /first", fields, body));
    await client.end();
    const [answer, ...more] = answers(await client.readAll());
    assertEquals([answer?.status, answer?.headers.get("connection")], [422, "close"]);
    assertEquals(more, []);
  }
  assertEquals(log, ["/first", "/first"]);
});

test("Connection waits for a body that the handler began to read and did not wait for", async () => {
  const log: string[] = [];
  await using server = new TestServer((asked) => {
    log.push(asked.target);
    if (asked.hasBody) asked.body().then((body) => log.push(textOf(body)), () => {});
    return { status: 200 };
  });
  using client = await server.connect();
  await client.send(request("POST /first", "Content-Length: 6\r\n", "one"));
  await client.send("two" + request("GET /second"));
  assertEquals(statuses(await client.until(hasAnswers(2))), [200, 200]);
  assertEquals(log, ["/first", "onetwo", "/second"]);
});

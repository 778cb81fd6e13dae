/** The `Request` that a function of the web is asked: what it says, and its body, however it comes. */
import { assert, assertEquals } from "@std/assert";
import type { Fetch } from "../../lib/net/web.ts";
import { answers, hasAnswers, statuses } from "../tools/answers.ts";
import { textOf } from "../tools/raw.ts";
import { isEncrypted, test } from "../tools/way.ts";
import { request, webServer } from "../tools/web.ts";

/** The body of the only answer to some bytes. */
async function answerTo(fetch: Fetch, sent: string): Promise<{ status: number; body: string }> {
  await using server = webServer(fetch);
  using client = await server.connect();
  await client.send(sent);
  const [answer] = answers(await client.until(hasAnswers(1)));
  return answer!;
}

const urlOf: Fetch = ({ url }) => new Response(url);

const urls: [sent: string, url: string][] = [
  ["GET / HTTP/1.1\r\nHost: a.example", "://a.example/"],
  [
    "GET /a/b.c?d=e&f=%20+g?/ HTTP/1.1\r\nHost: a.example:81",
    "://a.example:81/a/b.c?d=e&f=%20+g?/",
  ],
  ["GET /a/../b/./c/%2E%2e/d HTTP/1.1\r\nHost: a", "://a/b/d"],
  ["GET /.hidden/..x HTTP/1.1\r\nHost: a", "://a/.hidden/..x"],
  ["GET //evil.example/x HTTP/1.1\r\nHost: a", "://a//evil.example/x"],
  ["GET /a\\b`{}|' HTTP/1.1\r\nHost: a", "://a/a/b%60%7B%7D|'"],
  ["GET /?a='b'` HTTP/1.1\r\nHost: a", "://a/?a=%27b%27`"],
  ["GET /x HTTP/1.1\r\nHost: A.Example", "://a.example/x"],
  ["GET /x HTTP/1.1\r\nHost: [::1]:8000", "://[::1]:8000/x"],
  ["GET /x HTTP/1.1\r\nHost: 2130706433", "://127.0.0.1/x"],
  ["GET http://b.example/x?y HTTP/1.1\r\nHost: a", "://b.example/x?y"],
  ["GET http://b.example?y HTTP/1.1\r\nHost: a", "://b.example/?y"],
  // RFC 9112, 3.3: the target URI of the asterisk-form has no path.
  ["OPTIONS * HTTP/1.1\r\nHost: a", "://a/"],
  ["GET /x HTTP/1.0", "://localhost/x"],
  ["GET /x HTTP/1.0\r\nHost: a", "://a/x"],
];

test("Request.url is made of Host and target, as the web writes it", async () => {
  for (const [sent, url] of urls) {
    const { body } = await answerTo(urlOf, `${sent}\r\n\r\n`);
    const scheme = isEncrypted() ? "https" : "http";
    assertEquals(body, scheme + url, sent);
    assertEquals(new URL(body).href, body);
  }
  for (const [host, url] of [["a:80", "http://a/"], ["a:443", "https://a/"]] as const) {
    const { body } = await answerTo(urlOf, `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    assertEquals(body === url, url.startsWith("https:") === isEncrypted());
  }
});

test("webHandle() refuses a target or a host that makes no URL, and methods the web has not", async () => {
  const table: [sent: string, status: number, why: string][] = [
    ["GET / HTTP/1.1\r\nHost: 1.2.3.256", 400, "Host is malformed"],
    ["GET / HTTP/1.1\r\nHost: a.1", 400, "Host is malformed"],
    ["GET * HTTP/1.1\r\nHost: a", 400, "request target is malformed"],
    ["GET ftp://a/ HTTP/1.1\r\nHost: a", 400, "request target is malformed"],
    ["CONNECT a:80 HTTP/1.1\r\nHost: a", 501, "method is not known"],
    ["TRACE / HTTP/1.1\r\nHost: a", 501, "method is not known"],
  ];
  for (const [sent, status, why] of table) {
    const answer = await answerTo(urlOf, `${sent}\r\n\r\n`);
    assertEquals([answer.status, answer.body], [status, `${why}\n`]);
  }
});

test("Request has the method, the fields and who asks", async () => {
  const { body } = await answerTo((asked, { peer, remoteAddr }) => {
    assert(asked instanceof Request);
    assertEquals(remoteAddr, peer);
    return Response.json([
      asked.method,
      [...asked.headers],
      peer.hostname,
      asked.body,
      asked.bodyUsed,
      asked.redirect,
      Object.prototype.toString.call(asked),
    ]);
  }, request("DELETE /", "X-A: 1\r\nx-a: 2\r\nCookie: a=b\r\nCookie: c=d\r\n__proto__: x\r\n"));
  assertEquals(JSON.parse(body), [
    "DELETE",
    [["__proto__", "x"], ["cookie", "a=b; c=d"], ["host", "a"], ["x-a", "1, 2"]],
    "127.0.0.1",
    null,
    false,
    "follow",
    "[object Request]",
  ]);
});

const post = (body: string, type = "text/plain") =>
  request("POST /", `Content-Type: ${type}\r\nContent-Length: ${body.length}\r\n`, body);
const form = '--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--x--\r\n';
const reads: [
  how: string,
  sent: string,
  read: (asked: Request) => Promise<unknown>,
  is: unknown,
][] = [
  ["text", post("hi"), (asked) => asked.text(), "hi"],
  ["json", post('{"a":1}'), (asked) => asked.json(), { a: 1 }],
  ["bytes", post("hi"), async (asked) => [...await asked.bytes()], [104, 105]],
  ["arrayBuffer", post("hi"), async (asked) => (await asked.arrayBuffer()).byteLength, 2],
  ["blob", post("hi", "a/b"), async (asked) => (await asked.blob()).type, "a/b"],
  [
    "formData",
    post(form, "multipart/form-data; boundary=x"),
    async (asked) => [...await asked.formData()],
    [["a", "b"]],
  ],
  ["clone", post("hi"), async (asked) => [await asked.clone().text(), await asked.text()], [
    "hi",
    "hi",
  ]],
  ["new Request", post("hi"), async (asked) => {
    const made = new Request(asked, { headers: { x: "y" } });
    return [made.method, made.headers.get("x"), await made.text(), asked.bodyUsed];
  }, ["POST", "y", "hi", true]],
  ["body", post("hi"), async (asked) => {
    let text = "";
    for await (const part of asked.body!.pipeThrough(new TextDecoderStream())) text += part;
    return [text, asked.bodyUsed];
  }, ["hi", true]],
  ["reader of bytes", post("hello"), async (asked) => {
    const reader = asked.body!.getReader();
    const { value } = await reader.read();
    reader.releaseLock();
    return textOf(value!);
  }, "hello"],
  ["twice", post("hi"), async (asked) => {
    await asked.text();
    return await asked.text().catch((error) => [error.name, asked.bodyUsed]);
  }, ["TypeError", true]],
  ["of GET", request("GET /", "Content-Length: 2\r\n", "hi"), async (asked) => {
    return [asked.body, await asked.text()];
  }, [null, ""]],
  ["of no bytes", post(""), async (asked) => [asked.body, await asked.text()], [null, ""]],
];

test("Request's body is read as the web reads it, whole and byte by byte", async () => {
  for (const [how, sent, read, is] of reads) {
    for (const drip of [false, true]) {
      await using server = webServer(async (asked) => Response.json(await read(asked)));
      using client = await server.connect();
      if (drip) await client.drip(sent);
      else await client.send(sent);
      const [answer] = answers(await client.until(hasAnswers(1)));
      assertEquals(JSON.parse(answer!.body), is, `${how}, ${drip ? "dripped" : "whole"}`);
    }
  }
});

test("Request can be handed to fetch() as it is", async () => {
  await using behind = webServer(async (asked) => {
    return new Response(`${asked.method} ${asked.headers.get("x-a")} ${await asked.text()}`);
  });
  if (isEncrypted()) return;
  const { port } = behind.server.addr as Deno.NetAddr;
  const { body } = await answerTo(
    (asked) => fetch(`http://127.0.0.1:${port}/`, asked),
    request("POST /", "X-A: b\r\nTransfer-Encoding: chunked\r\n", "2\r\nhi\r\n0\r\n\r\n"),
  );
  assertEquals(body, "POST b hi");
});

test("Request's body is asked for when it is first read (RFC 9110, 10.1.1)", async () => {
  await using server = webServer(async (asked) => {
    return new Response(asked.url.endsWith("/read") ? await asked.text() : "unread");
  });
  for (const fields of ["Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n"]) {
    using client = await server.connect();
    await client.send(request("POST /read", fields + "Expect: 100-continue\r\n"));
    assertEquals(textOf(await client.until(hasAnswers(1))), "HTTP/1.1 100 Continue\r\n\r\n");
    await client.send(fields.startsWith("C") ? "hello" : "5\r\nhello\r\n0\r\n\r\n");
    assertEquals(answers(await client.until(hasAnswers(2)))[1]?.body, "hello");
    await client.send(request("GET /read"));
    assertEquals(statuses(await client.until(hasAnswers(3))), [100, 200, 200]);
  }
  using client = await server.connect();
  await client.send(request("POST /deny", "Expect: 100-continue\r\nContent-Length: 50\r\n"));
  const [answer] = answers(await client.until(hasAnswers(1)));
  assertEquals([answer?.body, answer?.headers.get("connection")], ["unread", "close"]);
});

test("A body is not asked for where its answer has begun", async () => {
  const begun = Promise.withResolvers<void>();
  await using server = webServer((asked) => {
    async function* parts() {
      yield new TextEncoder().encode("begun");
      await begun.promise;
      yield* asked.body!;
    }
    return new Response(ReadableStream.from(parts()));
  });
  using client = await server.connect();
  await client.send(request("POST /", "Expect: 100-continue\r\nContent-Length: 5\r\n"));
  await client.until((bytes) => textOf(bytes).includes("begun"));
  begun.resolve();
  await client.send("hello");
  const text = textOf(await client.until((bytes) => textOf(bytes).includes("0\r\n\r\n")));
  assertEquals(text.split("\r\n\r\n")[1], "5\r\nbegun\r\n5\r\nhello\r\n0");
});

test("Request's body that is malformed, or ends early, is 400 where nobody catches it, and no fault", async () => {
  for (
    const [fields, body, why] of [
      ["Transfer-Encoding: chunked\r\n", "zz\r\n", "chunked body is malformed"],
      ["Transfer-Encoding: chunked\r\n", "5\r\nhello", "the body ended early"],
      ["Content-Length: 5\r\n", "hell", "the body ended early"],
    ] as const
  ) {
    const asked: string[] = [];
    await using server = webServer(async (request) => {
      asked.push(request.method);
      return new Response(await request.text());
    });
    using client = await server.connect();
    await client.send(request("POST /", fields, body));
    await client.end();
    const [answer, ...more] = answers(await client.readAll());
    assertEquals([answer?.status, answer?.body, more], [400, `${why}\n`, []]);
    assertEquals(asked, ["POST"]);
  }
});

test("A program that catches a wrong body answers as it likes, and the connection ends", async () => {
  await using server = webServer(async (asked) => {
    const status = await asked.text().then(() => 200, () => 422);
    return new Response(null, { status });
  });
  using client = await server.connect();
  await client.send(
    request("POST /", "Transfer-Encoding: chunked\r\n", "zz\r\n") + request("GET /never"),
  );
  const [answer, ...more] = answers(await client.readAll());
  assertEquals([answer?.status, answer?.headers.get("connection"), more], [422, "close", []]);
});

Deno.test("A body may take any time, as long as some of it comes in time", async () => {
  await using server = webServer(async (asked) => new Response(await asked.text()), {
    bodyTimeout: 1000,
  });
  using client = await server.connect();
  await client.send(request("POST /", "Content-Length: 6\r\n"));
  for (const letter of "slowly") {
    await new Promise((resolve) => setTimeout(resolve, 250));
    await client.send(letter);
  }
  assertEquals(answers(await client.until(hasAnswers(1)))[0]?.body, "slowly");
  await client.send(request("POST /", "Content-Length: 6\r\n", "slow"));
  assertEquals(statuses(await client.until(hasAnswers(2))), [200, 408]);
});

test("A body that nobody has read is skipped where it is small, and ends the connection where it is not", async () => {
  await using server = webServer((asked) => {
    return new Response(asked.url.endsWith("/touched") ? `${asked.body !== null}` : "unread");
  });
  for (const path of ["/unread", "/touched"]) {
    using client = await server.connect();
    await client.send(request(`POST ${path}`, "Content-Length: 65536\r\n"));
    await client.send("x".repeat(65536) + request("GET /unread"));
    assertEquals(statuses(await client.until(hasAnswers(2))), [200, 200]);
    for (const fields of ["Content-Length: 65537\r\n", "Transfer-Encoding: chunked\r\n"]) {
      using other = await server.connect();
      await other.send(request(`POST ${path}`, fields, "1\r\n"));
      const [answer, ...more] = answers(await other.readAll());
      assertEquals([answer?.status, answer?.headers.get("connection"), more], [200, "close", []]);
    }
  }
});

test("A body is read to its end by whoever reads it, also behind the answer", async () => {
  const read = Promise.withResolvers<string>();
  await using server = webServer((asked) => {
    if (asked.method === "POST") asked.text().then(read.resolve, read.reject);
    return new Response(asked.method);
  });
  using client = await server.connect();
  await client.send(request("POST /", "Content-Length: 100006\r\n", "one"));
  assertEquals(answers(await client.until(hasAnswers(1)))[0]?.body, "POST");
  await client.send("x".repeat(100_000) + "two" + request("GET /"));
  assertEquals(answers(await client.until(hasAnswers(2)))[1]?.body, "GET");
  assertEquals(await read.promise, `one${"x".repeat(100_000)}two`);
});

test("A body cannot be read when its request is over: what follows is another's", async () => {
  let kept: Request | undefined;
  const late = Promise.withResolvers<string>();
  await using server = webServer((asked) => {
    if (kept === undefined) kept = asked;
    else kept.text().then(late.resolve, (error) => late.resolve(error.message));
    return new Response("ok");
  });
  using client = await server.connect();
  await client.send(request("POST /", "Content-Length: 3\r\n", "abc"));
  await client.until(hasAnswers(1));
  await client.send(request("POST /", "Content-Length: 3\r\n", "def"));
  await client.until(hasAnswers(2));
  assertEquals(await late.promise, "the request is over");
});

/** What becomes of a `Response`: its bytes on the wire, framed once and in one way only, whatever it says of itself. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Fetch } from "../../lib/net/web.ts";
import { answers, hasAnswers } from "../tools/answers.ts";
import { textOf } from "../tools/raw.ts";
import { test } from "../tools/way.ts";
import { request, webServer } from "../tools/web.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
/** A body that comes in parts, each in a turn of its own. */
function slowly(...parts: Uint8Array[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async pull(controller) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      const part = parts.shift();
      if (part === undefined) controller.close();
      else controller.enqueue(part);
    },
  });
}
/** A response whose fields are what they are given as. */
const withFields = (body: BodyInit | null, fields: Record<string, string>, status = 200) =>
  new Response(body, { status, headers: fields });

/** A response, and its bytes but for the date; behind it, on the same connection, one that says `next` where there is one. */
type Row = [what: string, make: () => Response, sent: string, then?: "end"];
const OK = "HTTP/1.1 200 OK\r\n",
  DATE = "Date: D\r\n",
  text = "content-type: text/plain;charset=UTF-8\r\n";
const table: Row[] = [
  ["no body", () => new Response(), `${OK}${DATE}Content-Length: 0\r\n\r\n`],
  [
    "a text",
    () => new Response("héllo"),
    `${OK}${text}${DATE}Content-Length: 6\r\n\r\nh\xc3\xa9llo`,
  ],
  ["an empty text", () => new Response(""), `${OK}${text}${DATE}Content-Length: 0\r\n\r\n`],
  ["bytes", () => new Response(bytes("hi")), `${OK}${DATE}Content-Length: 2\r\n\r\nhi`],
  [
    "JSON",
    () => Response.json([1]),
    `${OK}content-type: application/json\r\n${DATE}Content-Length: 3\r\n\r\n[1]`,
  ],
  [
    "parameters",
    () => new Response(new URLSearchParams("a=b")),
    `${OK}content-type: application/x-www-form-urlencoded;charset=UTF-8\r\n${DATE}Content-Length: 3\r\n\r\na=b`,
  ],
  [
    "a stream that has all of it at once",
    () => new Response(ReadableStream.from([bytes("hi")])),
    `${OK}${DATE}Content-Length: 2\r\n\r\nhi`,
  ],
  [
    "a stream, in chunks; a part of no bytes is none",
    () => new Response(slowly(bytes("a"), bytes(""), bytes("bcdefghijklmnopq"))),
    `${OK}${DATE}Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n10\r\nbcdefghijklmnopq\r\n0\r\n\r\n`,
  ],
  [
    "a stream of nothing",
    () => new Response(slowly()),
    `${OK}${DATE}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  ],
  [
    "a stream of a length that it says",
    () => withFields(slowly(bytes("a"), bytes("bc")), { "Content-Length": "3" }),
    `${OK}${DATE}Content-Length: 3\r\n\r\nabc`,
  ],
  [
    "a stream of a length that is none",
    () => withFields(slowly(bytes("a")), { "Content-Length": "1, 1" }),
    `${OK}${DATE}Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n`,
  ],
  [
    "a text of another length than it says",
    () => withFields("hi", { "Content-Length": "5", "Content-Type": "a/b" }),
    `${OK}content-type: a/b\r\n${DATE}Content-Length: 2\r\n\r\nhi`,
  ],
  [
    "no body, of a length that it says",
    () => withFields(null, { "Content-Length": "5" }),
    `${OK}${DATE}Content-Length: 0\r\n\r\n`,
  ],
  [
    "fields that are the connection's",
    () =>
      withFields("hi", {
        "Transfer-Encoding": "chunked",
        "Content-Type": "a/b",
        "Keep-Alive": "timeout=5",
        "Trailer": "X",
        "TE": "trailers",
        "Connection": "keep-alive, x",
        "Proxy-Connection": "close",
        "Date": "yesterday",
        "X": "y",
      }),
    `${OK}content-type: a/b\r\nx: y\r\n${DATE}Content-Length: 2\r\n\r\nhi`,
  ],
  [
    "Connection: close",
    () => withFields(null, { "Connection": "Close" }),
    `${OK}${DATE}Content-Length: 0\r\nConnection: close\r\n\r\n`,
    "end",
  ],
  [
    "cookies, each in a field of its own",
    () => {
      const headers = new Headers([["Set-Cookie", "a=b"], ["Set-Cookie", "c=d"]]);
      headers.append("X", "1");
      headers.append("X", "2");
      return new Response(null, { headers });
    },
    `${OK}set-cookie: a=b\r\nset-cookie: c=d\r\nx: 1, 2\r\n${DATE}Content-Length: 0\r\n\r\n`,
  ],
  [
    "a field above ASCII",
    () => withFields(null, { "X": "h\xe9" }),
    `${OK}x: h\xe9\r\n${DATE}Content-Length: 0\r\n\r\n`,
  ],
  ["204", () => new Response(null, { status: 204 }), `HTTP/1.1 204 No Content\r\n${DATE}\r\n`],
  [
    "204 of a length",
    () => withFields(null, { "Content-Length": "5" }, 204),
    `HTTP/1.1 204 No Content\r\n${DATE}\r\n`,
  ],
  [
    "304 of the length that 200 would have",
    () => withFields(null, { "Content-Length": "5", "ETag": '"x"' }, 304),
    `HTTP/1.1 304 Not Modified\r\netag: "x"\r\nContent-Length: 5\r\n${DATE}\r\n`,
  ],
  [
    "205",
    () => new Response(null, { status: 205 }),
    `HTTP/1.1 205 Reset Content\r\n${DATE}Content-Length: 0\r\n\r\n`,
  ],
  [
    "a redirect",
    () => Response.redirect("http://a/x", 303),
    `HTTP/1.1 303 See Other\r\nlocation: http://a/x\r\n${DATE}Content-Length: 0\r\n\r\n`,
  ],
  [
    "a status with words of its own",
    () => new Response(null, { status: 299, statusText: "Quite Well" }),
    `HTTP/1.1 299 Quite Well\r\n${DATE}Content-Length: 0\r\n\r\n`,
  ],
  [
    "426, which names the protocol",
    () => withFields("", { "Upgrade": "websocket", "Content-Type": "a/b" }, 426),
    "HTTP/1.1 426 Upgrade Required\r\ncontent-type: a/b\r\nupgrade: websocket\r\n" +
    `Connection: Upgrade\r\n${DATE}Content-Length: 0\r\n\r\n`,
  ],
];

const NEXT = `${OK}${DATE}Content-Length: 4\r\n\r\nnext`;

test("webHandle() sends a response as it is, and the next request is served", async () => {
  for (const [what, make, sent, then] of table) {
    await using server = webServer((asked) =>
      asked.url.endsWith("/next") ? new Response(bytes("next")) : make()
    );
    using client = await server.connect();
    await client.send(request("GET /") + request("GET /next"));
    const got = () => textOf(client.received).replaceAll(/Date: [^\r]*GMT/g, "Date: D");
    await client.until(() => got().endsWith("\r\n\r\nnext"));
    assertEquals(got(), then === "end" ? sent : sent + NEXT, what);
    assertEquals(client.ended, then === "end" ? "FIN" : undefined, what);
  }
});

test("webHandle() sends a blob and a form whole", async () => {
  const form = new FormData();
  form.set("a", "b");
  for (const make of [() => new Response(new Blob(["b"])), () => new Response(form)]) {
    await using server = webServer(make);
    using client = await server.connect();
    await client.send(request("GET /", "Connection: close\r\n"));
    const got = textOf(await client.readAll());
    assertMatch(got, /\r\n\r\n(b|1\r\nb\r\n0\r\n\r\n|[^]*name="a"[^]*\r\nb\r\n[^]*0\r\n\r\n)$/);
  }
});

test("webHandle() sends HEAD what GET would get, without the body, which is cancelled", async () => {
  const cancelled: unknown[] = [];
  const endless = (fields: Record<string, string>) =>
    withFields(
      new ReadableStream({ cancel: (reason) => void cancelled.push(reason.message) }),
      fields,
    );
  const heads: [make: () => Response, length: string | undefined][] = [
    [() => new Response("hello"), "5"],
    [() => new Response(null), undefined],
    [() => withFields(null, { "Content-Length": "7" }), "7"],
    [() => endless({}), undefined],
    [() => endless({ "Content-Length": "8" }), "8"],
  ];
  for (const [make, length] of heads) {
    await using server = webServer(make);
    using client = await server.connect();
    await client.send(request("HEAD /"));
    const [first] = answers(await client.until(hasAnswers(1, true)), true);
    assertEquals([first?.status, first?.headers.get("content-length")], [200, length]);
    assertEquals(first?.headers.has("transfer-encoding"), false);
    await client.send(request("HEAD /"));
    assertEquals(answers(await client.until(hasAnswers(2, true)), true).length, 2);
  }
  assertEquals(cancelled, Array(4).fill("HEAD wants no body"));
});

test("webHandle() sends HTTP/1.0 a stream without chunks, to the connection's end (RFC 9112, 6.1)", async () => {
  await using server = webServer(() => new Response(slowly(bytes("a"), bytes("b"))));
  using client = await server.connect();
  await client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  const got = textOf(await client.readAll()).replace(/Date: [^\r]*GMT/, "Date: D");
  assertEquals(got, `${OK}${DATE}Connection: close\r\n\r\nab`);
  assertEquals(client.ended, "FIN");
});

/** Answers that are none, and why. */
const bad: [what: string, answer: Fetch, why: RegExp][] = [
  [
    "nothing",
    () => undefined as unknown as Response,
    /must return a Response, and returned undefined/,
  ],
  ["an object", () => ({ status: 200 }) as Response, /must return a Response, and returned Object/],
  ["a text", () => "hi" as unknown as Response, /must return a Response, and returned hi/],
  ["Response.error()", () => Response.error(), /Response.error\(\)/],
  ["one that was read", async () => {
    const response = new Response("hi");
    await response.text();
    return response;
  }, /read already/],
  ["one that is being read", () => {
    const response = new Response("hi");
    response.body!.getReader();
    return response;
  }, /being read already/],
  ["a body that fails at once", () => {
    return new Response(new ReadableStream({ start: (c) => c.error(new Error("no body")) }));
  }, /no body/],
  ["a throw", () => {
    throw new Error("thrown");
  }, /thrown/],
  ["a rejection", () => Promise.reject("not even an error"), /not even an error/],
  ["a network error, which is another's", () => {
    throw new Deno.errors.ConnectionReset("behind");
  }, /behind/],
  [
    "a field that cannot be sent",
    () => withFields(null, { X: "\x7f" }),
    /control character in the field x/,
  ],
];

test("webHandle() answers 500 where there is no response, tells why once, and serves others", async () => {
  for (const [what, answer, why] of bad) {
    await using server = webServer((asked, info) =>
      asked.url.endsWith("/bad") ? answer(asked, info) : new Response("ok")
    );
    using other = await server.connect();
    using client = await server.connect();
    await client.send(request("GET /bad"));
    const [got, ...more] = answers(await client.readAll());
    assertEquals([got?.status, got?.body, more], [500, "internal error\n", []], what);
    const faults = server.takeFaults();
    assertEquals(faults.length, 1, what);
    assertMatch(faults[0]!, why, what);
    await other.send(request("GET /good"));
    assertEquals(answers(await other.until(hasAnswers(1)))[0]?.body, "ok");
  }
});

test("webHandle() cuts the connection where a body fails, or is not of its length, and tells why once", async () => {
  const failing = () =>
    new ReadableStream<Uint8Array>({
      async pull(controller) {
        controller.enqueue(bytes("begun"));
        await new Promise((resolve) => setTimeout(resolve, 1));
        controller.error(new Error("broke off"));
      },
    });
  const cut: [make: () => Response, body: string, why: RegExp][] = [
    [() => new Response(failing()), "5\r\nbegun\r\n", /broke off/],
    [() => withFields(failing(), { "Content-Length": "20" }), "begun", /broke off/],
    [() => withFields(slowly(bytes("abc")), { "Content-Length": "4" }), "abc", /shorter than/],
    [
      () => withFields(slowly(bytes("a"), bytes("bc")), { "Content-Length": "2" }),
      "a",
      /longer than/,
    ],
    [
      () => new Response(slowly(bytes("a"), "b" as unknown as Uint8Array)),
      "1\r\na\r\n",
      /no Uint8Array/,
    ],
  ];
  for (const [make, body, why] of cut) {
    await using server = webServer(make);
    using client = await server.connect();
    await client.send(request("GET /") + request("GET /never"));
    const got = textOf(await client.readAll());
    assertEquals(got.slice(got.indexOf("\r\n\r\n") + 4), body);
    assertEquals(client.ended, "FIN");
    const faults = server.takeFaults();
    assertEquals(faults.length, 1);
    assertMatch(faults[0]!, why);
  }
});

test("webHandle() hands on what fetch() has got, decoded, of the length that it is then", async () => {
  const zipped = new Blob(["x".repeat(5000)]).stream().pipeThrough(new CompressionStream("gzip"));
  const gzip = new Uint8Array(await new Response(zipped).arrayBuffer());
  await using behind = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    () => new Response(gzip, { headers: { "Content-Encoding": "gzip", "X": "y" } }),
  );
  await using server = webServer(() => fetch(`http://127.0.0.1:${behind.addr.port}/`));
  using client = await server.connect();
  await client.send(request("GET /", "Connection: close\r\n"));
  const got = textOf(await client.readAll());
  assert(got.includes("\r\nx: y\r\n") && !/content-encoding/i.test(got));
  assertEquals(got.match(/x/g)?.length, 1 + 5000);
});

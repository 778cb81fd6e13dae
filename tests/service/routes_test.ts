import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { testService } from "../tools/service.ts";

/** A request whose target is sent as it is written, which `fetch` would tidy up. */
async function ask(
  port: number,
  line: string,
  fields: Record<string, string> = {},
): Promise<{ status: number; head: string; body: string }> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  const all = { Host: `127.0.0.1:${port}`, Connection: "close", ...fields };
  const lines = Object.entries(all).map(([n, v]) => `${n}: ${v}\r\n`).join("");
  await conn.write(new TextEncoder().encode(`${line} HTTP/1.1\r\n${lines}\r\n`));
  const text = await new Response(conn.readable).text();
  const [head = "", body = ""] = text.split(/\r\n\r\n([\s\S]*)/);
  return { status: Number(head.split(" ")[1]), head, body };
}

const upgrade = {
  Upgrade: "websocket",
  Connection: "Upgrade",
  "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
  "Sec-WebSocket-Version": "13",
};

Deno.test("the page and its assets are served, with a strict policy and an ETag", async () => {
  await using service = await testService();
  for (const path of ["/", "/-/assets/app.css", "/-/assets/app.js", "/-/assets/icon.svg"]) {
    const { status, head, body } = await ask(service.port, `GET ${path}`);
    assertEquals(status, 200, path);
    assertStringIncludes(head, "X-Content-Type-Options: nosniff");
    assertMatch(head, /Content-Security-Policy: default-src 'none'; script-src 'self';/);
    assert(!head.includes("unsafe"));
    const etag = /ETag: (.*)/.exec(head)![1]!.trim();
    const length = Number(/Content-Length: (\d+)/.exec(head)![1]);
    assertEquals(new TextEncoder().encode(body).length, length);

    const headed = await ask(service.port, `HEAD ${path}`);
    assertEquals([headed.status, headed.body], [200, ""]);
    assertStringIncludes(headed.head, `Content-Length: ${length}`);
    for (const known of [etag, `W/${etag}`, `"x", ${etag}`, "*"]) {
      const again = await ask(service.port, `GET ${path}`, { "If-None-Match": known });
      assertEquals([again.status, again.body], [304, ""], known);
    }
    assertEquals((await ask(service.port, `GET ${path}`, { "If-None-Match": '"x"' })).status, 200);
  }
});

Deno.test("everything that the page refers to is there", async () => {
  await using service = await testService();
  const seen = new Set<string>();
  const follow = async (path: string) => {
    if (seen.has(path)) return;
    seen.add(path);
    const response = await fetch(new URL(path, service.url));
    const text = await response.text();
    assertEquals(response.status, 200, path);
    for (const [, name] of text.matchAll(/["'(](\/-\/assets\/[\w./-]+)["')]/g)) await follow(name!);
    if (path.endsWith(".js")) {
      for (const [, name] of text.matchAll(/from "\.\/([\w.-]+)"/g)) {
        await follow(`/-/assets/${name}`);
      }
    }
  };
  await follow("/");
  assert(seen.size > 3);
});

const answers: [line: string, status: number][] = [
  ["GET /-/assets/../../main.ts", 404],
  ["GET /-/assets/..%2f..%2fmain.ts", 404],
  ["GET /-/assets/%2e%2e/main.ts", 404],
  ["GET /-/assets/..%5cmain.ts", 404],
  ["GET /-/assets/%252e%252e%252fmain.ts", 404],
  ["GET /-/assets//app.css", 404],
  ["GET /-/assets/.env", 404],
  ["GET /-/assets/", 404],
  ["GET /-/assets", 404],
  ["GET /-/assets/__proto__", 404],
  ["GET /-/assets/constructor", 404],
  [`GET /-/assets/${"a".repeat(5000)}`, 404],
  ["GET /-/assets/app.css%00", 400],
  ["GET /-/assets/%zz", 400],
  ["GET /-/assets/%", 400],
  ["GET /-/assets/%ff", 400],
  ["GET /%0d%0aX-Split:%20yes", 400],
  ["GET /-/assets/app.css?v=1", 200],
  ["GET /-/assets/app%2Ecss", 200],
  ["POST /-/assets/app.css", 405],
  ["DELETE /", 405],
  ["POST /-/health", 405],
  ["GET /-/", 404],
  ["GET /-/nothing", 404],
  ["GET /app/x", 404],
  ["GET /apps/x", 404],
];
Deno.test("targets get the answers that they should, however they are spelled", async () => {
  await using service = await testService();
  for (const [line, expected] of answers) {
    const { status, head } = await ask(service.port, line);
    assertEquals(status, expected, line);
    assert(!head.includes("X-Split"), line);
    if (expected === 405) assertStringIncludes(head, "Allow: GET, HEAD");
  }
});

Deno.test("health says ok", async () => {
  await using service = await testService();
  const { status, head, body } = await ask(service.port, "GET /-/health");
  assertEquals([status, body], [200, '{"status":"ok"}']);
  assertStringIncludes(head, "Content-Type: application/json");
});

Deno.test("health says draining on a connection that is there while the server shuts down", async () => {
  const service = await testService();
  using conn = await Deno.connect({ hostname: "127.0.0.1", port: service.port });
  const client = new WebSocket(`ws://127.0.0.1:${service.port}/-/echo`);
  await new Promise((resolve) => client.onopen = resolve);
  const request = new TextEncoder().encode(`GET /-/health HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  await conn.write(request.subarray(0, 10));
  const closed = new Promise<CloseEvent>((resolve) => client.onclose = resolve);
  const ended = service.shutdown();
  await conn.write(request.subarray(10));
  const answer = await new Response(conn.readable).text();
  assertMatch(answer, /^HTTP\/1.1 503 /);
  assertStringIncludes(answer, '{"status":"draining"}');
  assertStringIncludes(answer, "Connection: close");
  assertEquals((await closed).code, 1001);
  await ended;
  await service.finished;
});

const handshakes: [name: string, line: string, fields: Record<string, string>, status: number][] = [
  ["a good one", "GET /-/echo", {}, 101],
  ["a good one with a query", "GET /-/echo?x=1", {}, 101],
  ["token lists in any case", "GET /", {
    Connection: "keep-alive, UPGRADE",
    Upgrade: "h2c, WebSocket",
  }, 101],
  ["no upgrade", "GET /-/echo", { Upgrade: "h2c" }, 426],
  ["Upgrade without Connection", "GET /-/echo", { Connection: "close" }, 400],
  ["POST", "POST /-/echo", {}, 405],
  ["POST to the ticker", "POST /", {}, 405],
  ["a body", "GET /-/echo", { "Content-Length": "1" }, 400],
  ["a chunked body", "GET /-/echo", { "Transfer-Encoding": "chunked" }, 400],
  ["an old version", "GET /-/echo", { "Sec-WebSocket-Version": "8" }, 426],
  ["a short key", "GET /-/echo", { "Sec-WebSocket-Key": "c2hvcnQ=" }, 400],
  ["a stranger's page", "GET /-/echo", { Origin: "http://evil.example" }, 403],
  ["a stranger's page at the ticker", "GET /", { Origin: "http://evil.example" }, 403],
  ["a rebound name", "GET /-/echo", { Host: "evil.example" }, 421],
];
Deno.test("handshakes get the answers that they should", async () => {
  await using service = await testService();
  for (const [name, line, fields, expected] of handshakes) {
    using conn = await Deno.connect({ hostname: "127.0.0.1", port: service.port });
    const all = { Host: `localhost:${service.port}`, ...upgrade, ...fields };
    const lines = Object.entries(all).map(([n, v]) => `${n}: ${v}\r\n`).join("");
    await conn.write(new TextEncoder().encode(`${line} HTTP/1.1\r\n${lines}\r\n`));
    const buffer = new Uint8Array(2048);
    const head = new TextDecoder().decode(buffer.subarray(0, await conn.read(buffer) ?? 0));
    assertMatch(head, new RegExp(`^HTTP/1.1 ${expected} `), name);
    if (expected === 101) {
      assertStringIncludes(head, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    } else if (expected !== 426 || name === "an old version") {
      assertStringIncludes(head, "Connection: close", name);
    }
    if (name === "an old version") assertStringIncludes(head, "Sec-WebSocket-Version: 13");
  }
});

Deno.test("HTTP/1.0 is served and closed, never upgraded", async () => {
  await using service = await testService();
  using conn = await Deno.connect({ hostname: "127.0.0.1", port: service.port });
  const lines = Object.entries(upgrade).map(([n, v]) => `${n}: ${v}\r\n`).join("");
  await conn.write(new TextEncoder().encode(`GET / HTTP/1.0\r\n${lines}\r\n`));
  const answer = await new Response(conn.readable).text();
  assertMatch(answer, /^HTTP\/1.1 200 [\s\S]*Connection: close[\s\S]*<!doctype html>/i);
});

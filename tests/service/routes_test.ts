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

Deno.test("HTTP/1.0 is served and closed, never upgraded", async () => {
  await using service = await testService();
  using conn = await Deno.connect({ hostname: "127.0.0.1", port: service.port });
  const lines = Object.entries(upgrade).map(([n, v]) => `${n}: ${v}\r\n`).join("");
  await conn.write(new TextEncoder().encode(`GET / HTTP/1.0\r\n${lines}\r\n`));
  const answer = await new Response(conn.readable).text();
  assertMatch(answer, /^HTTP\/1.1 200 [\s\S]*Connection: close[\s\S]*<!doctype html>/i);
});

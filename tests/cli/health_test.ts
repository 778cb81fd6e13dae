/**
 * `kodama health`: what it asks, and what it makes of the answer.
 */
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { health } from "../../lib/cli/health.ts";
import { Failure } from "../../lib/cli/request.ts";
import { parseCommand } from "../../lib/settings/command.ts";
import { run } from "../tools/command.ts";
import { Subscriber } from "../tools/channels.ts";
import { makePair, writePair } from "../tools/certificates.ts";
import { testService } from "../tools/service.ts";

/** What is said of a server, by a command line and an environment. */
function said(args: string[], env: Record<string, string> = {}): Promise<string> {
  const command = parseCommand(["health", ...args], (name) => env[name]);
  if (command.run !== "health") throw new TypeError("not health");
  return health(command);
}

Deno.test("health asks the server of the settings, or the one of a URL, and says what it answered", async () => {
  await using service = await testService();
  const port = String(service.port), url = `http://127.0.0.1:${port}`;
  const ok = `${url}/-/health answered 200: {"status":"ok"}`;
  assertEquals(await said([], { KODAMA_PORT: port }), ok);
  assertEquals(await said(["--port", port], { KODAMA_PORT: "1" }), ok);
  assertEquals(await said([], { KODAMA_PORT: port, KODAMA_HOSTNAME: "0.0.0.0" }), ok);
  assertEquals(await said([url], { KODAMA_PORT: "1" }), ok);
  assertEquals(await said([`${url}/-/ready`]), `${url}/-/ready answered 200: {"status":"ready"}`);
  assertMatch(await said([`http://localhost:${port}/`]), /^http:\/\/localhost:\d+\/-\/health /);
});

Deno.test("health asks a server that goes by another name by that name", async () => {
  await using service = await testService("--host", "push.example");
  const env = { KODAMA_PORT: String(service.port), KODAMA_HOST: "push.example,b.example" };
  assertMatch(await said([], env), /200/);
  await assertRejects(() => said([], { ...env, KODAMA_HOST: "" }), Failure, "answered 421: ");
});

Deno.test("health fails while the server drains, and where it is asked for something else", async () => {
  await using service = await testService("--drain", "5s");
  const url = `http://127.0.0.1:${service.port}`;
  await assertRejects(() => said([`${url}/-/nothing`]), Failure, "answered 404: nothing is here");
  using _one = await Subscriber.open(service, "/-/echo");
  const end = service.shutdown();
  // Nobody is accepted any more.
  await assertRejects(() => said([url]), Failure, `${url}/-/health: connect E`);
  _one[Symbol.dispose]();
  await end;
});

Deno.test("health asks over TLS without verifying what stands on the same machine, and on a Unix socket", async () => {
  using files = writePair(await makePair({ names: ["push.example"] }));
  await using secure = await testService(...files.flags);
  const env = { KODAMA_PORT: String(secure.port), KODAMA_CERT: files.cert };
  const { port } = secure;
  assertMatch(await said([], env), /^https:\/\/127\.0\.0\.1:\d+\/-\/health answered 200/);
  const acme = { KODAMA_PORT: String(port), KODAMA_ACME: "me@a.example", KODAMA_HOST: "localhost" };
  assertMatch(await said([], acme), /^https:\/\/127\.0\.0\.1:\d+\/-\/health answered 200/);
  assertMatch(await said([`https://localhost:${port}`]), /answered 200/);
  await assertRejects(() => said([`http://127.0.0.1:${port}`]), Failure);

  const folder = await Deno.makeTempDir();
  try {
    await using local = await testService("--port", "none", "--unix", `${folder}/s`);
    assertEquals(local.url, `unix:${folder}/s`);
    const env = { KODAMA_PORT: "none", KODAMA_UNIX: `${folder}/s` };
    assertEquals(await said([], env), `unix:${folder}/s/-/health answered 200: {"status":"ok"}`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("health waits for a server that says nothing no longer than --timeout", async () => {
  using silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepted = silent.accept();
  const failed = said([`http://127.0.0.1:${silent.addr.port}`, "--timeout", "50ms"]);
  await assertRejects(() => failed, Failure, "/-/health: no answer within 50 ms");
  (await accepted).close();
});

Deno.test("an answer that is not Kodama's is shown short, on one line", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const answering = (async () => {
    using conn = await listener.accept();
    await conn.read(new Uint8Array(1024));
    const body = "\x1b[31m\r\n" + "x".repeat(10_000);
    const head = `HTTP/1.1 500 No\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n`;
    await conn.write(new TextEncoder().encode(head + body));
  })();
  const url = `http://127.0.0.1:${listener.addr.port}`;
  const { message } = await assertRejects(() => said([url]), Failure);
  assertMatch(message, /answered 500: \\u001b\[31m\\u000d\\u000ax{150,200}$/);
  await answering;
});

Deno.test("kodama health ends with 0 or 1 and says one line", async () => {
  await using service = await testService();
  const env = { KODAMA_PORT: String(service.port), KODAMA_LOG_LEVEL: "error" };
  const url = `http://127.0.0.1:${service.port}/-/health`;
  assertEquals(await run(["health"], { env }), {
    ...{ code: 0, out: `${url} answered 200: {"status":"ok"}\n`, err: "" },
  });
  const { code, out, err } = await run(["health", `http://127.0.0.1:${service.port}/-/x`]);
  assertEquals([code, out], [1, ""]);
  assertMatch(err, /^kodama: .*\/-\/x answered 404: nothing is here\n$/);
  const none = await run(["health"], { env: { KODAMA_PORT: "0" } });
  assertEquals([none.code, none.err], [
    1,
    "kodama: health needs a URL: port 0 is any free one\n",
  ]);
});

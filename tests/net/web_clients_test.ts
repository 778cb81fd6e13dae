/** Clients that others wrote, unmodified, and a function of the web. */
import { assertEquals } from "@std/assert";
import { webServer } from "../tools/web.ts";
import { within } from "../tools/raw.ts";
import type { TestServer } from "../tools/server.ts";

const PATIENCE = 60_000;
const MIB = 1 << 20;

/** Says what it was asked, sends back what it gets, counts it, and makes something long. */
function server(aborted: () => void = () => {}): TestServer {
  return webServer(async (asked) => {
    const { pathname } = new URL(asked.url);
    if (pathname === "/echo") return new Response(asked.body);
    if (pathname === "/form") return Response.json([...await asked.formData()]);
    if (pathname === "/long") {
      const part = new Uint8Array(MIB);
      return new Response(ReadableStream.from((async function* () {
        for (let i = 0; i < 100; i++) yield part;
      })()));
    }
    if (pathname === "/wait") {
      return await new Promise((_, reject) =>
        asked.signal.addEventListener("abort", () => {
          aborted();
          reject(asked.signal.reason);
        })
      );
    }
    let size = 0;
    for await (const part of asked.body ?? []) size += part.length;
    return new Response(`${asked.method} ${size}`, { headers: { "X-A": "b" } });
  });
}

async function run(program: string, args: string[], input?: ReadableStream<Uint8Array>) {
  const stdin = input === undefined ? "null" : "piped";
  const child = new Deno.Command(program, { args, stdin, stdout: "piped", stderr: "piped" })
    .spawn();
  input?.pipeTo(child.stdin).catch(() => {});
  const { stdout, stderr } = await within(PATIENCE, program, child.output());
  return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
}

/** So many MiB of zeros. */
const zeros = (count: number) =>
  ReadableStream.from(Array.from({ length: count }, () => new Uint8Array(MIB)));

Deno.test("curl sends and gets what it should", async () => {
  await using service = server();
  const url = `http://127.0.0.1:${(service.server.addr as Deno.NetAddr).port}`;
  const curl = (...args: string[]) => run("curl", ["-sS", ...args]);
  assertEquals(await curl(`${url}/x`), "GET 0");
  assertEquals(await curl(`${url}/x`, "-d", "hello"), "POST 5");
  assertEquals(await curl("-F", "a=b", `${url}/form`), '[["a","b"]]');
  const head = await curl("-I", `${url}/x`);
  assertEquals(/^HTTP\/1\.1 200 OK\r\n[^]*x-a: b\r\n/.test(head), true, head);
  // It sends no length then, and waits to be asked for the body.
  const upload = ["-sS", "-T", "-", "-H", "Expect: 100-continue", `${url}/x`];
  assertEquals(await run("curl", upload, zeros(100)), `PUT ${100 * MIB}`);
  const count = ["-o", "/dev/null", "-w", "%{http_code} %{size_download} %{num_connects}"];
  assertEquals(await curl(...count, `${url}/long`), `200 ${100 * MIB} 1`);
  assertEquals(await curl(...count, "--http1.0", `${url}/long`), `200 ${100 * MIB} 1`);
  // Three requests, and the connection is kept.
  const three = await curl(
    ...["-w", " %{num_connects};", `${url}/x`, "--next", "-sS", "-w", " %{num_connects};"],
    ...["-d", "hi", `${url}/echo`, "--next", "-sS", "-w", " %{num_connects};", `${url}/x`],
  );
  assertEquals(three, "GET 0 1;hi 0;GET 0 0;");
});

/** Node's own two clients; it prints what they get. */
const script = (url: string) => `
  import http from "node:http";
  const url = ${JSON.stringify(url)};
  const got = [];
  got.push(await (await fetch(url + "/x", { method: "PUT", body: "hello" })).text());
  const part = new Uint8Array(1 << 20);
  const parts = async function* () { for (let i = 0; i < 100; i++) yield part; };
  const up = { method: "POST", duplex: "half", body: ReadableStream.from(parts()) };
  got.push(await (await fetch(url + "/x", up)).text());
  let size = 0;
  for await (const piece of (await fetch(url + "/long")).body) size += piece.length;
  got.push(size);
  await fetch(url + "/wait", { signal: AbortSignal.timeout(100) }).catch((e) => got.push(e.name));
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const ask = (path, method, body) => new Promise((resolve, reject) => {
    const request = http.request(url + path, { agent, method }, async (response) => {
      let text = "";
      for await (const piece of response) text += piece;
      resolve([response.statusCode, text, request.reusedSocket]);
    });
    request.on("error", reject);
    for (const each of body) request.write(each);
    request.end();
  });
  got.push(await ask("/x", "GET", []), await ask("/echo", "POST", ["a", "b"]), await ask("/x", "DELETE", []));
  console.log(JSON.stringify(got));
  agent.destroy();
`;

Deno.test("Node's fetch and http send and get what they should, and what they give up is aborted", async () => {
  const aborted = Promise.withResolvers<void>();
  await using service = server(aborted.resolve);
  const { port } = service.server.addr as Deno.NetAddr;
  const url = `http://127.0.0.1:${port}`;
  const got = await run("node", ["--input-type=module", "-e", script(url)]);
  assertEquals(JSON.parse(got), [
    "PUT 5",
    `POST ${100 * MIB}`,
    100 * MIB,
    "TimeoutError",
    [200, "GET 0", false],
    [200, "ab", true],
    [200, "DELETE 0", true],
  ]);
  await within(PATIENCE, "abort", aborted.promise);
});

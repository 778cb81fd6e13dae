import { assertEquals, assertLess, assertMatch, assertStringIncludes } from "@std/assert";
import manifest from "../../deno.json" with { type: "json" };
import { kodama, run, until } from "../tools/command.ts";
import { RawClient, textOf } from "../tools/raw.ts";
import { HANDSHAKE } from "../tools/websocket.ts";

Deno.test("--version and --help say so and end with 0", async () => {
  assertEquals(await run(["--version"]), { code: 0, out: `kodama ${manifest.version}\n`, err: "" });
  const { code, out, err } = await run(["--help"]);
  assertEquals([code, err], [0, ""]);
  assertStringIncludes(out, "--max-message");
});

Deno.test("what cannot be used is one clear line on stderr, and 1", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr as Deno.NetAddr;
  const refusals: [args: string[], line: RegExp][] = [
    [["--prot", "1"], /^kodama: unknown flag --prot; see --help\n$/],
    [["--port", "x"], /^kodama: --port must be a number from 0 to 65535, and is "x"\n$/],
    [
      ["--port", `${port}`],
      /^kodama: 127\.0\.0\.1 port \d+ is in use; choose another with --port\n$/,
    ],
    [["--hostname", "192.0.2.1"], /^kodama: cannot listen on 192\.0\.2\.1 port 9999: .*\n$/],
  ];
  for (const [args, line] of refusals) {
    const { code, out, err } = await run(args);
    assertEquals([code, out], [1, ""]);
    assertMatch(err, line);
  }
});

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  Deno.test(`it prints its URL, serves, and on ${signal} closes with 1001 and ends with 0`, async () => {
    const began = performance.now();
    const child = kodama(["--port", "0", "--drain", "5s"]).spawn();
    const [, url] = await until(
      child.stdout,
      /^Kodama listens\. Open (http:\/\/127\.0\.0\.1:\d+\/)\n/,
    );
    assertLess(performance.now() - began, 10_000);
    const client = new WebSocket(url!.replace("http", "ws"));
    const { data } = await new Promise<MessageEvent>((resolve) => client.onmessage = resolve);
    assertEquals(data, "echo 1");
    client.send("client: echo 1");
    await until(child.stderr, /received peer="127\.0\.0\.1:\d+" text="client: echo 1" bytes=14\n/);
    const end = new Promise<CloseEvent>((resolve) => client.onclose = resolve);
    child.kill(signal);
    // npx and the terminal both pass one Ctrl-C on: that is no second signal.
    child.kill(signal);
    const { code, reason, wasClean } = await end;
    assertEquals([code, reason, wasClean], [1001, "shutting down", true]);
    assertEquals((await child.status).code, 0);
    await Promise.all([child.stdout.cancel(), child.stderr.cancel()]);
  });
}

/** A child that serves one WebSocket that never answers a close, until it closes it. */
async function withSilentClient(args: string[]) {
  const child = kodama(["--port", "0", ...args]).spawn();
  const [, url] = await until(child.stdout, /Open (http:\S+)/);
  const raw = await RawClient.connect({
    transport: "tcp",
    hostname: "127.0.0.1",
    port: Number(new URL(url!).port),
  });
  await raw.send(HANDSHAKE.replace("/chat", "/").replace("server.example.com", "127.0.0.1"));
  await raw.until((bytes) => textOf(bytes).includes("echo 1"));
  return { child, raw };
}

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  Deno.test(`a second ${signal} ends it at once, with 1`, async () => {
    const { child, raw } = await withSilentClient(["--drain", "60s", "--close-timeout", "60s"]);
    using _raw = raw;
    child.kill(signal);
    await raw.until((bytes) => textOf(bytes).includes("shutting down"));
    // Later than what is taken for the same signal, passed on twice.
    await new Promise((resolve) => setTimeout(resolve, 150));
    const began = performance.now();
    child.kill(signal);
    assertEquals((await child.status).code, 1);
    assertLess(performance.now() - began, 2000);
    await Promise.all([child.stdout.cancel(), child.stderr.cancel()]);
  });
}

Deno.test("whoever does not answer a close is dropped after --drain, and it ends with 0", async () => {
  const { child, raw } = await withSilentClient(["--drain", "300ms"]);
  using _raw = raw;
  const began = performance.now();
  child.kill("SIGTERM");
  assertEquals((await child.status).code, 0);
  assertLess(performance.now() - began, 2000);
  await Promise.all([child.stdout.cancel(), child.stderr.cancel()]);
});

Deno.test("it says at the start what it is, and which variables it does not know", async () => {
  const child = kodama(["--port", "0"], { env: { KODAMA_PROT: "1", KODAMA_TOKEN: "a.b.c" } })
    .spawn();
  const [lines] = await until(child.stderr, /[^]*started .*\n/);
  const [unknown, started, ...more] = lines.trimEnd().split("\n");
  assertMatch(unknown!, /warning unknown variable name="KODAMA_PROT" nearest="KODAMA_PORT"$/);
  assertMatch(
    started!,
    new RegExp(
      `info started version="${manifest.version}" url="http://127.0.0.1:\\d+/" access="protected mode" tap="on" tls="off" engine="memory" workers=1$`,
    ),
  );
  assertEquals(more, []);
  child.kill("SIGTERM");
  assertEquals((await child.status).code, 0);
  await Promise.all([child.stdout.cancel(), child.stderr.cancel()]);
});

for (const [address, shown] of [["0.0.0.0", "127\\.0\\.0\\.1"], ["::", "\\[::1\\]"]] as const) {
  Deno.test(`--hostname ${address} prints an address that can be opened`, async () => {
    const child = kodama(["--port", "0", "--hostname", address]).spawn();
    const line = `Open (http://${shown}:\\d+/) \\(it listens on all addresses\\)\n`;
    const [, url] = await until(child.stdout, new RegExp(line));
    const answer = await fetch(url + "-/health");
    assertEquals([answer.status, await answer.text()], [200, '{"status":"ok"}']);
    child.kill("SIGTERM");
    assertEquals((await child.status).code, 0);
    await Promise.all([child.stdout.cancel(), child.stderr.cancel()]);
  });
}

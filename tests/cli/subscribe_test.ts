/**
 * `kodama subscribe`: in this process, and as a child with pipes.
 */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { Failure } from "../../lib/cli/request.ts";
import { printMessages } from "../../lib/cli/subscribe.ts";
import { mintToken } from "../../lib/auth/mint.ts";
import { parseCommand } from "../../lib/settings/command.ts";
import { ask, deserted, post } from "../tools/channels.ts";
import { kodama, run, until } from "../tools/command.ts";
import { proxy } from "../tools/proxy.ts";
import { within } from "../tools/raw.ts";
import { testService } from "../tools/service.ts";

const secret = "a secret of at least thirty-two bytes";

/** The command in this process, and what it printed and told. */
class Printing {
  readonly ended: Promise<void>;
  readonly lines: string[] = [];
  readonly told: string[] = [];
  /** Stands in for the pipe: resolves when it may be written to. */
  writable: Promise<void> = Promise.resolve();
  /** Resolves when something was to be written. */
  readonly asked: PromiseWithResolvers<void> = Promise.withResolvers();
  readonly #end = new AbortController();
  readonly #decoder = new TextDecoder();
  #last = "";
  #look = () => {};

  constructor(...args: string[]) {
    const command = parseCommand(["subscribe", ...args], () => undefined);
    assert(command.run === "subscribe");
    this.ended = printMessages(command, {
      terminal: false,
      signal: this.#end.signal,
      tell: (line) => {
        this.told.push(line);
        this.#look();
      },
      write: async (bytes) => {
        this.asked.resolve();
        await this.writable;
        const lines = (this.#last + this.#decoder.decode(bytes, { stream: true })).split("\n");
        this.#last = lines.pop()!;
        this.lines.push(...lines);
        this.#look();
        return bytes.length;
      },
    });
    this.ended.catch(() => {});
  }

  /** Waits until something holds of what was printed and told. */
  async until(done: () => boolean): Promise<void> {
    const met = new Promise<void>((resolve) => {
      this.#look = () => done() && resolve();
      this.#look();
    });
    await within(10_000, "what is waited for", met);
  }

  /** Ends it as a signal does. */
  async end(): Promise<void> {
    this.#end.abort();
    await this.ended;
  }
}

Deno.test("it prints what comes on its channels, in order, and ends when it shall", async () => {
  await using service = await testService();
  await post(service, "a", "before");
  const printing = new Printing(`${service.url}a,b`, "--since", "all");
  await printing.until(() => printing.lines.length === 1);
  await post(service, "b", '{"price": 42}', "application/json");
  const { id } = await post(service, "a", new Uint8Array([0, 255]), "application/octet-stream");
  await printing.until(() => printing.lines.length === 3);
  assertEquals(printing.lines, ["before", '{"price": 42}', "AP8="]);
  await printing.end();
  assertEquals(printing.told, []);

  const envelopes = new Printing(`${service.url}a`, "--since", "all", "--json");
  await envelopes.until(() => envelopes.lines.length === 2);
  assertEquals(envelopes.lines[1], `{"id":"${id}","ch":"a","base64":"AP8="}`);
  await envelopes.end();
});

Deno.test("it comes back after cuts without loss, and tells that it was gone", async () => {
  await using service = await testService();
  await using between = proxy(service.port);
  const printing = new Printing(`http://127.0.0.1:${between.port}/c`, "--since", "all");
  await post(service, "c", "1");
  await printing.until(() => printing.lines.length === 1);
  between.cut();
  await post(service, "c", "2");
  await printing.until(() => printing.lines.length === 2);
  assertEquals(printing.lines, ["1", "2"]);
  assertMatch(printing.told[0]!, /^cut off.*; trying again$/);
  assertEquals(printing.told.at(-1), "connected again");
  await printing.end();
});

Deno.test("it waits for a server that is not there, and tells a gap of one that was", async () => {
  const first = await testService("--drain", "5s");
  const { port } = first;
  const url = `${first.url}c?token=SEKRET`;
  await first.shutdown();
  const printing = new Printing(url, "--since", "old.1");
  await printing.until(() => printing.told.length === 1);
  assertMatch(
    printing.told[0]!,
    /^cannot reach http:\/\/127\.0\.0\.1:\d+\/c: .*[Cc]onnection refused; trying again$/,
  );
  await using second = await testService("--port", `${port}`);
  await post(second, "c", "new");
  await printing.until(() => printing.lines.length === 1);
  assertEquals(printing.told.slice(1), [
    "connected again",
    "something may be missing on c: epoch",
  ]);
  await printing.end();
});

Deno.test("what does not get better ends it: no token, a bad one, one that expires", async () => {
  await using service = await testService("--secret", secret);
  const claims = { read: ["c"], write: [], subject: "" };
  const good = await mintToken(secret, { ...claims, ttl: 60_000 }, Date.now());
  const brief = await mintToken(secret, { ...claims, ttl: 2000 }, Date.now());
  const cases: [args: string[], line: RegExp][] = [
    [["c", "--token", brief], /^the server ended it \(1008 token expired\)$/],
    [["c"], /^http:\S+\/c answered 401: a token is needed to read c$/],
    [["c?token=SEKRET"], /^http:\S+\/c answered 401: the token is not valid$/],
    [["d", "--token", good], /^http:\S+\/d answered 403: not allowed to read d$/],
    [["app/x"], /^http:\S+\/app\/x answered 404: nothing is here$/],
  ];
  for (const [[path, ...flags], line] of cases) {
    const printing = new Printing(`${service.url}${path}`, ...flags);
    const error = await assertRejects(() => printing.ended, Failure);
    assertMatch(error.message, line);
    assertEquals(printing.told, []);
  }
});

Deno.test("messages wait on the server while the reader is slow, and none is lost", async () => {
  await using service = await testService();
  const size = 1 << 20, count = 24;
  for (let n = 0; n < count; n++) await post(service, "c", `${n} `.padEnd(size, "."));
  const pipe = Promise.withResolvers<void>();
  const printing = new Printing(`${service.url}c`, "--since", "all");
  printing.writable = pipe.promise;
  // It has been there, and left with 17 MiB that nobody reads.
  await printing.asked.promise;
  await deserted(service);
  await post(service, "c", "the last");
  pipe.resolve();
  await printing.until(() => printing.lines.length === count + 1);
  const numbers = printing.lines.map((line) => line.split(" ")[0]);
  assertEquals(numbers, [...Array.from({ length: count }, (_, n) => `${n}`), "the"]);
  assertEquals(printing.told, []);
  await printing.end();
});

Deno.test("as a child it prints lines into a pipe, and ends with 0 on SIGINT and SIGTERM", async () => {
  await using service = await testService();
  await post(service, "c", "one");
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    const child = kodama(["subscribe", `${service.url}c`, "--since", "all"]).spawn();
    await until(child.stdout, /^one\n$/);
    child.kill(signal);
    const { code, stderr } = await child.output();
    assertEquals([code, new TextDecoder().decode(stderr)], [0, ""]);
  }
});

Deno.test("as a child it ends with 0 when its reader has had enough", async () => {
  await using service = await testService();
  await post(service, "c", "one");
  const child = kodama(["subscribe", `${service.url}c`, "--since", "all"]).spawn();
  await until(child.stdout, /^one\n$/);
  await child.stdout.cancel();
  await post(service, "c", "two");
  const { code } = await child.status;
  assertEquals([code, await new Response(child.stderr).text()], [0, ""]);
});

Deno.test("as a child it goes on after the server has restarted on its port", async () => {
  const first = await testService("--drain", "5s");
  await post(first, "c", "one");
  const child = kodama(["subscribe", `${first.url}c`, "--since", "all"]).spawn();
  await until(child.stdout, /^one\n$/);
  await first.shutdown();
  await using second = await testService("--port", `${first.port}`);
  await post(second, "c", "two");
  await until(child.stdout, /^two\n$/);
  child.kill("SIGTERM");
  const [{ code }, told] = await Promise.all([child.status, new Response(child.stderr).text()]);
  await child.stdout.cancel();
  assertEquals(code, 0);
  assertMatch(told, /^kodama: cut off \(1001 shutting down\); trying again\n/);
  assertMatch(told, /kodama: connected again\nkodama: something may be missing on c: epoch\n$/);
});

Deno.test("as a child it says in one line why it is refused, and never its token", async () => {
  await using service = await testService("--secret", secret);
  const { code, out, err } = await run(["subscribe", `${service.url}c`], {
    env: { KODAMA_TOKEN: "a.b.SEKRET" },
  });
  assertEquals([code, out], [1, ""]);
  assertMatch(err, /^kodama: http:\S+\/c answered 401: the token is not valid\n$/);
  assertEquals((await ask(service, "GET /-/health")).status, 200);
  assertEquals(JSON.stringify(service.log.lines).includes("SEKRET"), false);
});

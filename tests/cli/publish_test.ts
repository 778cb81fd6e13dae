import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { publish } from "../../lib/cli/publish.ts";
import { Failure } from "../../lib/cli/request.ts";
import { mintToken } from "../../lib/auth/mint.ts";
import { parseCommand } from "../../lib/settings/command.ts";
import { remembered, Subscriber } from "../tools/channels.ts";
import { type ChildOptions, run } from "../tools/command.ts";
import { testService } from "../tools/service.ts";

const secret = "a secret of at least thirty-two bytes";

/** The command in this process. */
async function published(...args: string[]): Promise<string> {
  const command = parseCommand(["publish", ...args], () => undefined);
  assert(command.run === "publish");
  return await publish(command, () => Promise.reject(new Error("standard input was read")));
}

Deno.test("it publishes its argument, or standard input as it is, and prints the receipt", async () => {
  await using service = await testService();
  const url = `${service.url}c`;
  const cases: [args: string[], options: ChildOptions][] = [
    [[url, "an argument"], {}],
    [[url], { input: "input\nof two lines\n" }],
    [[url, "-", "--type", "application/json"], { input: '{"a":[1]}' }],
    [["--type", "application/octet-stream", url], { input: new Uint8Array([0, 255]) }],
  ];
  for (const [args, options] of cases) {
    const { code, out, err } = await run(["publish", ...args], options);
    assertEquals([code, err], [0, ""]);
    assertMatch(out, /^\{"id":"\w+\.\d+","subscribers":0\}\n$/);
  }
  assertEquals(await remembered(service, "c"), [
    { ch: "c", data: "an argument" },
    { ch: "c", data: "input\nof two lines\n" },
    { ch: "c", data: { a: [1] } },
    { ch: "c", base64: "AP8=" },
  ]);
});

Deno.test("the same key publishes once; an empty text is a message", async () => {
  await using service = await testService();
  const url = `${service.url}c`;
  const receipt = await published(url, "once", "--key", "k1");
  assertEquals(await published(url, "once", "--key", "k1"), receipt);
  await published(url, "");
  assertEquals((await remembered(service, "c")).map(({ data }) => data), ["once", ""]);
});

Deno.test("what a sender publishes is not told to the connections of that name", async () => {
  await using service = await testService();
  using own = await Subscriber.open(service, "/c?sender=me");
  await published(`${service.url}c`, "mine", "--sender", "me");
  await published(`${service.url}c`, "not mine");
  assertEquals(await own.text(), "not mine");
});

Deno.test("what fails is one line on standard error, and 1; no secret is in it", async () => {
  await using service = await testService("--secret", secret, "--max-message", "10");
  const url = `${service.url}c?token=SEKRET`;
  const claims = { read: [], write: ["d"], ttl: 60_000, subject: "" };
  const token = await mintToken(secret, claims, Date.now());
  using free = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = free.addr as Deno.NetAddr;
  free.close();
  const cases: [args: string[], line: RegExp][] = [
    [[url, "x"], /^http:\/\/127\.0\.0\.1:\d+\/c answered 401: the token is not valid$/],
    [[`${service.url}c`, "x"], /answered 401: a token is needed to write c$/],
    [[`${service.url}c`, "x", "--token", token], /answered 403: not allowed to write c$/],
    [[`${service.url}d`, "over ten bytes", "--token", token], /answered 413: .+$/],
    [[`${service.url}app/x`, "x"], /answered 404: nothing is here$/],
    [
      [`http://127.0.0.1:${port}/c?token=SEKRET`, "x"],
      /^cannot reach http:\/\/127\.0\.0\.1:\d+\/c: .*[Cc]onnection refused$/,
    ],
    [
      ["http://kodama.invalid/c?token=SEKRET", "x"],
      /^cannot reach http:\/\/kodama\.invalid\/c: .+$/,
    ],
  ];
  for (const [args, line] of cases) {
    const error = await assertRejects(() => published(...args), Failure);
    assertMatch(error.message, line);
    assertEquals(/SEKRET|\n/.test(error.message) || error.message.includes(token), false);
  }
  const { code, out, err } = await run(["publish", url, "x"], {
    env: { KODAMA_TOKEN: "a.b.SEKRET" },
  });
  assertEquals([code, out], [1, ""]);
  assertMatch(err, /^kodama: http:\/\/127\.0\.0\.1:\d+\/c answered 401: the token is not valid\n$/);
  assertEquals(/SEKRET/.test(JSON.stringify(service.log.lines)), false);
});

/** A server that gives these answers, one a request. */
function answering(...statuses: number[]) {
  const keys: (string | null)[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    keys.push(request.headers.get("idempotency-key"));
    const status = statuses.shift()!;
    if (status === 200) return new Response('{"id":"e.1","subscribers":2}\n');
    return new Response("\x1b[2Jbusy\nsecond line", { status, headers: { "Retry-After": "0" } });
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}/c`,
    keys,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

Deno.test("with a key a failure that may pass is tried again, without one it is not", async () => {
  const random = Math.random;
  Math.random = () => 0;
  try {
    await using server = answering(503, 502, 200, 503, 403, 503, 503, 503, 503, 503);
    const { url, keys } = server;
    assertEquals(await published(url, "x", "--key", "k1"), '{"id":"e.1","subscribers":2}');
    assertEquals(keys.splice(0), ["k1", "k1", "k1"]);
    await assertRejects(() => published(url, "x"), Failure, "answered 503: \\u001b[2Jbusy");
    assertEquals(keys.splice(0), [null]);
    await assertRejects(() => published(url, "x", "--key", "k2"), Failure, "answered 403");
    assertEquals(keys.splice(0), ["k2"]);
    await assertRejects(() => published(url, "x", "--key", "k3"), Failure, "answered 503");
    assertEquals(keys.length, 5);
  } finally {
    Math.random = random;
  }
});

Deno.test("an answer that is no receipt is told, and no redirection is followed", async () => {
  let answer = () => new Response("<html>");
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => answer(),
  );
  const url = `http://127.0.0.1:${server.addr.port}/c`;
  await assertRejects(() => published(url, "x"), Failure, "is not Kodama");
  answer = () => Response.redirect("http://kodama.invalid/c");
  await assertRejects(() => published(url, "x"), Failure, "answered 302");
});

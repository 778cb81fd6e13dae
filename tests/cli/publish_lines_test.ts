import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { publishLines } from "../../lib/cli/publish_lines.ts";
import { Failure } from "../../lib/cli/request.ts";
import { parseCommand } from "../../lib/settings/command.ts";
import { remembered } from "../tools/channels.ts";
import { kodama, run, until } from "../tools/command.ts";
import { testService } from "../tools/service.ts";

/** A source of lines, a piece at a time. */
function source() {
  const { readable, writable } = new TransformStream<Uint8Array<ArrayBuffer>>();
  const writer = writable.getWriter(), encoder = new TextEncoder();
  return {
    readable,
    write: (piece: string | Uint8Array<ArrayBuffer>) =>
      writer.write(typeof piece === "string" ? encoder.encode(piece) : piece),
    close: () => writer.close(),
  };
}

/** The command in this process: what it printed and told, as they came, and its end. */
function lining(input: ReadableStream<Uint8Array<ArrayBuffer>>, ...args: string[]) {
  const command = parseCommand(["publish", "--lines", ...args], () => undefined);
  assert(command.run === "publish");
  const printed: string[] = [], told: string[] = [];
  let news = Promise.withResolvers<void>();
  const add = (list: string[], line: string) => {
    list.push(line);
    news.resolve();
    news = Promise.withResolvers();
  };
  const ended = publishLines(command, {
    input,
    print: (line) => Promise.resolve(add(printed, line)),
    tell: (line) => add(told, line),
  });
  // Whoever waits for it is told.
  ended.catch(() => {});
  const printing = async (count: number) => {
    while (printed.length < count) await Promise.race([news.promise, ended]);
  };
  const telling = async (count: number) => {
    while (told.length < count) await Promise.race([news.promise, ended]);
  };
  return { printed, told, ended, printing, telling };
}

/** All at once. */
function whole(text: string | Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new Response(text).body! as ReadableStream<Uint8Array<ArrayBuffer>>;
}

Deno.test("each line is a message, wherever its bytes are cut, and the last need not end", async () => {
  await using service = await testService();
  const bytes = new TextEncoder().encode('one\n\nthrée "3"\r\n四\nlast');
  const pieces = source();
  const lines = lining(pieces.readable, `${service.url}c`);
  for (const byte of bytes) await pieces.write(new Uint8Array([byte]));
  await pieces.close();
  await lines.ended;
  assertEquals((await remembered(service, "c")).map(({ data }) => data), [
    ...["one", "", 'thrée "3"', "四", "last"],
  ]);
  assertEquals([lines.printed.length, lines.told], [5, []]);
  assertMatch(lines.printed[0]!, /^\{"id":"\w+\.1","subscribers":0\}$/);
});

Deno.test("a line is published as it comes, while the next is still to come", async () => {
  await using service = await testService();
  const pieces = source();
  const lines = lining(pieces.readable, `${service.url}c`);
  for (let count = 1; count <= 3; count++) {
    await pieces.write(`line ${count}\nthe next `);
    await lines.printing(count);
    assertEquals((await remembered(service, "c")).length, count);
  }
  await pieces.close();
  await lines.ended;
});

Deno.test("thousands of lines come in their order, in few requests", async () => {
  await using service = await testService("--history", "5000");
  const count = 2500;
  const text = Array.from({ length: count }, (_, i) => `${i}\n`).join("");
  await lining(whole(text), `${service.url}a/b`).ended;
  const { messages } = await (await fetch(`${service.url}a/b?limit=1000`)).json();
  assertEquals(messages.length, 1000);
  assertEquals(
    messages.map(({ data }: { data: string }) => data),
    Array.from({ length: 1000 }, (_, i) => `${i + 1500}`),
  );
});

Deno.test("JSON is published as it was written; what is none is told, and stops nothing else", async () => {
  await using service = await testService("--max-message", "30");
  const text = ['{"n":12345678901234567890}', '1,"ch":"other"', "", "[2]", `"${"x".repeat(40)}"`];
  const lines = lining(whole(text.join("\n")), `${service.url}c`, "--type", "application/json");
  await assertRejects(() => lines.ended, Failure, "3 of 5 lines were not published");
  assertEquals(lines.told, [
    "line 2: not JSON",
    "line 3: not JSON",
    "line 5: the message is over 30 bytes",
  ]);
  const answer = await (await fetch(`${service.url}c`)).text();
  assertMatch(answer, /"data":\{"n":12345678901234567890\}.*"data":\[2\]/);
  assertEquals(await remembered(service, "other"), []);
});

Deno.test("who may not publish is told once, and it ends; the token is not shown", async () => {
  await using service = await testService("--secret", "a secret of at least thirty-two bytes");
  const lines = lining(whole("a\nb\n"), `${service.url}c?token=SEKRET`);
  const error = await assertRejects(() => lines.ended, Failure, "answered 401");
  assertEquals([error.message.includes("SEKRET"), lines.printed, lines.told], [false, [], []]);
});

Deno.test("the same key publishes the same lines once", async () => {
  await using service = await testService();
  for (const text of ["1\n2\n", "1\n2\n3\n"]) {
    await lining(whole(text), `${service.url}c`, "--key", "import").ended;
  }
  assertEquals((await remembered(service, "c")).map(({ data }) => data), ["1", "2", "3"]);
});

Deno.test("while the server is away lines wait; then each is published once", async () => {
  const random = Math.random;
  Math.random = () => 0.01;
  try {
    const first = await testService("--drain", "0s");
    const { port } = first;
    const pieces = source();
    const lines = lining(pieces.readable, `${first.url}c`);
    await pieces.write("1\n");
    await lines.printing(1);
    await first.shutdown();
    await pieces.write("2\n");
    await lines.telling(1);
    assertMatch(lines.told[0]!, /^cannot reach .*; trying again$/);
    await using second = await testService("--port", `${port}`);
    await pieces.write("3\n");
    await lines.printing(3);
    await pieces.close();
    await lines.ended;
    assertEquals((await remembered(second, "c")).map(({ data }) => data), ["2", "3"]);
    assertEquals(lines.told.slice(1), ["published again"]);
  } finally {
    Math.random = random;
  }
});

Deno.test("what was taken, and whose answer was lost, is not published twice", async () => {
  const random = Math.random;
  Math.random = () => 0.01;
  try {
    await using service = await testService();
    // Swallows the first answer.
    let asked = 0;
    await using between = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      async (request) => {
        const { pathname } = new URL(request.url);
        const { headers, body } = request;
        const own = new Headers({ "Content-Type": headers.get("content-type")! });
        const answer = await fetch(`${service.url}${pathname.slice(1)}`, {
          ...{ method: "POST", headers: own, body: await new Response(body).text() },
        });
        const text = await answer.text();
        return asked++ === 0 ? new Response("", { status: 502 }) : new Response(text);
      },
    );
    const lines = lining(whole("1\n2\n"), `http://127.0.0.1:${between.addr.port}/c`);
    await lines.ended;
    assertEquals((await remembered(service, "c")).map(({ data }) => data), ["1", "2"]);
    assertEquals(lines.printed.length, 2);
    assertMatch(lines.printed[0]!, /"replayed":true/);
  } finally {
    Math.random = random;
  }
});

Deno.test("a line without an end is refused before it fills the memory", async () => {
  await using service = await testService();
  const endless = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull: (to) => to.enqueue(new Uint8Array(64 * 1024).fill(120)),
  });
  await assertRejects(
    () => lining(endless, `${service.url}c`).ended,
    Failure,
    "a line is over 1048576 characters",
  );
});

Deno.test("by the command line: receipts on standard output, and the end of who reads them ends it", async () => {
  await using service = await testService();
  const { code, out, err } = await run(["publish", `${service.url}c`, "--lines"], {
    input: "a\nb\n",
  });
  assertEquals([code, err], [0, ""]);
  assertMatch(out, /^\{"id":"\w+\.1","subscribers":0\}\n\{"id":"\w+\.2","subscribers":0\}\n$/);

  const child = kodama(["publish", `${service.url}c`, "--lines"], { input: "" }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode("c\n"));
  await until(child.stdout, /"id"/);
  await child.stdout.cancel();
  await writer.write(new TextEncoder().encode("d\n"));
  const [{ code: ended }, said] = await Promise.all([
    child.status,
    new Response(child.stderr).text(),
  ]);
  assertEquals([ended, said], [0, ""]);
  await writer.close().catch(() => {});
});

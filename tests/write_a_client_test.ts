/** The clients of docs/write-a-client.md, cut off, and held to a gap. */
import { assertEquals, assertLess, assertMatch, assertRejects } from "@std/assert";
import { post } from "./tools/channels.ts";
import { proxy } from "./tools/proxy.ts";
import { within } from "./tools/raw.ts";
import { testService } from "./tools/service.ts";

const text = Deno.readTextFileSync(new URL("../docs/write-a-client.md", import.meta.url));
const codeOf = (language: string) =>
  new RegExp(`^\`\`\`${language}.*\n([^]*?)^\`\`\`$`, "m").exec(text)![1]!;

interface Envelope {
  id: string;
  data: unknown;
}
type Follow = (url: string, options: {
  since?: string;
  onmessage: (message: Envelope) => void;
  ongap?: (lost: Record<string, string>) => void;
  signal?: AbortSignal;
}) => Promise<void>;
const follow: Follow = new Function(
  `${codeOf("js").replace("export ", "")}; return follow;`,
)();

/** What was told, as it came. */
class Told {
  all: unknown[] = [];
  #news = Promise.withResolvers<void>();

  add(what: unknown): void {
    this.all.push(what);
    this.#news.resolve();
    this.#news = Promise.withResolvers();
  }

  async until(count: number): Promise<void> {
    while (this.all.length < count) {
      await within(20_000, `${count} of ${JSON.stringify(this.all)}`, this.#news.promise);
    }
  }
}

/** Whether Python is there. */
async function hasPython(): Promise<boolean> {
  try {
    return (await new Deno.Command("python3", { args: ["-c", ""] }).output()).success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Follows a URL from an age or a cursor on, and tells messages and gaps. Returns how that is ended. */
type Client = (url: string, since: string | undefined, told: Told) => Promise<() => Promise<void>>;

const inJavaScript: Client = (url, since, told) => {
  const end = new AbortController();
  const ended = follow(url, {
    ...since !== undefined && { since },
    onmessage: ({ data }) => told.add(data),
    ongap: (lost) => told.add(lost),
    signal: end.signal,
  });
  return Promise.resolve(() => (end.abort(), ended));
};

const inPython: Client = async (url, since, told) => {
  const folder = await Deno.makeTempDir();
  // It is to come back at once.
  const code = codeOf("python").replace("random.random()", "0.01");
  await Deno.writeTextFile(`${folder}/follow.py`, code);
  const child = new Deno.Command("python3", {
    args: [`${folder}/follow.py`, url, ...since === undefined ? [] : [since]],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  let rest = "";
  const reading = child.stdout.pipeThrough(new TextDecoderStream()).pipeTo(
    new WritableStream({
      write(text) {
        const lines = (rest + text).split("\n");
        rest = lines.pop()!;
        for (const line of lines) told.add(JSON.parse(line.replaceAll("'", '"')));
      },
    }),
  );
  return async () => {
    child.kill();
    await Promise.all([child.status, reading]);
    await Deno.remove(folder, { recursive: true });
  };
};

for (
  const [name, client, ignore] of [
    ["JavaScript", inJavaScript, false],
    ["Python (needs Python 3)", inPython, !await hasPython()],
  ] as const
) {
  Deno.test({
    name: `the client in ${name} resumes after a cut, and tells the gap of a restart`,
    ignore,
    async fn() {
      const random = Math.random;
      Math.random = () => 0.01;
      const told = new Told();
      let end: (() => Promise<void>) | undefined;
      try {
        const first = await testService("--drain", "0s");
        const { port } = first;
        await using between = proxy(port);
        await post(first, "btc", '{"n":1}', "application/json");
        end = await client(`http://127.0.0.1:${between.port}/btc`, "10m", told);
        await told.until(1);
        between.refuse = true;
        between.cut();
        await post(first, "btc", '{"n":2}', "application/json");
        await post(first, "btc", '"plain"', "application/json");
        between.refuse = false;
        await told.until(3);
        // Another life of the memory: what was between is not known.
        between.refuse = true;
        await first.shutdown();
        await using second = await testService("--port", `${port}`);
        await post(second, "btc", '{"n":4}', "application/json");
        between.refuse = false;
        await told.until(5);
        await post(second, "btc", '{"n":5}', "application/json");
        await told.until(6);
        await end();
        end = undefined;
      } finally {
        Math.random = random;
        await end?.();
      }
      assertEquals(told.all, [{ n: 1 }, { n: 2 }, "plain", { btc: "epoch" }, { n: 4 }, { n: 5 }]);
    },
  });
}

Deno.test("the client in JavaScript ends where it is no use to come back", async () => {
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const { socket, response } = Deno.upgradeWebSocket(request, { protocol: "kodama.v1" });
    socket.onopen = () => socket.close(1008, "a rule");
    return response;
  });
  const error = await assertRejects(
    () => follow(`ws://127.0.0.1:${server.addr.port}/c`, { onmessage() {} }),
    Error,
  );
  assertMatch(error.message, /1008/);
});

Deno.test("both are as short as the page says", () => {
  for (const language of ["js", "python"]) {
    assertLess(codeOf(language).trimEnd().split("\n").length, 61, language);
  }
});

/**
 * The examples of docs/protocol.md, run in their order.
 */
import { assert, assertEquals } from "@std/assert";
import { channelsOf, post } from "./tools/channels.ts";
import { Examples, partsOf } from "./tools/examples.ts";
import { testService } from "./tools/service.ts";
import { within } from "./tools/raw.ts";

const text = Deno.readTextFileSync(new URL("../docs/protocol.md", import.meta.url));
const parts = partsOf(text);

Deno.test("docs/protocol.md: requests get the responses, dialogues go as they are written", async () => {
  await using examples = await Examples.begin();
  let count = 0;
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i]!;
    try {
      if (part.kind === "server") await examples.serve(part.text);
      else if (part.kind === "token") await examples.token(part.text);
      else if (part.kind === "websocket") await examples.webSocket(part.text);
      else if (part.kind === "http") await examples.http(part.text, parts[++i]!.text);
      else continue;
      count++;
    } catch (error) {
      throw new Error(`line ${part.line}: ${(error as Error).message}`, { cause: error });
    }
  }
  assert(count > 20);
});

Deno.test("docs/protocol.md: the client follows through a restart, and is told of the gap", async () => {
  const source = parts.find((part) => part.kind === "js")!.text;
  type Follow = (
    url: string,
    onmessage: (message: { id: string; data: unknown }) => void,
    ongap: (lost: Record<string, string>) => void,
  ) => () => void;
  const follow: Follow = new Function(`${source}; return follow;`)();

  const told: unknown[] = [];
  let waiting = Promise.withResolvers<void>();
  const tell = (what: unknown) => {
    told.push(what);
    waiting.resolve();
    waiting = Promise.withResolvers();
  };
  const until = async (count: number) => {
    while (told.length < count) await within(5000, `${count} things told`, waiting.promise);
  };
  /** Waits until it subscribes; it tells nobody, so the server is asked again and again. */
  const subscribed = async (service: { port: number }) => {
    while ((await channelsOf(service)).length < 1) await new Promise((go) => setTimeout(go, 5));
  };

  const first = await testService("--drain", "1s");
  const { port } = first;
  const stop = follow(`ws://127.0.0.1:${port}/btc`, ({ data }) => tell(data), tell);
  await subscribed(first);
  await post(first, "btc", "one");
  await until(1);
  await first.shutdown();

  await using second = await testService("--port", `${port}`);
  await post(second, "btc", "two");
  await until(3);
  await subscribed(second);
  await post(second, "btc", "three");
  await until(4);
  assertEquals(told, ["one", { btc: "epoch" }, "two", "three"]);
  stop();
});

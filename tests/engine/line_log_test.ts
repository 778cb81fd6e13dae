/** The log of docs/engines.md: whoever writes one begins with it. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { LineLog } from "../../examples/line_log.ts";
import { kodama } from "../../lib/kodama.ts";
import { testLog } from "../../lib/testing/mod.ts";

const root = new URL("../..", import.meta.url).pathname;
const folder = await Deno.makeTempDir();
Deno.test.afterAll(() => Deno.remove(folder, { recursive: true }));

testLog({
  name: "the LineLog of docs/engines.md",
  test: Deno.test,
  survives: true,
  runs: 100,
  open: (place, now) => new LineLog(`${folder}/${place}`, now),
});

Deno.test("docs/engines.md shows it as it is, and every method that a log has", async () => {
  const text = await Deno.readTextFile(`${root}docs/engines.md`);
  assertStringIncludes(text, await Deno.readTextFile(`${root}examples/line_log.ts`));
  const log = await Deno.readTextFile(`${root}lib/engine/log.ts`);
  const methods = [...log.split("export interface Log {")[1]!.matchAll(/^ {2}(\w+\??)\(/gm)];
  assertEquals(methods.length, 7);
  for (const [, method] of methods) assertStringIncludes(text, `\`${method}(`);
});

Deno.test("a service over it goes on where it ended, with its history, and takes the next number", async () => {
  const path = `${folder}/service`;
  const run = async (text: string) => {
    await using service = await kodama({ port: 0, engine: new LineLog(path), log: () => {} });
    const { id } = await service.publish("a", text);
    const { messages } = await fetch(`${service.url}a`).then((response) => response.json());
    return { id, texts: messages.map(({ data }: { data: string }) => data) };
  };
  const one = await run("1"), two = await run("2");
  const [epoch] = one.id.split(".");
  assertEquals([one.id, two.id], [`${epoch}.1`, `${epoch}.2`]);
  assertEquals([one.texts, two.texts], [["1"], ["1", "2"]]);
});

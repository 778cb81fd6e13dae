import { assertEquals, assertGreater, assertLess, assertMatch } from "@std/assert";
import { figure, type Results, short } from "../bench/results.ts";
import manifest from "../deno.json" with { type: "json" };
import { remembered, Subscriber } from "./tools/channels.ts";
import { until } from "./tools/command.ts";
import { documentOf, places, withTable } from "./tools/readme.ts";
import { testService } from "./tools/service.ts";

const root = new URL("..", import.meta.url).pathname;
const read = (file: string) => Deno.readTextFileSync(root + file);

for (const place of places) {
  Deno.test(`${place.file}: the ${place.name} are those of the code (deno task readme writes them)`, () => {
    const text = documentOf(place.file);
    assertEquals(text, withTable(text, place));
  });
}

Deno.test("docs/inside.md names every package that is used, and says why", () => {
  const inside = read("docs/inside.md");
  const used = [manifest.imports, manifest.scopes["./tests/"], manifest.scopes["./examples/"]]
    .flatMap((map) => Object.keys(map)).filter((name) => name !== "@kodama/client");
  // Parts of a package, such as react-dom/client, are it.
  const packages = used.map((name) => /^(@[^/]+\/)?[^/]+/.exec(name)![0]);
  const missing = packages.filter((name) => !inside.includes(`| \`${name}\``));
  assertEquals(missing, []);
});

Deno.test("the version of Deno is the same wherever it is named", () => {
  const texts = ["README.md", "README.ja.md", "CONTRIBUTING.md", "docs/operations.md", ".ci/run"]
    .map(read);
  const versions = texts.flatMap((t) => t.match(/deno@\d+\.\d+\.\d+/g) ?? []);
  assertEquals(new Set(versions).size, 1);
});

/** The fenced blocks of a document. */
function blocksOf(text: string): string[] {
  return text.match(/^```.*?^```$/gms) ?? [];
}

Deno.test("README.md and README.ja.md are under 150 lines, and have the same code", () => {
  const [english, japanese] = ["README.md", "README.ja.md"].map(read) as [string, string];
  for (const text of [english, japanese]) assertLess(text.split("\n").length, 151);
  assertGreater(blocksOf(english).length, 5);
  assertEquals(blocksOf(japanese), blocksOf(english));
});

/** The first figure of Kodama in a file of what was measured. */
function measured(file: string, id: string, name: string): string {
  const { rows }: Results = JSON.parse(read(`bench/${file}`));
  return short(figure(rows.find((row) => row.id === id)!, "kodama", name));
}

Deno.test("what the README says that it costs is what was measured, to two digits", () => {
  const figures = [
    [measured("results.json", "fanout-500", "cpu"), "µs"],
    [measured("results.json", "idle", "each"), "KiB"],
    [measured("publish.json", "publish", "cpu"), "µs"],
  ].map(([value, unit]) => `${Number(value).toPrecision(2)} ${unit}`);
  for (const file of ["README.md", "README.ja.md"]) {
    const told = [...read(file).matchAll(/\[([\d.]+ (?:µs|KiB))\]\(docs\/performance/g)];
    assertEquals(told.map(([, text]) => text), figures, file);
  }
});

Deno.test({
  name: "README's first minute: its lines for the terminal do what stands beside them (needs curl)",
  ignore: !await hasCurl(),
  async fn() {
    await using service = await testService();
    const lines = blocksOf(read("README.md")).filter((b) => /^```sh\n(curl|printf)/.test(b))
      .flatMap((b) => b.slice("```sh\n".length, -"\n```".length).split(/\n(?=curl|printf)/));
    const [publish, events, history, batch, ...more] = lines as [string, string, string, string];
    assertEquals(more, []);
    using subscriber = await Subscriber.open(service, "/btc");
    assertMatch(await sh(service.url, publish), /^\{"id":"\w+\.1","subscribers":1\}\s*$/);
    assertEquals(await subscriber.text(), '{"price":42}');
    // A stream has no end: it is ended once all has come.
    const stream = bash(service.url, `exec ${events}`).spawn();
    await until(stream.stdout, /"ch":"btc","data":\{"price":42\}/);
    stream.kill();
    await Promise.all([stream.status, stream.stdout.cancel()]);
    assertMatch(await sh(service.url, history), /"gap":false,"messages":\[\{.*"price":42/);
    assertEquals((await sh(service.url, batch)).trim().split("\n").length, 2);
    assertEquals(await remembered(service, "eth"), [{ ch: "eth", data: "hello" }]);
  },
});

/** Whether curl is there, and knows --json. */
async function hasCurl(): Promise<boolean> {
  try {
    const { stdout } = await new Deno.Command("curl", { args: ["--help", "http"] }).output();
    return new TextDecoder().decode(stdout).includes("--json");
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** A line, for a service. */
function bash(url: string, line: string): Deno.Command {
  const args = ["-c", line.replaceAll("http://127.0.0.1:9999/", url)];
  return new Deno.Command("bash", { args, stdin: "null", stdout: "piped", stderr: "null" });
}

/** Runs it. Returns what it prints. */
async function sh(url: string, line: string): Promise<string> {
  return new TextDecoder().decode((await bash(url, line).output()).stdout);
}

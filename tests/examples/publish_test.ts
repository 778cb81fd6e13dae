/** examples/publish: one message in each language, with nothing but its HTTP client. */
import { assertEquals, assertMatch } from "@std/assert";
import { remembered } from "../tools/channels.ts";
import { testService } from "../tools/service.ts";

const folder = new URL("../../examples/publish", import.meta.url).pathname;
/** What is fetched and built; git ignores it. */
const built = new URL("../../.clients", import.meta.url).pathname;

interface Language {
  name: string;
  /** A command that succeeds where it is there. */
  probe: string[];
  /** The command that publishes, but for the URL. */
  run: string[];
  cwd?: string;
  env?: Record<string, string>;
}

const go = {
  ...{ GOCACHE: `${built}/go/cache`, GOFLAGS: "-modcacherw", CGO_ENABLED: "0" },
};
const cargo = { CARGO_HOME: `${built}/cargo`, CARGO_TARGET_DIR: `${built}/publish` };

const languages: Language[] = [
  { name: "Python", probe: ["python3", "--version"], run: ["python3", "publish.py"] },
  { name: "PHP", probe: ["php", "--version"], run: ["php", "publish.php"] },
  { name: "Go", probe: ["go", "version"], run: ["go", "run", "publish.go"], env: go },
  {
    name: "Rust",
    // Not where the crate cannot be had.
    probe: ["cargo", "fetch", "-q", "--locked"],
    run: ["cargo", "run", "-q", "--locked", "--"],
    cwd: `${folder}/rust`,
    env: cargo,
  },
];

/** Runs a command to its end; `undefined` where there is none of its name. */
async function ran({ cwd = folder, env = {} }: Language, [file, ...args]: string[]) {
  try {
    return await new Deno.Command(file!, { args, cwd, env, stdin: "null" }).output();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

for (const language of languages) {
  const { name, probe, run } = language;
  Deno.test({
    name: `examples/publish: ${name} publishes a value, and reads the receipt (needs ${probe[0]})`,
    ignore: !(await ran(language, probe))?.success,
    async fn() {
      await using service = await testService();
      const ended = await ran(language, [...run, `${service.url}btc`]);
      const decoder = new TextDecoder();
      assertEquals([ended!.code, decoder.decode(ended!.stderr)], [0, ""]);
      assertMatch(decoder.decode(ended!.stdout), /^(\{"id":")?\w+\.1\b/);
      assertEquals(await remembered(service, "btc"), [{ ch: "btc", data: { price: 42 } }]);
    },
  });
}

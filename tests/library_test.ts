/** The example of docs/package.md, followed to the letter in an empty folder beside a checkout. */
import { assert, assertEquals } from "@std/assert";

const root = new URL("..", import.meta.url).pathname;
const section = Deno.readTextFileSync(`${root}docs/package.md`);

/** The first block of code in a language. */
function block(language: string): string {
  return section.split("```" + language + "\n")[1]!.split("```")[0]!;
}

/** A folder that holds the program's two files, beside `kodama`, which is this checkout. */
async function program(main = block("ts")) {
  const parent = await Deno.makeTempDir();
  const folder = `${parent}/program`;
  await Deno.symlink(root, `${parent}/kodama`, { type: "dir" });
  await Deno.mkdir(folder);
  await Deno.writeTextFile(`${folder}/deno.json`, block("json"));
  await Deno.writeTextFile(`${folder}/main.ts`, main);
  return { folder, [Symbol.asyncDispose]: () => Deno.remove(parent, { recursive: true }) };
}

async function inFolder(cwd: string, line: string) {
  const [command, ...args] = line.split(" ");
  assertEquals(command, "deno");
  // Nobody is there to be asked for a permission.
  const env = { DENO_NO_PROMPT: "1", NO_COLOR: "1" };
  const ended = await new Deno.Command(Deno.execPath(), { args, cwd, env }).output();
  const decoder = new TextDecoder();
  return { ...ended, out: decoder.decode(ended.stdout), err: decoder.decode(ended.stderr) };
}

const [check, run] = block("sh").trim().split("\n") as [string, string];

Deno.test("the example of docs/package.md runs in an empty folder beside a checkout", async () => {
  await using made = await program();
  const { success, out, err } = await inFolder(made.folder, run);
  assert(success, err);
  assertEquals(out, "hello\n");
  assert(!err.includes("rror"), err);
});

Deno.test("its types are checked there, also wrong ones", async () => {
  await using right = await program();
  const checked = await inFolder(right.folder, check);
  assert(checked.success, checked.err);
  await using wrong = await program(block("ts").replace("port: 0", 'port: "0"'));
  const { success, err } = await inFolder(wrong.folder, check);
  assertEquals(success, false);
  assert(err.includes("Type 'string' is not assignable to type 'number'"), err);
});

Deno.test("the module's own documentation gives the same deno.json as docs/package.md", async () => {
  const text = await Deno.readTextFile(`${root}lib/mod.ts`);
  const json = text.split("```json\n")[1]!.split("```")[0]!.replace(/^ \* ?/gm, "");
  assertEquals(JSON.parse(json), JSON.parse(block("json")));
});

Deno.test("what its deno.json asks for is the version and the stand-ins of this checkout", async () => {
  const read = async (path: string) => JSON.parse(await Deno.readTextFile(`${root}${path}`));
  const { name, version } = await read("deno.json");
  const { imports, links } = JSON.parse(block("json"));
  assertEquals(imports, { [name]: `jsr:${name}@^${version}` });
  for (const link of links) {
    assert((await read(link.replace("../kodama", ".") + "/deno.json")).name);
  }
});

/** What Deno lets the program do: enough from a clean clone, and of files no more than is needed. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import manifest from "../deno.json" with { type: "json" };
import { post } from "./tools/channels.ts";
import { until } from "./tools/command.ts";

const root = new URL("..", import.meta.url).pathname;
const { read, write } = manifest.permissions.serve;

/** The files of this project that a module is made of. */
async function filesOf(module: string): Promise<string[]> {
  const args = ["info", "--json", "--lock", "--frozen", module];
  const { stdout } = await new Deno.Command(Deno.execPath(), { args, cwd: root }).output();
  const { modules } = JSON.parse(new TextDecoder().decode(stdout));
  return modules.map(({ local }: { local?: string }) => local ?? "")
    .filter((path: string) => path.startsWith(root)).map((path: string) => path.slice(root.length));
}

Deno.test("the program may read what its threads are made of, and read and write the folder of logs; no more", async () => {
  const files = (await Promise.all(["lib/service/worker.ts", "lib/engine/thread.ts"].map(filesOf)))
    .flat();
  assert(files.length > 50);
  const allows = (folder: string) => (file: string) => file.startsWith(`${folder}/`);
  assertEquals(files.filter((file) => !read.some((folder) => allows(folder)(file))), []);
  assertEquals(read.filter((folder) => !files.some(allows(folder))), write);
  assertEquals(write, ["data"]);
});

/** A folder with what a clone has for the program. */
async function clone(): Promise<string> {
  const folder = await Deno.makeTempDir();
  const names = ["main.ts", "deno.json", "deno.lock", "lib", "static", "std"];
  const args = ["-r", ...names.map((name) => root + name), folder];
  assert((await new Deno.Command("cp", { args }).output()).success);
  return folder;
}

Deno.test("the commands of docs/memory.md work in a clean clone with a log and workers; a log elsewhere needs what the line says", async () => {
  const folder = await clone(), elsewhere = await Deno.makeTempDir();
  await using stack = new AsyncDisposableStack();
  for (const made of [folder, elsewhere]) stack.defer(() => Deno.remove(made, { recursive: true }));
  const deno = (...args: string[]) =>
    new Deno.Command(Deno.execPath(), {
      ...{ args, cwd: folder, stdin: "null", stdout: "piped", stderr: "piped" },
    });
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  const serve = async (...args: string[]) => {
    const child = deno(...args, "--port", "0", "--drain", "1s").spawn();
    const said = new Response(child.stderr).text();
    const [, port] = await until(child.stdout, /Open http:\/\/127\.0\.0\.1:(\d+)/);
    const { id } = await post({ port: Number(port) }, "btc", "hello");
    child.kill("SIGTERM");
    // The task and what it runs have both ended when nobody can write any more.
    await Promise.all([child.stdout.pipeTo(new WritableStream()), said, child.status]);
    return id;
  };
  const id = await serve("task", "start", "--workers", "2", "--engine", "sqlite:data/log.db");
  const check = await deno("task", "-q", "kodama", "check", "data/log.db").output();
  assertMatch(text(check.stdout), new RegExp(`^epoch {5}${id.split(".")[0]}$`, "m"));

  const engine = ["--engine", `sqlite:${elsewhere}/log.db`];
  const refused = await deno("task", "-q", "start", "--port", "0", ...engine).output();
  const line =
    /^kodama: the log \S+ may not be opened: Deno needs (--allow-read=\S+) (--allow-write=\S+)\n$/;
  assertMatch(text(refused.stderr), line);
  const [, ...flags] = line.exec(text(refused.stderr))!;
  await serve(
    "run",
    "-q",
    "--lock",
    "--frozen",
    "--no-prompt",
    "-P=serve",
    ...flags,
    "main.ts",
    ...engine,
  );
});

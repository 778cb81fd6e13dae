/** docs/library.md, followed to the letter: the chat that remembers, in an empty folder beside a checkout. */
import { assert, assertEquals } from "@std/assert";
import { Heard } from "../tools/library.ts";

const root = new URL("../..", import.meta.url).pathname;
const text = Deno.readTextFileSync(`${root}docs/library.md`);
const section = text.split("## A chat that remembers")[1]!.split("\n## ")[0]!;

/** The first block of code in a language. */
function block(language: string): string {
  return section.split("```" + language + "\n")[1]!.split("```")[0]!;
}

/** The chat, on any free port, of which it says which. */
const chat = block("ts ignore").replace(
  "port: 8000,",
  "port: 0, onListen: (addr) => console.log((addr as Deno.NetAddr).port),",
);

Deno.test("docs/library.md: the chat has 30 lines at most", () => {
  assert(block("ts ignore").trim().split("\n").length <= 30);
  assert(chat.includes("onListen"));
});

Deno.test("docs/library.md: the chat runs in an empty folder, and who comes later gets what was said", async () => {
  const parent = await Deno.makeTempDir(), folder = `${parent}/program`;
  await Deno.symlink(root, `${parent}/kodama`, { type: "dir" });
  await Deno.mkdir(folder);
  await Deno.writeTextFile(`${folder}/deno.json`, block("json"));
  await Deno.writeTextFile(`${folder}/main.ts`, chat);
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-q", "--check", "--allow-net", "main.ts"],
    cwd: folder,
    env: { DENO_NO_PROMPT: "1", NO_COLOR: "1" },
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  try {
    const { value } = await lines.read();
    const url = `127.0.0.1:${Number(value)}/`;
    const page = await fetch(`http://${url}`);
    assert((await page.text()).includes("<title>Chat</title>"));
    const begun = async (since: string) => {
      const heard = await Heard.open(`ws://${url}?since=${since}`);
      assertEquals(JSON.parse(String(await heard.next())).channels, ["chat"]);
      return heard;
    };
    await using first = await begun("all");
    const ids: string[] = [];
    for (const said of ["hello", "there"]) {
      first.client.send(said);
      const { id, data } = JSON.parse(String(await first.next()));
      assertEquals(data, said);
      ids.push(id);
    }
    for (const [since, said] of [["all", "hello"], [ids[0]!, "there"]] as const) {
      await using later = await begun(since);
      assertEquals(JSON.parse(String(await later.next())).data, said);
    }
  } finally {
    child.kill();
    await child.status;
    await lines.cancel();
    await Deno.remove(parent, { recursive: true });
  }
});

Deno.test("docs/library.md names all that the library exports, and all that a socket and a server have", async () => {
  const read = (path: string) => Deno.readTextFile(`${root}lib/${path}`);
  const exported = (await read("mod.ts")).split("@module")[1]!;
  const values = exported.matchAll(/export \{([^}]*)\}/g);
  const names = [...values].flatMap(([, list]) => list!.split(",")).map((name) => name.trim())
    .filter((name) => !name.startsWith("type ") && name !== "");
  assert(names.length >= 4, String(names));
  const members = async (path: string, name: string) => {
    const body = (await read(path)).split(`export interface ${name}`)[1]!.split("\n}\n")[0]!;
    return [...body.matchAll(/^ {2}(?:readonly )?(\w+)[?:(]/gm)].map(([, member]) => member!);
  };
  const socket = await members("library/server_socket.ts", "ServerSocket<");
  const server = await members("library/serve.ts", "RunningServer");
  assert(socket.length >= 14 && server.length >= 8, `${socket} ${server}`);
  for (const name of [...names, ...socket, ...server]) {
    assert(new RegExp(`\\b${name}\\b`).test(text), name);
  }
});

/**
 * `clients/js` as a package: packed, unpacked, and used by Node, Deno, Bun and Chromium, each cut off once.
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import manifest from "../../deno.json" with { type: "json" };
import { browserTest } from "../browser/chromium.ts";
import { isThere } from "../clients/toolchains.ts";
import { post } from "../tools/channels.ts";
import { servePages } from "../tools/pages.ts";
import { proxy } from "../tools/proxy.ts";
import { within } from "../tools/raw.ts";
import { testService } from "../tools/service.ts";
import { subscribe } from "../../static/kodama.js";

const root = new URL("../..", import.meta.url).pathname;
const read = (file: string) => Deno.readTextFileSync(file.startsWith("/") ? file : root + file);
const npm = await isThere("Node");

/** Runs a command to its end. */
async function make(cwd: string, ...[command, ...args]: [string, ...string[]]): Promise<void> {
  const { success, stderr } = await new Deno.Command(command, { args, cwd }).output();
  assert(success, new TextDecoder().decode(stderr));
}

/** A folder of a program that depends on the package, made once: by npm, of the tarball. */
let installing: Promise<{ folder: string; own: string }> | undefined;
Deno.test.afterAll(async () => {
  if (installing !== undefined) await Deno.remove((await installing).folder, { recursive: true });
});

async function install() {
  const folder = await Deno.makeTempDir();
  await make(folder, "npm", "pack", "--silent", `${root}clients/js`);
  await Deno.writeTextFile(`${folder}/package.json`, "{}");
  const others = [pins("node", "ws"), pins("bun", "bun")];
  const quick = ["--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"];
  const tarball = `./kodama-client-${manifest.version}.tgz`;
  await make(folder, "npm", "install", ...quick, tarball, ...others);
  // Bun's own script, which puts its binary in place.
  await make(`${folder}/node_modules/bun`, "node", "install.js");
  return { folder, own: `${folder}/node_modules/@kodama/client` };
}

/** A package in the version that the clients are tried with. */
function pins(toolchain: string, name: string): string {
  const { dependencies } = JSON.parse(read(`tests/clients/${toolchain}/package.json`));
  return `${name}@${dependencies[name]}`;
}

function installed() {
  return installing ??= install();
}

/** What a program does: prints each message, with the WebSocket of `ws` where there is no other. */
const PROGRAM = `
import { subscribe } from "@kodama/client";
const WebSocket = globalThis.WebSocket ?? (await import("ws")).default;
Math.random = () => 0.01;
const process = globalThis.process ?? (await import("node:process")).default;
const subscription = subscribe(process.argv[2], {
  WebSocket,
  since: "10m",
  onstate: ({ name }) => console.log(name),
  ongap: () => console.log("gap"),
  onmessage({ id, channel, data }) {
    console.log(channel, JSON.stringify(data));
    if (data.n === 3) subscription.close();
  },
});
`;

/** What it must print, besides states: each message once and in order, and no gap. */
const SAID = ['c {"n":1}', 'c {"n":2}', 'c {"n":3}'];

/** What a program says, as it comes. */
class Said {
  text = "";
  #news = Promise.withResolvers<void>();

  add(text: string): void {
    this.text += text;
    this.#news.resolve();
    this.#news = Promise.withResolvers();
  }

  async until(wanted: RegExp): Promise<void> {
    while (!wanted.test(this.text)) {
      await within(20_000, `${wanted} in ${this.text}`, this.#news.promise);
    }
  }
}

/** Lets a program follow through a cut, from its start at a URL on. */
async function follow(
  said: Said,
  start: (url: string) => unknown,
  ...flags: string[]
): Promise<void> {
  await using service = await testService(...flags);
  await using between = proxy(service.port);
  const publish = (n: number) => post(service, "c", `{"n":${n}}`, "application/json");
  await publish(1);
  await start(`http://127.0.0.1:${between.port}/c`);
  await said.until(/"n":1/);
  between.refuse = true;
  between.cut();
  await said.until(/waiting/);
  await publish(2);
  between.refuse = false;
  await said.until(/"n":2/);
  await publish(3);
  await said.until(/closed/);
  // How often it tried meanwhile is a matter of chance.
  const states = ["connecting", "open", "waiting", "closed"];
  const lines = said.text.trimEnd().split("\n");
  assertEquals(lines.filter((line) => !states.includes(line)), SAID);
}

const runtimes: [name: "Node" | "Bun" | "Deno", command: string[]][] = [
  ["Node", ["node"]],
  ["Bun", ["node_modules/.bin/bun"]],
  ["Deno", [Deno.execPath(), "run", "-q", "--node-modules-dir=manual", "-A"]],
];

for (const [name, command] of runtimes) {
  Deno.test({
    name: `the package follows a channel through a cut, in ${name} (needs Node 20 and npm)`,
    ignore: !npm,
    async fn() {
      const made = await installed();
      await Deno.writeTextFile(`${made.folder}/follow.mjs`, PROGRAM);
      const said = new Said();
      const [file, ...args] = command;
      let ended: Promise<unknown> | undefined;
      await follow(said, (url) => {
        const child = new Deno.Command(file!, {
          ...{ args: [...args, "follow.mjs", url], cwd: made.folder },
          ...{ stdin: "null", stdout: "piped", stderr: "inherit" },
        }).spawn();
        const reading = child.stdout.pipeThrough(new TextDecoderStream())
          .pipeTo(new WritableStream({ write: (text) => said.add(text) }));
        ended = Promise.all([child.status, reading]);
      });
      await ended;
    },
  });
}

browserTest("the package follows a channel through a cut, in Chromium", async ({ page }) => {
  const made = await installed();
  const files: Record<string, string> = {
    "/index.html": "<!DOCTYPE html>",
    "/client.js": read(`${made.own}/kodama.js`),
    "/page.js": PROGRAM.replace("@kodama/client", "/client.js").replace(/^const process .*$/m, "")
      .replace("process.argv[2]", "location.hash.slice(1)"),
  };
  await using pages = servePages((path) => files[path]);
  const said = new Said();
  page.on("console", (line) => line.type() === "log" && said.add(`${line.text()}\n`));
  const start = async (url: string) => {
    await page.goto(`${pages.url}#${url}`);
    await page.evaluate(`void import("/page.js")`);
  };
  await follow(said, start, "--origin", pages.origin);
});

Deno.test({
  name:
    "the package holds the server's own module, its types and the licence, and says its version (needs Node 20 and npm)",
  ignore: !npm,
  async fn() {
    const made = await installed();
    const names = Array.from(Deno.readDirSync(made.own), ({ name }) => name).sort();
    assertEquals(names, ["LICENSE", "README.md", "kodama.d.ts", "kodama.js", "package.json"]);
    for (const name of ["kodama.js", "kodama.d.ts"]) {
      assertEquals(Deno.readTextFileSync(`${made.own}/${name}`), read(`static/${name}`));
    }
    assertEquals(JSON.parse(read("clients/js/package.json")).version, manifest.version);
    // Its types, also wrong ones, as whoever imports it by its name has them.
    await Deno.writeTextFile(
      `${made.folder}/types.ts`,
      `import { subscribe } from "@kodama/client";
       subscribe("/c", { since: "10m", onmessage: ({ id }) => id.length }).close();
       // @ts-expect-error: an age is a text
       subscribe("/c", { since: 10 });`,
    );
    await make(
      made.folder,
      Deno.execPath(),
      "check",
      "-q",
      "--node-modules-dir=manual",
      "types.ts",
    );
  },
});

Deno.test("without a WebSocket it says so at once", () => {
  const { WebSocket } = globalThis;
  try {
    globalThis.WebSocket = undefined as unknown as typeof WebSocket;
    assertThrows(() => subscribe("http://127.0.0.1/c"), TypeError, "give one as an option");
  } finally {
    globalThis.WebSocket = WebSocket;
  }
});

/**
 * Runs an example: `deno task example NAME [PORT] [KODAMA_PORT]`. Starts Kodama on port 9999 and a web server for the
 * page on 8000, which is another origin, as a web site of yours would be.
 * @module
 */
import manifest from "../deno.json" with { type: "json" };
import { build } from "./build.ts";
import { tokenFor } from "./chat/token.ts";

const TYPES: Record<string, string> = { html: "text/html; charset=utf-8", js: "text/javascript" };

const here = new URL(".", import.meta.url).pathname;
const names = Array.from(Deno.readDirSync(here)).filter(({ name, isDirectory }) =>
  isDirectory && ["index.html", "main.ts"].some((file) => isFile(`${here}${name}/${file}`))
).map(({ name }) => name).sort();

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** A program beside this one, with the same streams. */
function start(args: string[], env: Record<string, string> = {}): Deno.ChildProcess {
  const cwd = new URL("..", import.meta.url).pathname;
  return new Deno.Command(Deno.execPath(), { args, cwd, env, stdin: "null" }).spawn();
}

const [name = "", port = "8000", kodamaPort = "9999"] = Deno.args;
const origin = `http://127.0.0.1:${port}`, kodama = `http://127.0.0.1:${kodamaPort}`;
if (!names.includes(name)) {
  console.error(`example: there are ${names.join(", ")}`);
  Deno.exit(1);
}
// A server of its own needs no other.
if (isFile(`${here}${name}/main.ts`)) {
  const program = start([
    "run",
    "-q",
    "--allow-net",
    "--allow-env",
    `${here}${name}/main.ts`,
    port,
  ]);
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => program.kill("SIGTERM"));
  }
  Deno.exit((await program.status).code);
}
/** What tokens are signed with, where there are any. */
const secret = crypto.randomUUID();
const script = await build(name);
const server = Deno.serve(
  { hostname: "127.0.0.1", port: Number(port), onListen() {} },
  async ({ url }) => {
    const { pathname, searchParams } = new URL(url);
    if (name === "chat" && pathname === "/token") {
      return new Response(await tokenFor(searchParams.get("name") ?? "", secret));
    }
    if (!/^\/(\w+\.(html|js))?$/.test(pathname)) return new Response(null, { status: 404 });
    const file = pathname === "/" ? "index.html" : pathname.slice(1);
    const path = file === "app.js" && script !== undefined ? script : `${here}${name}/${file}`;
    if (!isFile(path)) return new Response(null, { status: 404 });
    const type = TYPES[path.slice(path.lastIndexOf(".") + 1)]!;
    const text = Deno.readTextFileSync(path).replaceAll("127.0.0.1:9999", new URL(kodama).host);
    return new Response(text, { headers: { "Content-Type": type } });
  },
);
const task = manifest.tasks.start.split(" ").slice(1);
const programs = [start(
  [...task, "--port", kodamaPort, "--origin", origin],
  name === "chat" ? { KODAMA_SECRET: secret } : {},
)];
const ended = programs[0]!.status;
for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, end);
// Prices are published by a program of its own, as by a backend.
if (["prices", "react", "svelte"].includes(name) && await Promise.race([ready(), ended]) === true) {
  programs.push(start(["run", "-q", "--allow-net", `${here}prices/feed.mjs`, `${kodama}/`]));
}
console.log(`The example is at ${origin}/`);
const { code } = await ended;
end();
await server.shutdown();
Deno.exit(code);

/** Ends what runs, the last that was started first. */
function end(): void {
  for (const program of programs.splice(0).reverse()) {
    try {
      program.kill("SIGTERM");
    } catch (error) {
      // It has ended by itself.
      if (!(error instanceof TypeError)) throw error;
    }
  }
}

/** Waits until Kodama listens. */
async function ready(): Promise<true> {
  for (;;) {
    try {
      await (await fetch(`${kodama}/-/health`)).body?.cancel();
      return true;
    } catch {
      // Not yet.
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

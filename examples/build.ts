/**
 * Makes the scripts of the examples that a browser cannot read as they are: React's JSX, and Svelte.
 * @module
 */
import { compile, compileModule } from "svelte/compiler";

const here = new URL(".", import.meta.url).pathname;
/** What is made; git ignores it. */
const made = new URL("../.examples", import.meta.url).pathname;

/** Makes the script of an example. Returns its path; `undefined` where there is nothing to make. */
export async function build(name: string): Promise<string | undefined> {
  if (name === "react") return await bundle(`${here}react/app.jsx`, name);
  if (name !== "svelte") return undefined;
  const folder = `${made}/svelte`;
  Deno.mkdirSync(folder, { recursive: true });
  for (const { name: file } of Deno.readDirSync(`${here}svelte`)) {
    const source = Deno.readTextFileSync(`${here}svelte/${file}`);
    const options = { filename: file, generate: "client" as const };
    let code = source;
    if (file.endsWith(".svelte")) code = compile(source, options).js.code;
    else if (file.endsWith(".svelte.js")) code = compileModule(source, options).js.code;
    else if (!file.endsWith(".js")) continue;
    // A compiled component is a script; its name says so.
    const script = code.replace(/\.svelte"/g, '.svelte.mjs"').replace(
      /\.svelte\.js"/g,
      '.svelte.mjs"',
    );
    const to = file.replace(/\.svelte(\.js)?$/, ".svelte.mjs");
    Deno.writeTextFileSync(`${folder}/${to}`, script);
  }
  return await bundle(`${folder}/app.js`, name);
}

/** Puts a script and all that it imports into one file. */
async function bundle(entry: string, name: string): Promise<string> {
  const path = `${made}/${name}.js`;
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "-q", "--platform", "browser", "-o", path, entry],
    cwd: new URL("..", import.meta.url).pathname,
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return path;
}

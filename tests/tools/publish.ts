/**
 * Publishes the package: `deno task publish [flags of deno publish]`. What is published is a copy of the files that belong in it,
 * with a deno.json that has no stand-ins: those are for builds that cannot reach JSR.
 */
import manifest from "../../deno.json" with { type: "json" };

const root = new URL("../..", import.meta.url).pathname;

/** Whether a file is copied; editors leave others. */
const published = /\.(ts|js|css|html|svg|md)$|^LICENSE$/;

async function copy(from: string, to: string): Promise<void> {
  if ((await Deno.stat(from)).isFile) return await Deno.copyFile(from, to);
  await Deno.mkdir(to);
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    if (isDirectory || published.test(name)) await copy(`${from}/${name}`, `${to}/${name}`);
  }
}

/**
 * Puts the package in a folder.
 * @param folder An empty one.
 * @param standIns Whether what comes from JSR is stood in for by what is in this checkout, as where JSR cannot be reached.
 */
export async function stage(folder: string, standIns: boolean): Promise<void> {
  const { name, version, license, exports, publish, imports, compilerOptions } = manifest;
  for (const file of publish.include.filter((file) => file !== "deno.json")) {
    await copy(root + file, `${folder}/${file}`).catch((error) => {
      // Not every list of changes has begun.
      if (!(error instanceof Deno.errors.NotFound && file === "CHANGELOG.md")) throw error;
    });
  }
  const links = standIns ? { links: manifest.links.map((link) => root + link) } : {};
  const kept = { name, version, license, exports, imports, compilerOptions };
  const text = JSON.stringify({ ...kept, ...links }, null, 2);
  await Deno.writeTextFile(`${folder}/deno.json`, `${text}\n`);
}

if (import.meta.main) {
  const folder = await Deno.makeTempDir();
  try {
    await stage(folder, false);
    const args = ["publish", "--allow-dirty", ...Deno.args];
    const { code } = await new Deno.Command(Deno.execPath(), { args, cwd: folder }).spawn().status;
    Deno.exitCode = code;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

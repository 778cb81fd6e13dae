/**
 * Makes what is released: `deno task release [TARGET…]`, for each platform an archive with the binary and the licence, and
 * `SHA256SUMS` of all of them, in `dist/`. `DENORT_DIR` may name a folder with a `denort-TARGET` for each.
 * @module
 */
import manifest from "../../deno.json" with { type: "json" };
import { compile, CompileError, saying } from "./compile.ts";

/** The platforms, as Rust names them. */
export const TARGETS: readonly string[] = [
  "x86_64-unknown-linux-gnu",
  "aarch64-unknown-linux-gnu",
  "x86_64-apple-darwin",
  "aarch64-apple-darwin",
  "x86_64-pc-windows-msvc",
];
/** What is in an archive besides the binary. */
const BESIDES = ["LICENSE", "README.md"];

/** Makes an archive. Returns its name. */
async function archive(target: string, dist: string): Promise<string> {
  const name = `kodama-${manifest.version}-${target}`, folder = `${dist}/${name}`;
  await Deno.mkdir(folder, { recursive: true });
  const folders = Deno.env.get("DENORT_DIR");
  const denort = folders === undefined ? undefined : `${folders}/denort-${target}`;
  const binary = target.includes("windows") ? "kodama.exe" : "kodama";
  await compile(`${folder}/${binary}`, target, denort);
  for (const file of BESIDES) await Deno.copyFile(file, `${folder}/${file}`);
  const file = `${name}.tar.gz`;
  const { success, stderr } = await new Deno.Command("tar", {
    args: ["-czf", file, name],
    cwd: dist,
  }).output();
  if (!success) throw new CompileError(`tar: ${new TextDecoder().decode(stderr)}`);
  await Deno.remove(folder, { recursive: true });
  return file;
}

/** The line of a file as `sha256sum -c` reads it. */
async function sumOf(file: string, dist: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", await Deno.readFile(`${dist}/${file}`));
  return `${new Uint8Array(digest).toHex()}  ${file}\n`;
}

async function release(targets: readonly string[], dist: string): Promise<void> {
  const unknown = targets.filter((target) => !TARGETS.includes(target));
  if (unknown.length > 0) {
    throw new CompileError(
      `kodama: no target ${unknown.join(", ")}; there are ${TARGETS.join(", ")}`,
    );
  }
  // It names one for one platform.
  Deno.env.delete("DENORT_BIN");
  // What was there is of another release.
  await Deno.remove(dist, { recursive: true }).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
  let sums = "";
  for (const target of targets) {
    const file = await archive(target, dist);
    sums += await sumOf(file, dist);
    console.log(`${dist}/${file}`);
  }
  // Last, so that it is there only where all of them are.
  await Deno.writeTextFile(`${dist}/SHA256SUMS`, sums);
}

if (import.meta.main) {
  const targets = Deno.args.length > 0 ? Deno.args : TARGETS;
  await saying(() => release(targets, Deno.env.get("DIST") ?? "dist"));
}

/**
 * Makes the single binary; where `denort`, what it is made from, cannot be had, it says so in one line.
 */

/** What no import names: what runs in threads, and what is loaded only where it is used. */
export const THREADS = ["lib/engine/thread.ts", "lib/service/worker.ts"];
const LATER = ["lib/engine/nats/open.ts"];

function deno(...args: string[]): Promise<Deno.CommandOutput> {
  return new Deno.Command(Deno.execPath(), { args, stdin: "null" }).output();
}

/**
 * Folders of packages that are not to go into it. Deno 2.9 parses each file of a package, whatever it is; one of the tests of
 * `bintrees` (of `prom-client`) holds 100,000 numbers below each other, an expression so deep that the stack overflows.
 */
async function leftOut(): Promise<string[]> {
  await deno("cache", "-q", "--lock", "--frozen", "main.ts");
  const { npmCache } = JSON.parse(new TextDecoder().decode((await deno("info", "--json")).stdout));
  const folders = (path: string) => {
    try {
      return Array.from(Deno.readDirSync(path), ({ name }) => `${path}/${name}`);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
        return [];
      }
      throw error;
    }
  };
  return folders(npmCache).flatMap((registry) => folders(`${registry}/bintrees`))
    .map((version) => `${version}/test`);
}

async function compile(binary: string): Promise<number> {
  const { code, stdout, stderr } = await deno(
    "compile",
    "-q",
    "--lock",
    "--frozen",
    "--v8-flags=--max-semi-space-size=4",
    "-P=binary",
    "--no-prompt",
    "--exclude-unused-npm",
    ...[...THREADS, ...LATER].flatMap((module) => ["--include", module]),
    ...(await leftOut()).flatMap((folder) => ["--exclude", folder]),
    "--output",
    binary,
    "main.ts",
  );
  await new Blob([stdout]).stream().pipeTo(Deno.stdout.writable);
  const said = new TextDecoder().decode(stderr);
  const named = /Could not find denort at '[^\n]*'/.exec(said)?.[0];
  const fetched = /denort[^\n]*\.zip/.test(said) ? "Deno could not download it" : undefined;
  const missing = named ?? fetched;
  if (code === 0 || missing === undefined) {
    await new Blob([stderr]).stream().pipeTo(Deno.stderr.writable);
  } else {
    console.error(
      `kodama: no denort ${Deno.version.deno}, which a binary is made from: ${missing}; ` +
        "go on line, or let DENORT_BIN name one",
    );
  }
  return code === 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(await compile(Deno.args[0] ?? "kodama"));

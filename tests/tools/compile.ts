/**
 * Makes the single binary: `deno task compile [FILE]`. Where `denort`, what it is made from, cannot be had, it says so in
 * one line.
 * @module
 */

/** What runs in threads, which no import names. */
export const THREADS = ["lib/service/worker.ts", "lib/engine/thread.ts"];
/** What is loaded only where it is used, by a name that is made up then. */
export const LATER = ["lib/engine/nats/open.ts"];

/** A binary that could not be made; the message is what there is to say. */
export class CompileError extends Error {
  override name = "CompileError";
}

/**
 * Makes a binary.
 * @param output Where.
 * @param target For which platform, as Rust names them; by default for this one.
 * @param denort What it is made from; by default what `DENORT_BIN` names, or what Deno downloads.
 * @throws {CompileError} If that fails.
 */
export async function compile(output: string, target?: string, denort?: string): Promise<void> {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["compile", "-q", "--lock", "--frozen", "--no-prompt"],
      ...["-P=binary", "--exclude-unused-npm"],
      "--v8-flags=--max-semi-space-size=4",
      ...[...THREADS, ...LATER].flatMap((module) => ["--include", module]),
      ...target === undefined ? [] : ["--target", target],
      ...["--output", output, "main.ts"],
    ],
    env: denort === undefined ? {} : { DENORT_BIN: denort },
    stdin: "null",
    stdout: "inherit",
    stderr: "piped",
  }).output();
  if (code === 0) return;
  const said = new TextDecoder().decode(stderr).trimEnd();
  const named = /Could not find denort at '[^\n]*'/.exec(said)?.[0];
  const fetched = /denort[^\n]*\.zip/.test(said) ? "Deno could not download it" : undefined;
  const missing = named ?? fetched;
  if (missing === undefined) throw new CompileError(said);
  const what = `denort ${Deno.version.deno}${target === undefined ? "" : ` for ${target}`}`;
  const help = target === undefined ? "DENORT_BIN name one" : `DENORT_DIR hold denort-${target}`;
  throw new CompileError(
    `kodama: no ${what}, which a binary is made from: ${missing}; go on line, or let ${help}`,
  );
}

/** Runs it to its end; what could not be made is said, and ends with 1. */
export async function saying(run: () => Promise<void>): Promise<never> {
  try {
    await run();
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    console.error(error.message);
    Deno.exit(1);
  }
  Deno.exit(0);
}

if (import.meta.main) await saying(() => compile(Deno.args[0] ?? "dist/kodama"));

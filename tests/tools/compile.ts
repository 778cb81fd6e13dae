/**
 * Makes the single binary; where `denort`, what it is made from, cannot be had, it says so in one line.
 */

const { code, stderr } = await new Deno.Command(Deno.execPath(), {
  args: [
    "compile",
    "-q",
    "--lock",
    "--frozen",
    "--v8-flags=--max-semi-space-size=4",
    "-P=serve",
    "--no-prompt",
    "--output",
    Deno.args[0] ?? "kodama",
    "main.ts",
  ],
  stdin: "null",
  stdout: "inherit",
  stderr: "piped",
}).output();
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
Deno.exit(code === 0 ? 0 : 1);

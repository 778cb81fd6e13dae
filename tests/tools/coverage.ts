/**
 * Reads an lcov file and fails when fewer lines ran than asked for: `coverage.ts PERCENT FILE`.
 */
const [least = "95", file = ""] = Deno.args;
const records = Deno.readTextFileSync(file).split("end_of_record\n").filter((r) => r.trim() !== "");

let found = 0, hit = 0;
const low: string[] = [];
for (const record of records) {
  const name = /^SF:.*?\/(lib\/.*)$/m.exec(record)?.[1] ?? "?";
  const lines = Number(/^LF:(\d+)$/m.exec(record)?.[1]);
  const ran = Number(/^LH:(\d+)$/m.exec(record)?.[1]);
  found += lines;
  hit += ran;
  if (ran / lines < Number(least) / 100) low.push(`  ${(100 * ran / lines).toFixed(1)} %  ${name}`);
}
const percent = 100 * hit / found;
console.log(`line coverage of lib: ${percent.toFixed(2)} % (at least ${least} %)`);
if (low.length > 0) console.log(`files below it:\n${low.join("\n")}`);
if (!(percent >= Number(least))) Deno.exit(1);

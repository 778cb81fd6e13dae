/**
 * The settings as a table of Markdown, from the code; written into README.md with `deno task readme`.
 */
import { settings } from "../../lib/settings/config.ts";
import { flagName } from "../../lib/settings/flags.ts";

const begin = "<!-- settings: written by `deno task readme` -->\n";
const end = "<!-- end of settings -->";
const readme = new URL("../../README.md", import.meta.url);

/** The table. */
export function settingsTable(): string {
  const rows = Object.entries(settings).map(([key, s]) => [
    `\`--${flagName(key)}\``,
    s.help.replaceAll("|", "\\|"),
    s.default ? `\`${s.default}\`` : "",
  ]);
  const all = [["flag", "what", "default"], ...rows];
  const widths = [0, 1, 2].map((i) => Math.max(...all.map((row) => row[i]!.length)));
  const line = (row: string[]) => `| ${row.map((c, i) => c.padEnd(widths[i]!)).join(" | ")} |`;
  const rule = `| ${widths.map((w) => "-".repeat(w)).join(" | ")} |`;
  return [line(all[0]!), rule, ...all.slice(1).map(line)].join("\n");
}

/** README.md with the table as it is now. */
export function readmeWithTable(text: string = Deno.readTextFileSync(readme)): string {
  const from = text.indexOf(begin) + begin.length, to = text.indexOf(end);
  if (from < begin.length || to < from) throw new Error("README.md has no place for the settings");
  return `${text.slice(0, from)}\n${settingsTable()}\n\n${text.slice(to)}`;
}

if (import.meta.main) Deno.writeTextFileSync(readme, readmeWithTable());

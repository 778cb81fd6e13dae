/**
 * What documents say that the code knows, as tables of Markdown; `deno task readme` writes them.
 */
import { type LineKind, lines } from "../../lib/service/lines.ts";
import { metrics } from "../../lib/service/metrics.ts";
import { settings } from "../../lib/settings/config.ts";
import { flagName } from "../../lib/settings/flags.ts";

/** Where a table is to be. */
export interface Place {
  /** The document, from the root. */
  file: string;
  /** What stands in the comments before and behind it. */
  name: string;
  table: () => string;
}

/** All tables. */
export const places: readonly Place[] = [
  { file: "docs/settings.md", name: "settings", table: settingsTable },
  { file: "docs/monitoring.md", name: "lines", table: linesTable },
  { file: "docs/monitoring.md", name: "metrics", table: metricsTable },
];

function settingsTable(): string {
  const rows = Object.entries(settings).map(([key, s]) => [
    `\`--${flagName(key)}\``,
    s.help,
    s.default ? `\`${s.default}\`` : "",
  ]);
  return table(["flag", "what", "default"], rows);
}

function linesTable(): string {
  const rows = Object.entries<LineKind>(lines).map(([name, { level, worse, fields, meaning }]) => {
    const all = Object.entries(fields).map(([field, what]) => `\`${field}\` ${what}`);
    return [`\`${name}\``, worse ? `${level}, ${worse}` : level, all.join("; "), meaning];
  });
  return table(["message", "level", "fields", "meaning"], rows);
}

function metricsTable(): string {
  const rows = metrics.map(({ name, type, labels, help, when }) => {
    const all = Object.entries(labels).map(([label, values]) =>
      `\`${label}\`${values.length === 0 ? "" : `: ${values.join(", ")}`}`
    );
    return [`\`${name}\``, type, all.join("; "), when ? `${help} (with ${when})` : help];
  });
  return table(["metric", "kind", "labels", "what"], rows);
}

function table(head: string[], rows: string[][]): string {
  const all = [head, ...rows.map((row) => row.map((cell) => cell.replaceAll("|", "\\|")))];
  const widths = head.map((_, i) => Math.max(...all.map((row) => row[i]!.length)));
  const line = (row: string[]) => `| ${row.map((c, i) => c.padEnd(widths[i]!)).join(" | ")} |`;
  const rule = `| ${widths.map((w) => "-".repeat(w)).join(" | ")} |`;
  return [line(all[0]!), rule, ...all.slice(1).map(line)].join("\n");
}

/** A document as it is. */
export function documentOf(file: string): string {
  return Deno.readTextFileSync(new URL(`../../${file}`, import.meta.url));
}

/** A document with a table as it is now. */
export function withTable(text: string, { file, name, table }: Place): string {
  const begin = `<!-- ${name}: written by \`deno task readme\` -->\n`,
    end = `<!-- end of ${name} -->`;
  const from = text.indexOf(begin) + begin.length, to = text.indexOf(end);
  if (from < begin.length || to < from) throw new Error(`${file} has no place for the ${name}`);
  return `${text.slice(0, from)}\n${table()}\n\n${text.slice(to)}`;
}

if (import.meta.main) {
  for (const place of places) {
    const text = withTable(documentOf(place.file), place);
    Deno.writeTextFileSync(new URL(`../../${place.file}`, import.meta.url), text);
  }
}

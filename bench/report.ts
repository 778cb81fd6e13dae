/**
 * `docs/performance.md` and its pictures, from `results.json` and `scale.json`: `deno task bench:report`. The text
 * between the markers is written here and nowhere else.
 * @module
 */
import { curve } from "./curve.ts";
import {
  figure,
  type Results,
  rowOf,
  type RowResult,
  type Setting,
  short,
  verdicts,
} from "./results.ts";
import { FIGURES, type Row } from "./rows.ts";
import { costs, growth, type ScaleResults, summary } from "./scale_results.ts";
import { SERIES } from "./series.ts";
import { type Peer, PEERS } from "./servers.ts";

const NAMES: Record<Peer, string> = {
  kodama: "Kodama",
  deno: "Deno's own",
  ws: "`ws` on Node",
  bun: "Bun",
  "bun-send": "Bun, a loop of `send`",
  tcp: "bare TCP",
  before: "before",
};
const PAGE = new URL("../docs/performance.md", import.meta.url);

function read<T>(name: string): T {
  return JSON.parse(Deno.readTextFileSync(new URL(name, import.meta.url)));
}

/** A table of Markdown whose columns line up. */
function table(rows: string[][]): string {
  const widths = rows[0]!.map((_, i) => Math.max(3, ...rows.map((row) => row[i]!.length)));
  const line = (row: string[]) => `| ${row.map((c, i) => c.padEnd(widths[i]!)).join(" | ")} |`;
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  return [line(rows[0]!), rule, ...rows.slice(1).map(line)].join("\n");
}

/** When, where and with what. */
function setting({ date, machine, versions: v, command, rounds, seconds }: Setting) {
  const { cpu, cores, memory, kernel } = machine;
  return [
    `- \`${command}\`, ${date.slice(0, 10)}: ${rounds} rounds of ${seconds} s each.`,
    `- ${cpu}, ${cores} cores, ${memory}, ${kernel}.`,
    `- Kodama ${v.kodama} on Deno ${v.deno}; Node ${v.node}, ws ${v.ws}; Bun ${v.bun}.`,
  ].join("\n");
}

type Measured = [Row, RowResult][];

/** The first figure of every row, server by server. */
function figures(rows: Measured): string {
  const peers = PEERS.filter((peer) => peer !== "bun-send");
  return table([
    ["work", "what", ...peers.map((peer) => NAMES[peer]), "cores busy"],
    ...rows.map(([row, result]) => {
      const first = Object.keys(result.rounds.kodama![0]!)[0]!;
      const [server, load, others] = ["server", "load", "others"].map((name) =>
        figure(result, "kodama", name)
      );
      const busy = Number.isNaN(server)
        ? "–"
        : [server, load, others].map((share) => share!.toFixed(2)).join(" + ");
      const cells = peers.map((peer) => short(figure(result, peer, first)));
      return [row.title, row.unit, ...cells, busy];
    }),
  ]);
}

/** What was asked, and what came of it. */
function targets(rows: Measured): string {
  return table([
    ["work", "figure", "asked", "measured", ""],
    ...rows.flatMap(([row, result]) =>
      verdicts(row, result).map(({ target, value, met }) => {
        const times = target.peer === undefined ? "" : ` × ${NAMES[target.peer]}`;
        return [
          row.title,
          FIGURES[target.figure]!,
          `${target.bound} ${target.than}${times}`,
          `${short(value)}${times === "" ? "" : " ×"}`,
          met ? "met" : "**missed**",
        ];
      })
    ),
  ]);
}

/** All figures of one row, server by server. */
function details([row, result]: Measured[number], names: string[]): string {
  const peers = row.peers.filter((peer) => result.rounds[peer] !== undefined);
  return table([
    ["", ...names.map((name) => FIGURES[name]!)],
    ...peers.map((
      peer,
    ) => [NAMES[peer], ...names.map((name) => short(figure(result, peer, name)))]),
  ]);
}

const FANOUT = ["deliveries", "published", "cpu", "p50", "p99", "peak", "slowest", "missing"];

/** What stands between the markers of the comparison. */
function comparison(results: Results): string {
  const rows = results.rows.map((result): Measured[number] => [rowOf(result.id), result]);
  const fanout = rows.find(([{ id }]) => id === "fanout-500");
  return [
    setting(results),
    figures(rows),
    "Held to what was asked:",
    targets(rows),
    ...fanout === undefined ? [] : [`All of “${fanout[0].title}”:`, details(fanout, FANOUT)],
  ].join("\n\n");
}

/** What stands between the markers of the curves. */
function curves(results: ScaleResults): string {
  const parts = [setting(results)];
  for (const series of SERIES) {
    const points = results.series[series.id];
    if (points === undefined) continue;
    const grown = growth(series, points);
    parts.push(
      `### By ${series.title}`,
      `![${series.unit}, by ${series.title}](performance-${series.id}.svg)`,
      series.note.join("\n"),
      table([
        [
          series.title,
          ...series.peers.map((p) => `${NAMES[p]}: ${series.unit}`),
          ...series.each === undefined ? [] : [`µs for each ${series.each.name} more`],
          "grows",
        ],
        ...points.map(({ size }, i) => [
          size.toLocaleString("en"),
          ...series.peers.map((peer) => short(costs(points, peer)[i]?.cost)),
          ...series.each === undefined ? [] : [short(grown[i]!.each)],
          `${grown[i]!.ratio.toFixed(2)} ×`,
        ]),
      ]),
      summary(series, points),
    );
  }
  return parts.join("\n\n");
}

function between(page: string, name: string, text: string): string {
  const begin = `<!-- ${name}: written by \`deno task bench:report\` -->\n`;
  const end = `<!-- end of ${name} -->`;
  const from = page.indexOf(begin) + begin.length, to = page.indexOf(end);
  if (from < begin.length || to < from) throw new Error(`the page has no place for ${name}`);
  return `${page.slice(0, from)}\n${text}\n\n${page.slice(to)}`;
}

/** The page with what was measured last. */
export function performancePage(page: string = Deno.readTextFileSync(PAGE)): string {
  const compared = between(page, "results", comparison(read("results.json")));
  return between(compared, "curves", curves(read("scale.json")));
}

/** The pictures, by name. */
export function pictures(): Map<string, string> {
  const { series } = read<ScaleResults>("scale.json");
  return new Map(SERIES.flatMap((s) => {
    const points = series[s.id];
    return points === undefined ? [] : [[`performance-${s.id}.svg`, curve(s, points)]];
  }));
}

if (import.meta.main) {
  Deno.writeTextFileSync(PAGE, performancePage());
  for (const [name, text] of pictures()) {
    Deno.writeTextFileSync(new URL(`../docs/${name}`, import.meta.url), text);
  }
}

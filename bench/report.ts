/**
 * `docs/performance.md` with its pictures and `docs/targets.md`, from what `bench/*.json` say was measured: `deno task bench:report`.
 * The text between the markers is written here and nowhere else.
 * @module
 */
import { curve } from "./curve.ts";
import { ENGINE_ROWS } from "./engine_rows.ts";
import { engines } from "./engine_report.ts";
import { busy, details, type Measured, NAMES, setting, table, targets } from "./markdown.ts";
import { LIBRARIES, type Peer, PEERS } from "./peers.ts";
import { figure, type Results, rowOf, short } from "./results.ts";
import { costs, growth, type ScaleResults, summary } from "./scale_results.ts";
import { LIBRARY_ROWS, PUBLISH_ROWS, TLS_ROWS } from "./rows.ts";
import { SERIES } from "./series.ts";

const PAGE = new URL("../docs/performance.md", import.meta.url);
const TARGETS = new URL("../docs/targets.md", import.meta.url);

function read<T>(name: string): T {
  return JSON.parse(Deno.readTextFileSync(new URL(name, import.meta.url)));
}

/** The first figure of every row, server by server. */
function figures(rows: Measured, all: readonly Peer[] = PEERS): string {
  const peers = all.filter((peer) => peer !== "bun-send");
  return table([
    ["work", "what", ...peers.map((peer) => NAMES[peer]), "cores busy"],
    ...rows.map(([row, result]) => {
      const first = Object.keys(result.rounds.kodama![0]!)[0]!;
      const cells = peers.map((peer) => short(figure(result, peer, first)));
      return [row.title, row.unit, ...cells, busy(result, "kodama")];
    }),
  ]);
}

/** The figures of a fan-out. */
const FANOUT = ["deliveries", "published", "cpu", "p50", "p99", "peak", "slowest", "missing"];

/** What stands between the markers of the comparison. */
function comparison(results: Results): string {
  const rows = results.rows.map((result): Measured[number] => [rowOf(result.id), result]);
  const fanout = rows.find(([{ id }]) => id === "fanout-500");
  return [
    setting(results),
    figures(rows),
    ...fanout === undefined ? [] : [`All of “${fanout[0].title}”:`, details(fanout, FANOUT)],
  ].join("\n\n");
}

/** What stands between the markers of the comparison over TLS. */
function encrypted(results: Results): string {
  const rows = results.rows.map((result): Measured[number] => [
    rowOf(result.id, TLS_ROWS),
    result,
  ]);
  return [setting(results), figures(rows)].join("\n\n");
}

/** What stands between the markers of the library. */
function library(results: Results): string {
  const rows = results.rows.map((r): Measured[number] => [rowOf(r.id, LIBRARY_ROWS), r]);
  return [setting(results), figures(rows, LIBRARIES)].join("\n\n");
}

/** What stands between the markers of publishing. */
function publishing(results: Results): string {
  const rows = results.rows.map((r): Measured[number] => [rowOf(r.id, PUBLISH_ROWS), r]);
  return [setting(results), figures(rows, rows[0]![0].peers)].join("\n\n");
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
  const secured = between(compared, "wss", encrypted(read("wss.json")));
  const published = between(secured, "publish", publishing(read("publish.json")));
  const embedded = between(published, "library", library(read("library.json")));
  const served = between(embedded, "engines", engines(read("engines.json")));
  return between(served, "curves", curves(read("scale.json")));
}

/** What was aimed at: the heading, where it was measured, and the rows of that. */
const AIMS = [
  ["WebSockets and fan-out", "results.json", undefined],
  ["Over TLS", "wss.json", TLS_ROWS],
  ["Publishing over HTTP", "publish.json", PUBLISH_ROWS],
  ["In a program", "library.json", LIBRARY_ROWS],
  ["Workers and engines", "engines.json", ENGINE_ROWS],
] as const;

/** The page of targets, with what was measured last. */
export function targetsPage(page: string = Deno.readTextFileSync(TARGETS)): string {
  const parts = AIMS.flatMap(([heading, file, all]) => {
    const results = read<Results>(file);
    const rows = results.rows.map((r): Measured[number] => [rowOf(r.id, all), r]);
    return [`## ${heading}`, setting(results), targets(rows)];
  });
  return between(page, "targets", parts.join("\n\n"));
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
  Deno.writeTextFileSync(TARGETS, targetsPage());
  for (const [name, text] of pictures()) {
    Deno.writeTextFileSync(new URL(`../docs/${name}`, import.meta.url), text);
  }
}

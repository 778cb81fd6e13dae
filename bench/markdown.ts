/**
 * Results as tables of Markdown.
 * @module
 */
import { figure, type RowResult, type Setting, short, verdicts } from "./results.ts";
import type { Peer } from "./peers.ts";
import { FIGURES, type Row } from "./rows.ts";

/** Names of those that are compared. */
export const NAMES: Record<Peer, string> = {
  kodama: "Kodama",
  library: "`serve()`",
  deno: "Deno's own",
  ws: "`ws` on Node",
  bun: "Bun",
  "bun-send": "Bun, a loop of `send`",
  tcp: "bare TCP",
  "kodama-2": "Kodama, 2 workers",
  sqlite: "SQLite",
  "sqlite-2": "SQLite, 2 workers",
  redis: "Redis Streams",
  disk: "the disk's own sync",
  before: "before",
};

/** A table of Markdown whose columns line up. */
export function table(rows: string[][]): string {
  const widths = rows[0]!.map((_, i) => Math.max(3, ...rows.map((row) => row[i]!.length)));
  const line = (row: string[]) => `| ${row.map((c, i) => c.padEnd(widths[i]!)).join(" | ")} |`;
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  return [line(rows[0]!), rule, ...rows.slice(1).map(line)].join("\n");
}

/** When, where and with what. */
export function setting({ date, machine, versions: v, command, rounds, seconds }: Setting) {
  const { cpu, cores, memory, kernel } = machine;
  const others = v.redis === undefined
    ? `Node ${v.node}, ws ${v.ws}; Bun ${v.bun}`
    : `Redis ${v.redis}`;
  return [
    `- \`${command}\`, ${date.slice(0, 10)}: ${rounds} rounds of ${seconds} s each.`,
    `- ${cpu}, ${cores} cores, ${memory}, ${kernel}.`,
    `- Kodama ${v.kodama} on Deno ${v.deno}; ${others}.`,
  ].join("\n");
}

/** Rows, each with what was measured of it. */
export type Measured = [Row, RowResult][];

/** How much of a core the server, the load and all else used, while one was measured. */
export function busy(result: RowResult, peer: Peer): string {
  const shares = ["server", "load", "others"].map((name) => figure(result, peer, name) ?? NaN);
  return shares.some(Number.isNaN) ? "–" : shares.map((share) => share.toFixed(2)).join(" + ");
}

/** What was asked, and what came of it. */
export function targets(rows: Measured): string {
  return table([
    ["work", "figure", "asked", "measured", ""],
    ...rows.flatMap(([row, result]) =>
      verdicts(row, result).map(({ target, value, met }) => {
        const { of, peer, more, figure } = target;
        const than = peer === undefined ? "" : ` ${more ? "more than" : "×"} ${NAMES[peer]}`;
        return [
          row.title,
          of === undefined ? FIGURES[figure]! : `${NAMES[of]}: ${FIGURES[figure]}`,
          `${target.bound} ${target.than}${than}`,
          peer === undefined || more ? short(value) : `${short(value)} ×`,
          met ? "met" : "**missed**",
        ];
      })
    ),
  ]);
}

/** All figures of one row, server by server. */
export function details([row, result]: Measured[number], names: string[]): string {
  const peers = row.peers.filter((peer) => result.rounds[peer] !== undefined);
  return table([
    ["", ...names.map((name) => FIGURES[name]!)],
    ...peers.map((
      peer,
    ) => [NAMES[peer], ...names.map((name) => short(figure(result, peer, name)))]),
  ]);
}

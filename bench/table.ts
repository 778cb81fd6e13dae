/**
 * Results as text for a terminal.
 * @module
 */
import { figure, type RowResult, short, verdicts } from "./results.ts";
import { FIGURES, type Row } from "./rows.ts";
import type { Peer } from "./peers.ts";

/** Columns that line up. */
export function columns(rows: string[][]): string {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  return rows.map((row) =>
    "  " + row.map((c, i) => i === 0 ? c.padEnd(widths[i]!) : c.padStart(widths[i]!)).join("  ")
  ).join("\n");
}

/** One row: each server's figures, and what was asked. */
export function rowText(row: Row, result: RowResult): string {
  const peers = Object.keys(result.rounds) as Peer[];
  const names = Object.keys(result.rounds[peers[0]!]?.[0] ?? {});
  const table = [
    ["", ...names.map((name) => FIGURES[name] ?? name)],
    ...peers.map((peer) => [peer, ...names.map((name) => short(figure(result, peer, name)))]),
  ];
  const asked = verdicts(row, result).map(({ target, value, met }) => {
    const how = target.more ? "+" : "×";
    const than = `${target.than}${target.peer === undefined ? "" : ` ${how} ${target.peer}`}`;
    const name = `${target.of ?? "kodama"} ${FIGURES[target.figure] ?? target.figure}`;
    return `  ${met ? "met   " : "MISSED"} ${name}: ${short(value)}, ${target.bound} ${than}`;
  });
  return [`\n${row.id}: ${row.title}`, columns(table), ...asked].join("\n");
}

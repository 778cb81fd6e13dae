/**
 * What a comparison found: the medians, and whether they are what was asked.
 * @module
 */
import type { Rounds } from "./measure.ts";
import { type Row, ROWS, type Target } from "./rows.ts";
import type { Peer } from "./peers.ts";

/** What was measured of one row. */
export interface RowResult {
  /** Which row. */
  id: string;
  /** All rounds of each server. */
  rounds: Rounds;
}

/** When, where and with what was measured. */
export interface Setting {
  /** When it began: ISO 8601. */
  date: string;
  /** Where. */
  machine: { cpu: string; cores: number; memory: string; kernel: string };
  /** What took part. */
  versions: Record<string, string>;
  /** The command line. */
  command: string;
  /** How often, and for how long each time, in seconds. */
  rounds: number;
  seconds: number;
}

/** A whole comparison: `results.json`. */
export interface Results extends Setting {
  /** The rows. */
  rows: RowResult[];
}

/** The one in the middle. */
export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b), half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

/** The median of a figure over a server's rounds. `undefined` if it was not measured. */
export function figure(result: RowResult, peer: Peer, name: string): number | undefined {
  const rounds = result.rounds[peer];
  if (rounds === undefined || rounds.length === 0) return undefined;
  return median(rounds.map((figures) => figures[name] ?? NaN));
}

/** What came of a target. */
export interface Verdict {
  target: Target;
  /** The figure, or how many times the peer's it is, or how much more. */
  value: number;
  met: boolean;
}

/** Holds a row's medians to what was asked; without what was not measured. */
export function verdicts(row: Row, result: RowResult): Verdict[] {
  return row.targets.flatMap((target) => {
    const ours = figure(result, target.of ?? "kodama", target.figure);
    const theirs = target.peer === undefined ? 1 : figure(result, target.peer, target.figure);
    if (ours === undefined || theirs === undefined) return [];
    const value = target.more ? ours - theirs : ours / theirs;
    const met = target.bound === "at most" ? value <= target.than : value >= target.than;
    return [{ target, value, met }];
  });
}

/** The row of that id. */
export function rowOf(id: string, rows = ROWS): Row {
  const row = rows.find((row) => row.id === id);
  if (row === undefined) throw new Error(`no row ${id}; there are ${rows.map((r) => r.id)}`);
  return row;
}

/** A number with three digits that mean something. */
export function short(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return "–";
  if (value >= 1000) return Math.round(value).toLocaleString("en");
  if (value === 0 || value >= 100) return value.toFixed(0);
  if (value < 0.01) return value.toPrecision(2);
  return value.toFixed(value >= 10 ? 1 : value >= 1 ? 2 : 3);
}

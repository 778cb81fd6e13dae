/**
 * `kodama check`: what is in the file of a log, and whether it is whole.
 * @module
 */
import { DatabaseError } from "../engine/fault.ts";
import { inspect, type Inspection } from "../engine/inspect.ts";
import { sqliteFile } from "../engine/open.ts";
import { printable } from "../service/log.ts";
import type { Command } from "../settings/command.ts";
import { Failure } from "./request.ts";

/** Most faults that are listed. */
const MAX_FAULTS = 5;

/** What is in a file. */
export interface Checked {
  /** Lines to print. */
  text: string;
  /** Whether nothing is wrong with it. */
  whole: boolean;
}

/**
 * Looks into a file that no server has open, and changes nothing.
 * @param now In ms since 1970.
 * @throws {Failure} If it cannot be read, or is no log.
 */
export function check(
  { file, options }: Extract<Command, { run: "check" }>,
  now: number,
): Checked {
  // As `--engine` names it, too.
  const path = sqliteFile(file) ?? file;
  let found: Inspection;
  try {
    found = inspect(path);
  } catch (error) {
    if (error instanceof DatabaseError) throw new Failure(printable(error.message));
    throw error;
  }
  const whole = found.faults.length === 0;
  return { text: options.json ? json(path, found) : lines(path, found, now), whole };
}

function json(file: string, { oldest, ...found }: Inspection): string {
  const time = oldest === undefined ? null : new Date(oldest).toISOString();
  return JSON.stringify({ file, ...found, oldest: time });
}

function lines(file: string, found: Inspection, now: number): string {
  const { epoch, channels, messages, bytes, size, oldest, faults } = found;
  const state = faults.length === 0 ? "whole" : "damaged";
  const rows: [name: string, value: string | number][] = [
    ["file", `${file}, ${amount(size)}, ${state}`],
    ["epoch", epoch],
    ["channels", channels],
    ["messages", messages],
    ["bytes", amount(bytes)],
    [
      "oldest",
      oldest === undefined ? "none" : `${new Date(oldest).toISOString()}, ${ago(now - oldest)}`,
    ],
    ...faults.slice(0, MAX_FAULTS).map((line): [string, string] => ["damage", line]),
  ];
  const more = faults.length - MAX_FAULTS;
  if (more > 0) rows.push(["damage", `and ${more} more`]);
  return rows.map(([name, value]) => printable(`${name.padEnd(10)}${value}`)).join("\n");
}

/** A size in the largest unit that it fills. */
function amount(bytes: number): string {
  const units = [["GiB", 1 << 30], ["MiB", 1 << 20], ["KiB", 1 << 10]] as const;
  const unit = units.find(([, size]) => bytes >= size);
  return unit === undefined ? `${bytes} bytes` : `${(bytes / unit[1]).toFixed(1)} ${unit[0]}`;
}

/** How long ago something was, in the largest unit that it fills. */
function ago(ms: number): string {
  const units = [["d", 86_400_000], ["h", 3_600_000], ["m", 60_000], ["s", 1000]] as const;
  const unit = units.find(([, size]) => ms >= size);
  return unit === undefined ? "just now" : `${Math.floor(ms / unit[1])}${unit[0]} ago`;
}

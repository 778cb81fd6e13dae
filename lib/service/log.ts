/**
 * The log: one bounded line for each thing that happened, on stderr.
 * @module
 */
import { configure, getLogger, type LogRecord } from "@logtape/logtape";
import type { Config } from "../settings/config.ts";
import type { Level, LineName } from "./lines.ts";

/** Fields of a line. Nothing secret goes in. */
export type Fields = Record<string, string | number | boolean>;

/** Where lines go; {@linkcode lines} says which there are. */
export interface Log {
  /** Something an operator does not need every day. */
  debug(message: LineName, fields?: Fields): void;
  /** Something that happened. */
  info(message: LineName, fields?: Fields): void;
  /** Something that somebody should look at. */
  warn(message: LineName, fields?: Fields): void;
  /** A fault. */
  error(message: LineName, fields?: Fields): void;
}

/** The log of this program; where its lines go is for {@linkcode configureLog} to say. */
export const log: Log = logOf(["kodama"]);

/** A log of LogTape's, by its category. */
export function logOf(category: readonly string[]): Log {
  return getLogger(category);
}

/** A line, as a program's own function takes it. */
export interface LogLine {
  /** When it was written, in ms since 1970. */
  time: number;
  /** How severe it is. */
  level: Level;
  /** What has happened: one of few texts, which stay as they are. */
  message: string;
  /** Its fields. */
  fields: Fields;
}

/** The log of one service among others in a program: its lines are handed to a function, those that are severe enough. */
export function logTo(take: (line: LogLine) => unknown, least: Level): Log {
  const severity: readonly Level[] = ["debug", "info", "warning", "error"];
  const taker = (level: Level) => (message: LineName, fields: Fields = {}) => {
    if (severity.indexOf(level) < severity.indexOf(least)) return;
    take({ time: Date.now(), level, message, fields });
  };
  return {
    debug: taker("debug"),
    info: taker("info"),
    warn: taker("warning"),
    error: taker("error"),
  };
}

/** Writes a line, in a form. */
export function formatLine(line: LogLine, form: Config["logFormat"]): string {
  return form === "json" ? jsonLine(line) : textLine(line);
}

/** Longest line, in characters; what is longer is cut. */
export const MAX_LOG_LINE = 4096;
/** What may wait to be written while the reader of the log is slow, in bytes. More is dropped, and counted. */
const MAX_WAITING = 256 * 1024;

/** Writes lines one behind the other; a writer that fails or stalls loses lines, never the program. */
export class LineWriter {
  readonly #write: (bytes: Uint8Array) => Promise<number>;
  readonly #encoder = new TextEncoder();
  #waiting: Uint8Array[] = [];
  #size = 0;
  #lost = 0;
  #writing: Promise<void> | undefined;

  /** @param write Takes some of the bytes, and says how many. */
  constructor(write: (bytes: Uint8Array) => Promise<number>) {
    this.#write = write;
  }

  /** Takes a line, without its end. */
  line(text: string): void {
    const bytes = this.#encoder.encode(text + "\n");
    if (this.#size + bytes.length > MAX_WAITING) {
      this.#lost++;
      return;
    }
    this.#waiting.push(bytes);
    this.#size += bytes.length;
    this.#writing ??= this.#run();
  }

  /** Resolves when what was taken is written, or lost. */
  async flushed(): Promise<void> {
    await this.#writing;
  }

  async #run(): Promise<void> {
    for (let bytes = this.#waiting.shift(); bytes !== undefined; bytes = this.#waiting.shift()) {
      this.#size -= bytes.length;
      try {
        for (let at = 0; at < bytes.length;) at += await this.#write(bytes.subarray(at));
      } catch {
        // A full disk or a closed pipe: there is nowhere else to say so until it is writable again.
        this.#lost++;
        continue;
      }
      if (this.#lost > 0) {
        const lost = this.#lost;
        this.#lost = 0;
        this.#waiting.unshift(this.#encoder.encode(`${lost} log lines were lost\n`));
      }
    }
    this.#writing = undefined;
  }
}

/** Sends the log's lines to a writer, in the configured form. For a program, not for a library. */
export async function configureLog(
  config: Pick<Config, "logLevel" | "logFormat">,
  writer: LineWriter,
): Promise<void> {
  const sink = ({ timestamp: time, level, message, properties }: LogRecord) =>
    writer.line(
      formatLine({
        time,
        level: level as Level,
        message: message.map(String).join(""),
        fields: properties as Fields,
      }, config.logFormat),
    );
  await configure({
    reset: true,
    sinks: { lines: sink },
    loggers: [
      { category: ["kodama"], lowestLevel: config.logLevel, sinks: ["lines"] },
      { category: ["logtape", "meta"], lowestLevel: "warning", sinks: ["lines"] },
    ],
  });
}

function textLine({ time, level, message, fields }: LogLine): string {
  let line = `${new Date(time).toISOString()} ${level} ${message}`;
  for (const [name, value] of Object.entries(fields)) {
    line += ` ${name}=${typeof value === "string" ? JSON.stringify(value) : value}`;
  }
  return bounded(printable(line));
}

function jsonLine({ time, level, message, fields }: LogLine): string {
  const entry = { time: new Date(time).toISOString(), level, message, ...fields };
  const line = printable(JSON.stringify(entry));
  if (line.length <= MAX_LOG_LINE) return line;
  // Cut JSON is no JSON: the long values are cut instead, each escaped character being six at most.
  const share = Math.floor(MAX_LOG_LINE / 8 / Object.keys(entry).length);
  const cut = (value: unknown) =>
    typeof value === "string" && value.length > share ? value.slice(0, share) + "…" : value;
  const short = Object.entries(entry).map(([name, value]) => [name, cut(value)]);
  return printable(JSON.stringify(Object.fromEntries(short)));
}

/** What could move a terminal's cursor, change its colours or hide text is written as an escape. */
export function printable(line: string): string {
  return line.replace(
    // deno-lint-ignore no-control-regex
    /[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g,
    (c) => "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0"),
  );
}

function bounded(line: string): string {
  return line.length <= MAX_LOG_LINE ? line : line.slice(0, MAX_LOG_LINE - 1) + "…";
}

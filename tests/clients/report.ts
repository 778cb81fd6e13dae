/**
 * What programs said and what was seen on the wire, judged; and `docs/clients.md`, which says it.
 * @module
 */
import type { Compression, Program, Role } from "./programs.ts";

/** What every program of a role must say of each: `ok`, or `skip` for those in {@linkcode OPTIONAL}. */
export const CHECKS: Record<Role, readonly string[]> = {
  websocket: [
    ...[0, 125, 126, 65535, 65536, 1_000_000].flatMap((size) => [
      `echo text ${size}`,
      `echo binary ${size}`,
    ]),
    "fragments",
    "ping",
    "close by the client",
    "channel",
    "close by the server",
  ],
  publish: [
    ...[0, 125, 65536, 1_000_000].map((size) => `publish ${size}`),
    "publish binary",
    "publish chunked",
    "expect",
    "too large",
  ],
  events: ["open", "live", "resume"],
  pusher: ["trigger", "trigger to many", "batch", "channels", "channel", "users", "another secret"],
};

/** What some clients have no way to do. */
export const OPTIONAL: readonly string[] = ["fragments", "ping", "expect", "too large"];

/** What a tap saw of a program's connections. */
export interface Seen {
  /** Messages that crossed the wire compressed. */
  compressed: Compression;
  /** Whether the client sent a message in fragments. */
  fragments: boolean;
  /** Whether it sent a ping. */
  ping: boolean;
}

/** One run of a program. */
export interface Run {
  /** What ran. */
  program: Program;
  /** Where through: `direct`, or a proxy. */
  way: string;
  /** The version of what it runs on. */
  runtime: string;
  /** The lines that it said. */
  lines: readonly string[];
  /** What else went wrong: it did not end, or not with 0. */
  faults: readonly string[];
  /** What was seen on the wire; of WebSocket alone. */
  seen?: Seen;
}

/** What came of a run. */
export interface Outcome {
  run: Run;
  /** The client's version, as it says itself. */
  version: string;
  /** The checks that it has no way to do. */
  skipped: string[];
  /** What is not as it should be; nothing, if all is. */
  failures: string[];
}

/** Judges one run. A check of which nothing was said has failed. */
export function judge(run: Run): Outcome {
  const { program, lines, seen } = run;
  const failures = [...run.faults];
  const skipped: string[] = [];
  const missing = new Set(CHECKS[program.role]);
  let version = "";
  for (const line of lines) {
    const match = /^(version|ok|not ok|skip) ([^:]*)(?:: (.*))?$/.exec(line);
    const [, verdict, name = "", why] = match ?? [];
    if (verdict === undefined) failures.push(`said ${JSON.stringify(line)}`);
    else if (verdict === "version") version = name;
    else if (!missing.delete(name)) failures.push(`${name}: no check of its, or its second`);
    else if (verdict === "not ok") failures.push(`${name}: ${why}`);
    else if (verdict === "skip") {
      skipped.push(name);
      if (!OPTIONAL.includes(name) || !why) failures.push(`${name}: skipped without a reason`);
    }
  }
  if (version === "") failures.push("did not say its version");
  if (missing.size > 0) failures.push(`nothing was said of: ${[...missing].join(", ")}`);
  if (seen !== undefined) {
    const said = (name: string) => !missing.has(name) && !skipped.includes(name);
    if (said("fragments") !== seen.fragments) failures.push("fragments: not so on the wire");
    if (said("ping") !== seen.ping) failures.push("ping: not so on the wire");
    if (seen.compressed !== program.compression) {
      failures.push(`compressed ${seen.compressed}, not ${program.compression}`);
    }
  }
  return { run, version, skipped, failures };
}

const BEGIN = "<!-- clients: written by `deno task clients` -->\n";
const END = "<!-- end of clients -->";

const TITLES: Record<Role, string> = {
  websocket: "WebSocket",
  publish: "Publishing over HTTP",
  events: "Server-Sent Events",
  pusher: "Pusher's libraries for servers",
};

function can(check: string): (outcome: Outcome) => string {
  return ({ skipped }) => skipped.includes(check) ? "–" : "ok";
}

/** The columns of a role behind client, version and what it runs on. */
const DETAILS: Record<Role, [title: string, cell: (outcome: Outcome) => string][]> = {
  websocket: [
    ["compressed", ({ run }) => run.program.compression],
    ["fragments", can("fragments")],
    ["ping", can("ping")],
  ],
  publish: [
    ["asks first", can("expect")],
    ["sees 413", can("too large")],
  ],
  events: [],
  pusher: [],
};

/** A table of Markdown whose columns line up. */
function table(rows: string[][]): string {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  const line = (row: string[]) => `| ${row.map((c, i) => c.padEnd(widths[i]!)).join(" | ")} |`;
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  return [line(rows[0]!), rule, ...rows.slice(1).map(line)].join("\n");
}

/** The tables, in the order of the programs. */
export function tables(outcomes: readonly Outcome[]): string {
  return (Object.keys(TITLES) as Role[]).map((role) => {
    const details = DETAILS[role];
    const ofRole = outcomes.filter(({ run }) => run.program.role === role);
    const ways = [...new Set(ofRole.map(({ run }) => run.way))];
    const programs = [...new Set(ofRole.map(({ run }) => run.program))];
    const rows = programs.map((program) => {
      const own = ofRole.filter(({ run }) => run.program === program);
      const first = own[0]!;
      const results = ways.map((way) => {
        const outcome = own.find(({ run }) => run.way === way);
        return outcome === undefined ? "" : outcome.failures.length === 0 ? "ok" : "failed";
      });
      const { client, toolchain } = program;
      const { version, run } = first;
      const cells = details.map(([, cell]) => cell(first));
      return [client, version, `${toolchain} ${run.runtime}`, ...cells, ...results];
    });
    const head = ["client", "version", "runs on", ...details.map(([title]) => title), ...ways];
    return `### ${TITLES[role]}\n\n${table([head, ...rows])}`;
  }).join("\n\n");
}

/** The rows of the tables in a document: client, version, and the rest. */
export function rowsOf(page: string): string[][] {
  const [from, to] = place(page);
  return page.slice(from, to).split("\n")
    .filter((line) => line.startsWith("| ") && !/^\| (client |---)/.test(line))
    .map((line) => line.slice(1, -1).split("|").map((cell) => cell.trim()));
}

/** The document with these tables. */
export function pageWith(page: string, written: string): string {
  const [from, to] = place(page);
  return `${page.slice(0, from)}\n${written}\n\n${page.slice(to)}`;
}

function place(page: string): [from: number, to: number] {
  const from = page.indexOf(BEGIN) + BEGIN.length, to = page.indexOf(END);
  if (from < BEGIN.length || to < from) throw new Error("there is no place for the tables");
  return [from, to];
}

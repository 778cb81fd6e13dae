/**
 * From a command line and an environment to the values of settings.
 * @module
 */
import { parseArgs } from "node:util";
import { ConfigError, type Setting, type Settings, type Values } from "./setting.ts";

/** What a command line holds. */
export interface CommandLine {
  /** What was given for each flag, by its name; empty texts for flags that take no value. */
  flags: Map<string, string[]>;
  /** What is no flag. */
  operands: string[];
}

/** What our variables begin with. */
const PREFIX = "KODAMA_";

/** Looks a variable of the environment up. */
export type Environment = (name: string) => string | undefined;

/**
 * The flag of a setting: `maxMessage` is `max-message`.
 * @param key A key of a table of settings.
 */
export function flagName(key: string): string {
  return key.replace(/[A-Z]/g, (c) => "-" + c.toLowerCase());
}

/**
 * The environment variable of a setting: `maxMessage` is `KODAMA_MAX_MESSAGE`.
 * @param key A key of a table of settings.
 */
export function variableName(key: string): string {
  return PREFIX + flagName(key).replaceAll("-", "_").toUpperCase();
}

/**
 * Tells flags, their values and operands apart. `--help` and `--version` are flags of everything.
 * @throws {ConfigError} On an unknown flag, or one without its value.
 */
export function readFlags(settings: Settings, args: string[]): CommandLine {
  const options: Record<string, { type: "string" | "boolean"; short?: string }> = {
    help: { type: "boolean", short: "h" },
    version: { type: "boolean", short: "V" },
  };
  for (const [key, { form, short }] of Object.entries(settings)) {
    const type = form === "" ? "boolean" : "string";
    options[flagName(key)] = { type, ...short !== undefined && { short } };
  }
  const { tokens } = parseArgs({ args, options, strict: false, tokens: true });
  const flags: CommandLine["flags"] = new Map();
  const operands: string[] = [];
  for (const token of tokens) {
    if (token.kind === "option-terminator") continue;
    if (token.kind === "positional") {
      operands.push(token.value);
      continue;
    }
    const { name, rawName, value } = token;
    const option = new Map(Object.entries(options)).get(name);
    if (option === undefined) throw new ConfigError(`unknown flag ${rawName}; see --help`);
    if (option.type === "boolean" && value !== undefined) {
      throw new ConfigError(`${rawName} takes no value; see --help`);
    }
    if (
      option.type === "string" &&
      (value === undefined || !token.inlineValue && value.startsWith("--"))
    ) {
      throw new ConfigError(`${rawName} needs a value; see --help`);
    }
    flags.set(name, [...flags.get(name) ?? [], value ?? ""]);
  }
  return { flags, operands };
}

/**
 * Makes the settings' values; flags win over variables.
 * @param env Looks a variable up, of those that count.
 * @throws {ConfigError} On a bad value.
 */
export function readValues<T extends Settings>(
  settings: T,
  flags: CommandLine["flags"],
  env: Environment,
): Values<T> {
  const values = Object.entries<Setting<unknown>>(settings).map(([key, setting]) => {
    const flag = flags.get(flagName(key));
    const variable = env(variableName(key)) || undefined;
    const given = flag ?? variable ?? setting.default;
    try {
      return [key, setting.parse(given === undefined ? [] : [given].flat())];
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      const source = flag === undefined ? variableName(key) : `--${flagName(key)}`;
      throw new ConfigError(`${source} ${error.message}`);
    }
  });
  return Object.fromEntries(values) as Values<T>;
}

/** The lines of `--help` for settings, each group under its name; what has no name comes without one. */
export function flagLines(groups: Readonly<Record<string, Settings>>): string[] {
  const rows = Object.entries(groups).map(([name, settings]) => ({
    name,
    flags: Object.entries(settings).map(([key, { short, help, default: initial }]) => [
      `  --${flagName(key)}` + (short === undefined ? "" : `, -${short}`),
      help + (initial ? ` [${initial}]` : ""),
    ]),
  }));
  const names = rows.flatMap(({ flags }) => flags.map(([flag]) => flag!.length));
  const width = Math.max(...names, "  --version, -V".length) + 2;
  const line = ([flag, help]: string[]) => flag!.padEnd(width) + help;
  return [
    ...rows.flatMap(({ name, flags }) => [
      ...name === "" ? [] : [`${name}:`],
      ...flags.map(line),
      ...name === "" ? [] : [""],
    ]),
    line(["  --help, -h", "this text"]),
    line(["  --version, -V", "the version"]),
  ];
}

/**
 * The variables that look like ours and are none, each with the nearest that is, where one is near.
 * @param names Of the environment.
 * @param known Keys of all tables of settings.
 */
export function strangers(
  names: readonly string[],
  known: readonly string[],
): { name: string; nearest: string | undefined }[] {
  const ours = [...new Set(known.map(variableName))];
  return names.filter((name) => name.startsWith(PREFIX) && !ours.includes(name)).map((name) => {
    const ranked = ours.map((other) => ({ other, away: distance(name, other) }));
    const nearest = ranked.reduce((a, b) => b.away < a.away ? b : a);
    const near = nearest.away <= Math.min(NEAR, (name.length - PREFIX.length) / 2);
    return { name, nearest: near ? nearest.other : undefined };
  });
}

/** So many letters wrong are a slip, in a name that is twice as long. */
const NEAR = 3;

/** How many letters must be added, left out or changed to make one word of another (Levenshtein). */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (const [i, letter] of [...from].entries()) {
    const next = [i + 1];
    for (let j = 0; j < to.length; j++) {
      const changed = row[j]! + (letter === to[j] ? 0 : 1);
      next.push(Math.min(changed, row[j + 1]! + 1, next[j]! + 1));
    }
    row = next;
  }
  return row.at(-1)!;
}

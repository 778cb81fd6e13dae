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
  return "KODAMA_" + flagName(key).replaceAll("-", "_").toUpperCase();
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
  for (const [key, { form }] of Object.entries(settings)) {
    options[flagName(key)] = { type: form === "" ? "boolean" : "string" };
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

/** The lines of `--help` for settings. */
export function flagLines(settings: Settings): string[] {
  const rows = Object.entries(settings).map(([key, s]) => [
    `  --${flagName(key)}`,
    s.help + (s.default ? ` [${s.default}]` : ""),
  ]);
  const width = Math.max(...rows.map(([flag]) => flag!.length), "  --version".length) + 2;
  return [
    ...rows.map(([flag, help]) => flag!.padEnd(width) + help),
    "  --help".padEnd(width) + "this text",
    "  --version".padEnd(width) + "the version",
  ];
}

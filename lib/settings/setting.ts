/**
 * Kinds of settings: what a value looks like, how it is read, and what is said of one that cannot be.
 * @module
 */
import { type Network, parseNetwork } from "../http/address.ts";

/** A command line or an environment that cannot be used; the message is one line for whoever typed it. */
export class ConfigError extends Error {
  override name = "ConfigError";
}

/** What a program gives is of another kind than it must be. */
export class KindError extends ConfigError {
  override name = "KindError";

  /**
   * @param what What it must be.
   * @param value What it is; only its kind is said, as it may be a secret.
   */
  constructor(what: string, value: unknown) {
    const kind = value === null ? "null" : Array.isArray(value) ? "a list" : `a ${typeof value}`;
    super(`must be ${what}, not ${kind.replace(/^a (?=object|undefined)/, "an ")}`);
  }
}

/** One setting. */
export interface Setting<T> {
  /** The default, as it would be typed; `undefined` where there is none. */
  readonly default: string | undefined;
  /** What a value looks like, for `--help`; empty where the flag is all, and takes none. */
  readonly form: string;
  /** What it is, in one line, for `--help`. */
  readonly help: string;
  /** Its flag as one letter, where it has one. */
  readonly short?: string;
  /** Whether it can be given more than once. */
  readonly repeatable: boolean;
  /** Makes values of what was typed. Throws {@linkcode ConfigError} with what would be right. */
  readonly parse: (values: string[]) => T;
  /**
   * Takes a value as a program gives it: numbers of ms and bytes, texts, lists; also what {@linkcode parse} has made.
   * Throws {@linkcode ConfigError} with what would be right, {@linkcode KindError} where it is of another kind.
   */
  readonly check: (value: unknown) => T;
}

/** Settings by their keys: `maxMessage` is the flag `--max-message` and the variable `KODAMA_MAX_MESSAGE`. */
export type Settings = Readonly<Record<string, Setting<unknown>>>;

/** Their values. */
export type Values<T extends Settings> = {
  -readonly [K in keyof T]: ReturnType<T[K]["parse"]>;
};

/** A single value: where it is given more than once, the last. */
export function one<T>(
  form: string,
  initial: string,
  help: string,
  parse: (value: string) => T,
): Setting<T> {
  return {
    default: initial,
    form,
    help,
    repeatable: false,
    parse: (values) => parse(values.at(-1)!),
    check: (value) => parse(textOf(value)),
  };
}

/** A text that a program gives. */
export function textOf(value: unknown): string {
  if (typeof value !== "string") throw new KindError("a string", value);
  return value;
}

/** A list of texts that a program gives. */
export function textsOf(value: unknown): string[] {
  if (!Array.isArray(value)) throw new KindError("a list of strings", value);
  return value.map(textOf);
}

/** A whole number that a program gives. */
export function numberOf(value: unknown, least: number, most: number, unit = ""): number {
  if (typeof value !== "number") throw new KindError("a number", value);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  const of = unit === "" ? "" : ` of ${unit}`;
  throw new ConfigError(`must be a whole number${of} from ${least} to ${most}, and is ${value}`);
}

/** A quantity: a number and a unit, or a number alone where the unit `""` exists. */
function quantity(
  form: string,
  units: Record<string, number>,
  bounds: [least: number, most: number],
  initial: string,
  help: string,
): Setting<number> {
  const unit = "ms" in units ? "ms" : "KiB" in units ? "bytes" : "";
  const setting = one(form, initial, help, (text) => {
    const match = /^(\d{1,15}(?:\.\d{1,3})?)([A-Za-z]*)$/.exec(text);
    const unit = match === null ? undefined : new Map(Object.entries(units)).get(match[2]!);
    const value = unit === undefined ? NaN : Number(match![1]) * unit;
    if (!Number.isInteger(value) || value < bounds[0] || value > bounds[1]) {
      const [least, most] = bounds.map((b) => unitOf(b, units));
      throw new ConfigError(`must be ${form} from ${least} to ${most}, and is ${quote(text)}`);
    }
    return value;
  });
  return { ...setting, check: (value) => numberOf(value, ...bounds, unit) };
}

/** A bound in the largest unit that divides it. */
function unitOf(value: number, units: Record<string, number>): string {
  const fitting = Object.entries(units).filter(([, size]) => value % size === 0);
  const [name, size] = fitting.reduce((a, b) => b[1] > a[1] ? b : a);
  return value / size + name;
}

const DAY = 24 * 3_600_000;

/** A time, in ms. */
export function time(
  initial: string,
  help: string,
  least = 1,
  most = DAY,
): Setting<number> {
  return quantity(
    "a time (ms, s, m, h)",
    { ms: 1, s: 1000, m: 60_000, h: 3_600_000 },
    [least, most],
    initial,
    help,
  );
}

/** A size, in bytes. */
export function size(initial: string, help: string, least = 1, most = 2 ** 30): Setting<number> {
  return quantity(
    "a size (bytes, KiB, MiB, GiB)",
    { "": 1, KiB: 1 << 10, MiB: 1 << 20, GiB: 1 << 30 },
    [least, most],
    initial,
    help,
  );
}

export function count(initial: string, help: string, least = 1, most = 1e9): Setting<number> {
  return quantity("a number", { "": 1 }, [least, most], initial, help);
}

/** A number, or the word `none`. */
export function orNone(setting: Setting<number>): Setting<number | "none"> {
  return {
    ...setting,
    form: `${setting.form} or none`,
    parse: (values) => values.at(-1) === "none" ? "none" : setting.parse(values),
    check: (value) => value === "none" ? "none" : setting.check(value),
  };
}

/** A file; there is none by default. */
export function path(help: string): Setting<string> {
  return one("a path", "", help, (text) => {
    if (text.includes("\0")) throw new ConfigError("must be a path, without NUL");
    return text;
  });
}

/** An http or https URL; one that is not is not shown, as its path or its user may be secret. */
export function url(help: string): Setting<string> {
  return one("a URL", "", help, (text) => {
    if (text === "" || isWebURL(text)) return text;
    throw new ConfigError("must be an http or https URL");
  });
}

export function isWebURL(text: string): boolean {
  return /^https?:\/\/./.test(text) && URL.canParse(text);
}

/** One of some words; `--help` lists them. */
export function choice<const T extends string>(
  choices: readonly T[],
  initial: NoInfer<T>,
  help: string,
): Setting<T> {
  return one(choices.join(" | "), initial, `${help}: ${choices.join(", ")}`, (text) => {
    const found = choices.find((c) => c === text);
    if (found === undefined) {
      throw new ConfigError(`must be one of ${choices.join(", ")}, and is ${quote(text)}`);
    }
    return found;
  });
}

/** A text; one that is not valid is not shown, as it may be a secret. */
export function text(form: string, initial: string, help: string, valid: RegExp): Setting<string> {
  return one(form, initial, help, (value) => {
    if (!valid.test(value)) throw new ConfigError(`must be ${form}`);
    return value;
  });
}

/** Something that is so where the flag is given. */
export function toggle(help: string): Setting<boolean> {
  return {
    default: undefined,
    form: "",
    help,
    repeatable: false,
    parse: (values) => values.length > 0,
    check(value) {
      if (typeof value !== "boolean") throw new KindError("a boolean", value);
      return value;
    },
  };
}

/** A list: the flag repeated, or values with commas between them. */
export function list(form: string, help: string, valid: RegExp): Setting<string[]> {
  const good = (all: string[]) => {
    const bad = all.find((v) => !valid.test(v));
    if (bad !== undefined) throw new ConfigError(`must be ${form}, and is ${quote(bad)}`);
    return all;
  };
  return {
    default: undefined,
    form,
    help,
    repeatable: true,
    parse: (values) => good(split(values)),
    check: (value) => good(textsOf(value)),
  };
}

/** What is between commas. */
export function split(values: string[]): string[] {
  return values.flatMap((v) => v.split(",")).map((v) => v.trim()).filter((v) => v !== "");
}

/** A list of globs of channels. */
export function globs(help: string): Setting<string[]> {
  const segment = String.raw`(\*{1,2}|[A-Za-z0-9_.~@:=!-]+)`;
  return list("a glob of channels", help, new RegExp(`^${segment}(/${segment})*$`));
}

/** Nobody, anybody, or who is in some networks. */
export function networks(help: string): Setting<"off" | "on" | Network[]> {
  const form = "on, off, or addresses such as 10.0.0.1 and networks such as 10.0.0.0/8";
  const read = (text: string) => {
    const network = parseNetwork(text);
    if (network === undefined) throw new ConfigError(`must be ${form}, and is ${quote(text)}`);
    return network;
  };
  return {
    default: "off",
    form,
    help,
    repeatable: true,
    parse(values) {
      const all = split(values), [word] = all;
      if (all.length === 1 && (word === "on" || word === "off")) return word;
      if (word === undefined) throw new ConfigError(`must be ${form}`);
      return all.map(read);
    },
    check(value) {
      if (value === "on" || value === "off") return value;
      if (!Array.isArray(value)) throw new KindError("on, off or a list of networks", value);
      return value.map((each) => isNetwork(each) ? each : read(textOf(each)));
    },
  };
}

function isNetwork(value: unknown): value is Network {
  return typeof value === "object" && value !== null && "prefix" in value && "free" in value;
}

/** What was typed, as it is shown: on one line, and not too long. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? text.slice(0, 80) + "…" : text);
}

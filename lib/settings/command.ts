/**
 * The commands of the command line: what each is for, its flags, and its operands.
 * @module
 */
import { type Config, groups, settings } from "./config.ts";
import {
  type Environment,
  flagLines,
  flagName,
  readFlags,
  readValues,
  strangers,
  variableName,
} from "./flags.ts";
import {
  checkSettings,
  healthSettings,
  publishSettings,
  subscribeSettings,
  tokenSettings,
} from "./options.ts";
import { ConfigError, quote, type Settings, type Values } from "./setting.ts";
import { together } from "./together.ts";

/** What a command is, for `--help`. */
interface Usage {
  /** What follows its name. */
  form: string;
  /** What it does, in one line. */
  help: string;
  settings: Settings;
  /** The same settings in groups, where there are many. */
  groups?: Readonly<Record<string, Settings>>;
  /** What else there is to say. */
  notes: string[];
}

const commands = {
  serve: {
    form: "[flags]",
    help: "serves; the default",
    settings,
    groups,
    notes: [
      "Each flag is also an environment variable: --max-message is KODAMA_MAX_MESSAGE. Flags win.",
      "Times take ms, s, m, h; sizes bytes, KiB, MiB, GiB. What is in [brackets] is the default.",
      "",
      "Examples:",
      "  kodama -p 8080 --origin https://app.example",
      "  KODAMA_SECRET=… kodama --hostname 0.0.0.0 --host push.example --public 'news/**'",
      "  kodama --hostname 0.0.0.0 --port 443 --cert fullchain.pem --key privkey.pem",
      "  kodama --host example.com --acme me@example.com --port 443 --data /var/lib/kodama",
    ],
  },
  token: {
    form: "--read GLOB --write GLOB [flags]",
    help: "prints a token, signed with the server's secret",
    settings: tokenSettings,
    notes: ["Times take ms, s, m, h. What is in [brackets] is the default."],
  },
  publish: {
    form: "URL [TEXT | -] [flags]",
    help: "publishes a text, or standard input, and prints the receipt",
    settings: publishSettings,
    notes: [
      "Without TEXT, or with -, all of standard input is one message, as it is.",
      "",
      "Example:",
      "  tail -F app.log | kodama publish http://127.0.0.1:9999/log --lines",
    ],
  },
  subscribe: {
    form: "URL [flags]",
    help: "prints messages as they come, one a line",
    settings: subscribeSettings,
    notes: [
      "Text and JSON are printed as they were published, bytes in base64. What a text has of line",
      "breaks is printed too: with --json a message is always one line. Gaps and lost connections",
      "are told on standard error.",
    ],
  },
  check: {
    form: "FILE [flags]",
    help: "prints what is in the file of --engine sqlite:FILE, and whether it is whole",
    settings: checkSettings,
    notes: [
      "It ends with 1 where the file is damaged, no log, or in use: stop the server first, or check a",
      "copy that was made while it was stopped. The file stays as it is.",
    ],
  },
  health: {
    form: "[URL] [flags]",
    help: "asks a server whether it is well: 0 if it is, otherwise 1",
    settings: healthSettings,
    notes: [
      "Without URL, the server of these settings on this machine: its variables are read, too.",
      "A URL without a path is asked for /-/health; /-/ready says whether it takes publishes.",
      "The certificate of a loopback address is not verified.",
    ],
  },
} satisfies Record<string, Usage>;

/** What a command line asks for. */
export type Command =
  | { run: "help"; text: string }
  | { run: "version" }
  | { run: "serve"; config: Config }
  | { run: "token"; options: Values<typeof tokenSettings> }
  | {
    run: "publish";
    url: URL;
    /** `undefined`: standard input. */
    text: string | undefined;
    options: Values<typeof publishSettings>;
  }
  | { run: "subscribe"; url: URL; options: Values<typeof subscribeSettings> }
  | { run: "check"; file: string; options: Values<typeof checkSettings> }
  | {
    run: "health";
    /** `undefined`: the server of the settings. */
    url: URL | undefined;
    options: Values<typeof healthSettings>;
  };

/**
 * Reads a command line and an environment; flags win.
 * @param args Without the program's name.
 * @throws {ConfigError} On an unknown command or flag, a flag without its value, an operand too many or too few, or
 *   a bad value.
 */
export function parseCommand(args: string[], env: Environment): Command {
  const [first = "--"] = args;
  const named = !first.startsWith("-");
  const name = named ? first : "serve";
  if (!isCommand(name)) throw new ConfigError(`${quote(name)} is not a command; see --help`);
  const { flags, operands } = readFlags(commands[name].settings, named ? args.slice(1) : args);
  if (flags.has("help")) return { run: "help", text: helpText(named ? name : undefined) };
  if (flags.has("version")) return { run: "version" };
  const values = <T extends Settings>(settings: T, ...variables: (keyof T & string)[]) => {
    const names = variables.map(variableName);
    return readValues(settings, flags, (v) => names.includes(v) ? env(v) : undefined);
  };
  switch (name) {
    case "serve": {
      none(operands);
      const config = readValues(settings, flags, env);
      const given = (key: keyof Config) => flags.has(flagName(key)) || !!env(variableName(key));
      return { run: "serve", config: together(config, given) };
    }
    case "token": {
      none(operands);
      const options = values(tokenSettings, "secret");
      if (options.secret === "") throw new ConfigError("token needs --secret or KODAMA_SECRET");
      if (options.read.length + options.write.length === 0) {
        throw new ConfigError("token needs --read or --write; see --help");
      }
      return { run: "token", options };
    }
    case "publish": {
      const [url, body = "-", ...more] = operands;
      if (more.length > 0) {
        throw new ConfigError("publish takes one text; put it in quotes if it has spaces");
      }
      const text = body === "-" ? undefined : body;
      const options = values(publishSettings, "token");
      if (options.lines) checkLines(text, options);
      return { run: "publish", url: channelURL(name, url), text, options };
    }
    case "subscribe": {
      const [url, ...more] = operands;
      if (more.length > 0) {
        throw new ConfigError("subscribe takes one URL; several channels have commas between them");
      }
      const options = values(subscribeSettings, "token");
      return { run: "subscribe", url: channelURL(name, url), options };
    }
    case "check": {
      const [file, ...more] = operands;
      if (file === undefined) throw new ConfigError("check needs a file; see --help");
      if (more.length > 0) throw new ConfigError("check takes one file");
      return { run: "check", file, options: values(checkSettings) };
    }
    case "health": {
      const [url, ...more] = operands;
      if (more.length > 0) throw new ConfigError("health takes one URL");
      const options = values(
        healthSettings,
        ...["hostname", "port", "cert", "acme", "unix", "host"] as const,
      );
      return { run: "health", url: url === undefined ? undefined : wholeURL(url, ""), options };
    }
  }
}

/** The variables `KODAMA_…` that no command reads, each with the nearest that one does. */
export function strangeVariables(names: readonly string[]): ReturnType<typeof strangers> {
  return strangers(names, [...Object.keys(settings), "token"]);
}

function isCommand(name: string): name is keyof typeof commands {
  return Object.keys(commands).includes(name);
}

function none([operand]: string[]): void {
  if (operand !== undefined) throw new ConfigError(`${quote(operand)} is not a flag; see --help`);
}

/** What does not go together with --lines. */
function checkLines(text: string | undefined, { type, key }: Values<typeof publishSettings>): void {
  if (text !== undefined) throw new ConfigError("--lines publishes standard input, and no text");
  if (type.startsWith("application/octet-stream")) {
    throw new ConfigError("--lines publishes text or JSON, and no application/octet-stream");
  }
  if (key.length > 100) throw new ConfigError("with --lines --key has at most 100 characters");
}

/** The http or https URL of a channel. */
function channelURL(command: string, text: string | undefined): URL {
  if (text === undefined) throw new ConfigError(`${command} needs a URL; see --help`);
  const url = wholeURL(text, "btc");
  if (url.pathname !== "/") return url;
  throw new ConfigError("the URL must name a channel, such as http://127.0.0.1:9999/btc");
}

/** An http or https URL. One that is not good is not shown: it may hold a token. */
function wholeURL(text: string, path: string): URL {
  const like = `such as http://127.0.0.1:9999/${path}`;
  if (!URL.canParse(text)) throw new ConfigError(`the URL must be whole, ${like}`);
  const url = new URL(text.replace(/^ws/i, "http"));
  if (!/^https?:$/.test(url.protocol)) {
    throw new ConfigError(`the URL must be http or https, ${like}`);
  }
  if (url.username !== "" || url.password !== "") {
    throw new ConfigError("the URL must not hold a user or a password; see --token");
  }
  url.hash = "";
  return url;
}

/**
 * The text of `--help`.
 * @param name A command; `undefined`: of them all, with the flags of the one that is the default.
 */
export function helpText(name?: keyof typeof commands): string {
  const usage: Usage = commands[name ?? "serve"];
  const { form, help, notes } = usage;
  const rest = ["", ...flagLines(usage.groups ?? { "": usage.settings }), "", ...notes];
  if (name !== undefined) {
    return [`Usage: kodama ${name} ${form}`, "", sentence(help), ...rest].join("\n");
  }
  return [
    "Kodama pushes messages to browsers over WebSocket.",
    "",
    "Usage: kodama [COMMAND] [flags]",
    "",
    ...Object.entries(commands).map(([name, { help }]) => `  ${name.padEnd(11)}${help}`),
    "",
    "kodama COMMAND --help tells more of a command. The flags of serve:",
    ...rest,
  ].join("\n");
}

function sentence(text: string): string {
  return `${text[0]!.toUpperCase()}${text.slice(1)}.`;
}

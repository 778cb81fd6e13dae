/** Kodama's command line. See `--help`. */
import { Failure } from "./lib/cli/request.ts";
import { type Command, parseCommand, strangeVariables } from "./lib/settings/command.ts";
import type { Config } from "./lib/settings/config.ts";
import { type Kodama, kodama, ListenError, OpenError } from "./lib/kodama.ts";
import { configureLog, LineWriter, log } from "./lib/service/log.ts";
import { ConfigError } from "./lib/settings/setting.ts";
import { version } from "./lib/settings/version.ts";

/** Starts it, as {@linkcode kodama} does; `undefined` where the signal came first. */
async function start(
  config: Config,
  signal: AbortSignal,
  waiting: (hurry: () => void) => void,
): Promise<Kodama | undefined> {
  const where = `${config.hostname} port ${config.port}`;
  try {
    return await kodama({ ...config, log: ["kodama"], signal, waiting });
  } catch (error) {
    if (signal.aborted) return undefined;
    if (error instanceof OpenError) throw new Failure(lineOf(error));
    if (error instanceof ListenError) throw new Failure(error.message);
    if (error instanceof Deno.errors.AddrInUse) {
      throw new Failure(`${where} is in use; choose another with --port`);
    }
    if (error instanceof Error) throw new Failure(`cannot listen on ${where}: ${lineOf(error)}`);
    throw error;
  }
}

/** What an error says, without where in the code. */
function lineOf({ message }: Error): string {
  return message.split("\n", 1)[0]!;
}

/** A signal that comes so soon after the first is the same one, passed on by npx as well as by the terminal; in ms. */
const SAME_SIGNAL = 100;

/** Ends what runs at the first signal, and the process at the second. */
function onSignal(end: (signal: string) => void): void {
  let first: number | undefined;
  const take = (signal: string) => {
    const now = performance.now();
    if (first === undefined) {
      first = now;
      end(signal);
    } else if (now - first > SAME_SIGNAL) Deno.exit(1);
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => take(signal));
  }
}

/** The names of the environment's variables, where they may be seen; that is a permission of its own. */
function variables(): string[] {
  try {
    return Object.keys(Deno.env.toObject());
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) return [];
    throw error;
  }
}

async function serve(config: Config): Promise<void> {
  await configureLog(config, errors);
  for (const { name, nearest } of strangeVariables(variables())) {
    log.warn("unknown variable", { name, ...nearest !== undefined && { nearest } });
  }
  // Before anything is said: whoever reads it may end this at once.
  const end = new AbortController();
  onSignal((signal) => {
    log.info("shutting down", { signal });
    end.abort();
  });
  // From the beginning: until then it would end the process, and the first certificate may take its time.
  let reload = () => {};
  if ((config.cert !== "" || config.acme !== "") && Deno.build.os !== "windows") {
    Deno.addSignalListener("SIGHUP", () => reload());
  }
  const service = await start(config, end.signal, (hurry) => reload = hurry);
  if (service === undefined) return log.info("ended");
  reload = () => service.reload();
  const everywhere = /^(0\.0\.0\.0|::)$/.test(config.hostname)
    ? " (it listens on all addresses)"
    : "";
  output.line(
    config.port === "none"
      ? `Kodama listens on ${service.url}`
      : `Kodama listens. Open ${service.url}${everywhere}`,
  );
  await service.finished;
  log.info("ended");
}

async function follow(command: Extract<Command, { run: "subscribe" }>): Promise<void> {
  const { printMessages } = await import("./lib/cli/subscribe.ts");
  const end = new AbortController();
  onSignal(() => end.abort());
  await printMessages(command, {
    write: (bytes) => Deno.stdout.write(bytes),
    terminal: Deno.stdout.isTerminal(),
    tell: (line) => errors.line(`kodama: ${line}`),
    signal: end.signal,
  });
}

async function run(command: Command): Promise<void> {
  switch (command.run) {
    case "help":
      return console.log(command.text);
    case "version":
      return console.log(`kodama ${version}`);
    case "serve":
      return await serve(command.config);
    case "token": {
      const { token } = await import("./lib/cli/token.ts");
      return console.log(await token(command, Date.now()));
    }
    case "publish": {
      const { publish } = await import("./lib/cli/publish.ts");
      return console.log(await publish(command, () => new Response(Deno.stdin.readable).bytes()));
    }
    case "subscribe":
      return await follow(command);
    case "check": {
      const { check } = await import("./lib/cli/check.ts");
      const { text, whole } = check(command, Date.now());
      console.log(text);
      if (!whole) throw new Failure("the log is damaged");
      return;
    }
    case "health": {
      const { health } = await import("./lib/cli/health.ts");
      return console.log(await health(command));
    }
  }
}

/** For the last lines to be taken at the end, in ms: where nobody reads them, nobody waits for them. */
const LAST_LINES = 500;

/** Lines on standard error and of the server on standard output: they never fail, and hold nothing up. */
const errors = new LineWriter((bytes) => Deno.stderr.write(bytes));
const output = new LineWriter((bytes) => Deno.stdout.write(bytes));
let code = 0;
try {
  await run(parseCommand(Deno.args, (name) => Deno.env.get(name)));
} catch (error) {
  if (!(error instanceof ConfigError || error instanceof Failure)) throw error;
  errors.line(`kodama: ${error.message}`);
  code = 1;
}
await Promise.race([
  Promise.all([errors.flushed(), output.flushed()]),
  new Promise((resolve) => setTimeout(resolve, LAST_LINES)),
]);
Deno.exit(code);

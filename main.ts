/** Kodama's command line. See `--help`. */
import manifest from "./deno.json" with { type: "json" };
import { type Command, ConfigError, helpText, parseCommand } from "./lib/service/config.ts";
import { configureLog, LineWriter, log } from "./lib/service/log.ts";
import { type Service, startService } from "./lib/service/service.ts";

/** Says what is wrong in one line, and ends. */
function refuse(message: string): never {
  console.error(`kodama: ${message}`);
  Deno.exit(1);
}

function readCommand(): Command {
  try {
    return parseCommand(Deno.args, (name) => Deno.env.get(name));
  } catch (error) {
    if (error instanceof ConfigError) refuse(error.message);
    throw error;
  }
}

function start(command: Extract<Command, { run: "serve" }>): Service {
  const { config } = command;
  const where = `${config.hostname} port ${config.port}`;
  try {
    return startService(config, log);
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) {
      refuse(`${where} is in use; choose another with --port`);
    }
    if (error instanceof Error) refuse(`cannot listen on ${where}: ${error.message}`);
    throw error;
  }
}

const command = readCommand();
if (command.run === "help") console.log(helpText());
else if (command.run === "version") console.log(`kodama ${manifest.version}`);
else {
  const lines = new LineWriter((bytes) => Deno.stderr.write(bytes));
  await configureLog(command.config, lines);
  const service = start(command);
  console.log(`Kodama listens. Open ${service.url}`);
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => {
      log.info("shutting down", { signal });
      service.shutdown();
    });
  }
  await service.finished;
  log.info("ended");
  await lines.flushed();
  Deno.exit(0);
}

/**
 * The service, in this process, on a free port.
 */
import { parseCommand } from "../../lib/settings/command.ts";
import type { LineName } from "../../lib/service/lines.ts";
import type { Fields, Log } from "../../lib/service/log.ts";
import { lineFault } from "./lines.ts";
import { flagsOfWay } from "./way.ts";
import { type Service, startService, type ThreadModules } from "../../lib/service/service.ts";

/** A line that was logged. */
export interface Line {
  level: "debug" | "info" | "warn" | "error";
  message: string;
  fields: Fields;
}

/** A log that is kept, and can be waited for. */
export class TestLog implements Log {
  lines: Line[] = [];
  #waiting: { wanted: (line: Line) => boolean; found: (line: Line) => void }[] = [];

  debug = this.#taker("debug");
  info = this.#taker("info");
  warn = this.#taker("warn");
  error = this.#taker("error");

  /** The first line, logged or still to be, that is wanted. */
  async line(wanted: (line: Line) => boolean): Promise<Line> {
    return this.lines.find(wanted) ??
      await new Promise((found) => this.#waiting.push({ wanted, found }));
  }

  #taker(level: Line["level"]) {
    return (message: LineName, fields: Fields = {}) => {
      const line = { level, message, fields };
      const fault = lineFault(level === "warn" ? "warning" : level, message, fields);
      if (fault !== undefined) throw new Error(fault);
      this.lines.push(line);
      this.#waiting = this.#waiting.filter(({ wanted, found }) =>
        !(wanted(line) && (found(line), true))
      );
    };
  }
}

/** A service under test. */
export interface TestService extends Service, AsyncDisposable {
  port: number;
  log: TestLog;
}

/** Starts the service with flags besides a free port; it ends with its scope. */
export function testService(...flags: string[]): Promise<TestService> {
  return testThreads({}, ...flags);
}

/** Starts the service with other modules in its threads. */
export async function testThreads(
  modules: ThreadModules,
  ...flags: string[]
): Promise<TestService> {
  const way = flagsOfWay();
  const own = ["--port", "0", "--drain", "1s", ...way.flags];
  const command = parseCommand([...own, ...flags], () => undefined);
  if (command.run !== "serve") throw new TypeError("these flags do not start a service");
  const log = new TestLog();
  const service = await startService(command.config, log, { modules });
  return {
    ...service,
    log,
    port: Number(new URL(service.url).port),
    async [Symbol.asyncDispose]() {
      await service.shutdown();
      way[Symbol.dispose]();
    },
  };
}

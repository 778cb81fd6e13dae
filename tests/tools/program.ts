/**
 * The service inside a program, on a free port, with the lines of its log.
 * @module
 */
import { type Kodama, kodama, type KodamaOptions, type LogLine } from "../../lib/kodama.ts";

/** One that is under test. */
export interface TestProgram extends Kodama {
  port: number;
  lines: LogLine[];
}

/** Starts it; it ends with its scope. */
export async function program(options: KodamaOptions = {}): Promise<TestProgram> {
  const lines: LogLine[] = [];
  const service = await kodama({
    ...{ port: 0, drain: 1000, log: (line: LogLine) => lines.push(line) },
    ...options,
  });
  return Object.assign(service, { port: Number(new URL(service.url).port), lines });
}

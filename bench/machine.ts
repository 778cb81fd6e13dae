/**
 * What a measurement was made with.
 * @module
 */
import manifest from "../deno.json" with { type: "json" };
import type { Setting } from "./results.ts";
import { VERSIONS } from "./servers.ts";

/** What a run of a task is made with, now and here. */
export async function setting(task: string, rounds: number, seconds: number): Promise<Setting> {
  return {
    date: new Date().toISOString(),
    machine: machine(),
    versions: await versions(),
    command: [`deno task ${task}`, ...Deno.args].join(" "),
    rounds,
    seconds,
  };
}

/** Writes what was measured beside this. */
export function writeResults(name: string, results: Setting): void {
  const file = new URL(name, import.meta.url);
  Deno.writeTextFileSync(file, JSON.stringify(results, undefined, 1) + "\n");
}

/** This machine. */
function machine(): Setting["machine"] {
  const cpu = /^model name\s*: (.*)$/m.exec(Deno.readTextFileSync("/proc/cpuinfo"))?.[1];
  return {
    cpu: cpu ?? Deno.build.arch,
    cores: navigator.hardwareConcurrency,
    memory: `${Math.round(Deno.systemMemoryInfo().total / 2 ** 30)} GiB`,
    kernel: `${Deno.build.os} ${Deno.osRelease()}`,
  };
}

/** The versions that take part. */
async function versions(): Promise<Record<string, string>> {
  return { kodama: manifest.version, deno: Deno.version.deno, node: await node(), ...VERSIONS };
}

async function node(): Promise<string> {
  const { stdout } = await new Deno.Command("node", { args: ["--version"] }).output();
  return new TextDecoder().decode(stdout).trim().replace(/^v/, "");
}

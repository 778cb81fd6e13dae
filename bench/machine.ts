/**
 * What a measurement was made with.
 * @module
 */
import manifest from "../deno.json" with { type: "json" };
import type { Setting } from "./results.ts";
import { VERSIONS } from "./peers.ts";

/** What a run of a task is made with, now and here, besides others' versions. */
export function setting(
  task: string,
  rounds: number,
  seconds: number,
  others: Record<string, string>,
): Setting {
  return {
    date: new Date().toISOString(),
    machine: machine(),
    versions: { kodama: manifest.version, deno: Deno.version.deno, ...others },
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

/** The versions of the other servers. */
export async function peerVersions(): Promise<Record<string, string>> {
  return { node: (await say("node", "--version")).replace(/^v/, ""), ...VERSIONS };
}

/** The version of Redis. */
export async function redisVersion(): Promise<Record<string, string>> {
  return { redis: / v=(\S+)/.exec(await say("redis-server", "--version"))?.[1] ?? "" };
}

async function say(program: string, ...args: string[]): Promise<string> {
  const { stdout } = await new Deno.Command(program, { args }).output();
  return new TextDecoder().decode(stdout).trim();
}

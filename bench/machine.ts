/**
 * What a measurement was made with.
 * @module
 */
import manifest from "../deno.json" with { type: "json" };
import type { Results } from "./results.ts";
import { VERSIONS } from "./servers.ts";

/** This machine. */
export function machine(): Results["machine"] {
  const cpu = /^model name\s*: (.*)$/m.exec(Deno.readTextFileSync("/proc/cpuinfo"))?.[1];
  return {
    cpu: cpu ?? Deno.build.arch,
    cores: navigator.hardwareConcurrency,
    memory: `${Math.round(Deno.systemMemoryInfo().total / 2 ** 30)} GiB`,
    kernel: `${Deno.build.os} ${Deno.osRelease()}`,
  };
}

/** The versions that take part. */
export async function versions(): Promise<Record<string, string>> {
  return { kodama: manifest.version, deno: Deno.version.deno, node: await node(), ...VERSIONS };
}

async function node(): Promise<string> {
  const { stdout } = await new Deno.Command("node", { args: ["--version"] }).output();
  return new TextDecoder().decode(stdout).trim().replace(/^v/, "");
}

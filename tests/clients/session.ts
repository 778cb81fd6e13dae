/**
 * One run of one program: it is watched on the wire, and what it waits for is published with curl.
 * @module
 */
import type { Program, Role } from "./programs.ts";
import type { Run } from "./report.ts";
import { commandOf, TOOLCHAINS } from "./toolchains.ts";
import { watch } from "./watch.ts";
import { APP } from "./ways.ts";
import { Witness } from "./witness.ts";

/** For a program to end, in ms. */
const DEADLINE = 60_000;
/** What programs wait for. */
const PUBLISHED = '{"echo":"木霊"}';

/** What a run needs to know. */
export interface Session {
  program: Program;
  /** Where through. */
  way: string;
  /** The port that the program connects to. */
  port: number;
  /** Kodama's own. */
  kodamaPort: number;
  /** The version of what it runs on. */
  runtime: string;
}

/** Publishes what a program waits for. Returns what is wrong. */
async function publish(url: string): Promise<string | undefined> {
  const json = ["-H", "Content-Type: application/json", "--data-binary", PUBLISHED];
  const args = ["-sS", "--fail-with-body", ...json, url];
  const { success, stdout, stderr } = await new Deno.Command("curl", { args }).output();
  if (success) return undefined;
  const decoder = new TextDecoder();
  return `curl: ${decoder.decode(stderr)} ${decoder.decode(stdout)}`.replaceAll("\n", " ");
}

/** What a program is given. */
function urlsOf(role: Role, host: string, id: string): string[] {
  const channel = `clients/${id}`;
  if (role === "websocket") return [`ws://${host}/-/echo?tap=${id}`, `ws://${host}/${channel}`];
  if (role !== "pusher") return [`http://${host}/${channel}`];
  const { id: app, key, secret } = APP;
  return [`http://${key}:${secret}@${host}/apps/${app}`, `clients-${id}`, `presence-${id}`];
}

/** Runs a program to its end. */
export async function runProgram(session: Session): Promise<Run> {
  const { program, way, port, kodamaPort, runtime } = session;
  await using tap = await watch(kodamaPort);
  const host = `127.0.0.1:${port}`, channel = `clients/${tap.id}`;
  const urls = urlsOf(program.role, host, tap.id);
  using witness = program.role === "pusher" ? await Witness.open(kodamaPort, tap.id) : undefined;
  const command = TOOLCHAINS[program.toolchain].command(program.program);
  const child = commandOf(program.toolchain, [...command, ...urls]).spawn();

  const lines: string[] = [], faults: string[] = [];
  const publishing: Promise<string | undefined>[] = [];
  const timer = setTimeout(() => {
    faults.push(`did not end within ${DEADLINE / 1000} s`);
    child.kill("SIGKILL");
  }, DEADLINE);
  const [, complaints, { success, code }] = await Promise.all([
    eachLine(child.stdout, (line) => {
      if (line === "subscribed") publishing.push(publish(`http://${host}/${channel}`));
      else lines.push(line);
    }),
    new Response(child.stderr).text(),
    child.status,
  ]);
  clearTimeout(timer);
  if (!success) faults.push(`ended with ${code}: ${complaints.trim().slice(0, 500)}`);
  for (const fault of await Promise.all(publishing)) if (fault !== undefined) faults.push(fault);
  const missed = await witness?.fault();
  if (missed !== undefined) faults.push(missed);
  const run: Run = { program, way, runtime, lines, faults };
  return program.role === "websocket" ? { ...run, seen: await tap.seen() } : run;
}

/** Calls back with each line as it comes. */
async function eachLine(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  take: (line: string) => void,
): Promise<void> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    lines.forEach(take);
  }
  if (rest !== "") take(rest);
}

/**
 * The servers that are compared, each started as a process of its own.
 * @module
 */
import { CHECKOUT, commandOf, install, type Peer, secureCommand } from "./peers.ts";

/** Another checkout of Kodama. */
export interface Before {
  /** Its folder. */
  folder: string;
  /** What it runs as. */
  as: Peer;
}

/** A server that runs; it ends with its scope. */
export interface RunningServer extends AsyncDisposable {
  /** Its port on 127.0.0.1. */
  port: number;
  /** Its process; 0: none. */
  pid: number;
  /** Where its files are; empty if it has none. */
  folder: string;
  /** Ends it by `kill -9` and starts it again, on the same files. Returns how long that start took, in ms. */
  restart(): Promise<number>;
}

/** A process that says that it listens. */
interface Process {
  port: number;
  pid: number;
  kill(): Promise<void>;
}

/** What a server says when it listens, with its port. */
const LISTENS = /:(\d+)\/\s|port=(\d+)\.[^]*Ready to accept connections/;

async function run([program, ...args]: string[], cwd: string): Promise<Process> {
  const child = new Deno.Command(program!, { args, cwd, stdout: "piped", stderr: "inherit" })
    .spawn();
  let text = "";
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`${program} did not start: ${text}`);
    const listens = LISTENS.exec(text += value);
    if (listens === null) continue;
    return {
      port: Number(listens[1] ?? listens[2]),
      pid: child.pid,
      async kill() {
        child.kill("SIGKILL");
        await child.status;
        await reader.cancel();
      },
    };
  }
}

/** A folder where `deno task start` may write, so that all files are on one disk. */
async function dataFolder(checkout: string): Promise<string> {
  await Deno.mkdir(`${checkout}/data`, { recursive: true });
  return await Deno.makeTempDir({ dir: `${checkout}/data`, prefix: "bench-" });
}

/**
 * Starts a server on a free port.
 * @param tls Whether it speaks TLS.
 * @param http Where it has nothing to do but answer requests: what is asked of it.
 */
export async function startPeer(
  peer: Peer,
  before?: Before,
  tls = false,
  http?: "publish" | "fetch",
): Promise<RunningServer> {
  if (peer === "ws" || peer.startsWith("bun")) await install();
  const checkout = peer === "before" ? before!.folder : CHECKOUT;
  const as = peer === "before" ? before!.as : peer;
  const folder = /sqlite|redis|disk/.test(as) ? await dataFolder(checkout) : "";
  let process: Process | undefined;
  const start = async () => {
    if (as === "disk" || as === "before") return;
    const command = commandOf(as, folder, checkout, http);
    process = await run(tls ? await secureCommand(as, command) : command, checkout);
    server.port = process.port;
    server.pid = process.pid;
  };
  const server: RunningServer = {
    port: 0,
    pid: 0,
    folder,
    async restart() {
      await process?.kill();
      const began = performance.now();
      await start();
      return performance.now() - began;
    },
    async [Symbol.asyncDispose]() {
      await process?.kill();
      if (folder !== "") await Deno.remove(folder, { recursive: true });
    },
  };
  await start();
  return server;
}

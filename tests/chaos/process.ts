/**
 * A server in a process of its own, always on the same port and with the same folder, that can be killed.
 * @module
 */
import { type ChildOptions, kodama } from "../tools/command.ts";

/** For a server to listen, or to end; in ms. */
const PATIENCE = 30_000;

/** What one process says. */
interface Running {
  child: Deno.ChildProcess;
  listening: Promise<void>;
  said: Promise<string>;
}

/** A server, process after process. */
export class MortalServer {
  readonly port: number;
  /** What was said on standard error by all of them. */
  errors = "";
  /** How many have been started. */
  starts = 0;
  readonly #args: string[];
  readonly #options: ChildOptions;
  #running: Running | undefined;

  /**
   * @param flags Besides its port.
   * @param folder What it may write to.
   * @param more Flags of Deno's own.
   */
  constructor(flags: string[], folder: string, more: string[] = []) {
    this.port = freePort();
    this.#args = ["--port", String(this.port), "--log-level", "error", ...flags];
    const read = ["lib", "static", "std", folder].join(",");
    this.#options = {
      allowed: ["-P=serve", `--allow-read=${read}`, `--allow-write=${folder}`, ...more],
    };
  }

  /** The number of the process that runs. */
  get pid(): number {
    return this.#running!.child.pid;
  }

  /** Starts it, and waits until it listens. */
  async start(): Promise<void> {
    const { listening } = this.#spawn();
    await intime("it listens", listening);
  }

  /** Starts it, and kills it while it does so, or soon after. */
  async startInVain(ms: number): Promise<void> {
    const { listening } = this.#spawn();
    // Whether it comes so far nobody knows.
    listening.catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, ms));
    await this.end("SIGKILL");
  }

  /**
   * Ends it. Resolves when it has.
   * @throws {Error} If it does not end well where it should.
   */
  async end(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    running.child.kill(signal);
    const { code } = await intime(`it ends on ${signal}`, running.child.status);
    this.#running = undefined;
    this.errors += await running.said;
    if (signal === "SIGTERM" && code !== 0) throw new Error(`ended with ${code}: ${this.errors}`);
  }

  #spawn(): Running {
    this.starts++;
    const child = kodama(this.#args, this.#options).spawn();
    const listening = Promise.withResolvers<void>();
    const said = text(child.stderr, () => {});
    text(child.stdout, (line) => line.includes("Kodama listens") && listening.resolve())
      .then(async () => listening.reject(new Error(`it does not listen: ${await said}`)));
    return this.#running = { child, listening: listening.promise, said };
  }
}

/** Reads a stream to its end; tells what has come so far whenever something comes. */
async function text(
  stream: ReadableStream<Uint8Array>,
  told: (text: string) => void,
): Promise<string> {
  const decoder = new TextDecoder();
  let all = "";
  for await (const chunk of stream) told(all += decoder.decode(chunk, { stream: true }));
  return all;
}

async function intime<T>(what: string, promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout>;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not within ${PATIENCE} ms`)), PATIENCE);
  });
  return await Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** A port that nobody listens on, below those that the system gives to clients: one of these could take it meanwhile. */
function freePort(): number {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}

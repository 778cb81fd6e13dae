/**
 * The command line, as a child process.
 * @module
 */
import manifest from "../../deno.json" with { type: "json" };

const root = new URL("../..", import.meta.url).pathname;

/** What a child is given besides its arguments. */
export interface ChildOptions {
  /** Added to its environment. */
  env?: Record<string, string>;
  /** Its standard input. Default none. */
  input?: string | Uint8Array<ArrayBuffer>;
  /** What Deno allows it, in flags. Default what the task says. */
  allowed?: string[];
}

/** The command, as the task `start` runs it. */
export function kodama(args: string[], options: ChildOptions = {}): Deno.Command {
  const { allowed = ["-P=serve"] } = options;
  const task = manifest.tasks.start.split(" ").slice(1)
    .flatMap((word) => word === "-P=serve" ? allowed : word);
  return new Deno.Command(Deno.execPath(), {
    args: [...task, ...args],
    cwd: root,
    env: options.env ?? {},
    stdin: options.input === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
  });
}

/** What a child that has ended said. */
export interface Ended {
  code: number;
  out: string;
  err: string;
}

/** Runs a command to its end. */
export async function run(args: string[], options: ChildOptions = {}): Promise<Ended> {
  const child = kodama(args, options).spawn();
  if (options.input !== undefined) {
    await new Response(options.input).body!.pipeTo(child.stdin);
  }
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}

/** Reads a stream until the text has come. */
export async function until(
  stream: ReadableStream<Uint8Array>,
  wanted: RegExp,
): Promise<RegExpExecArray> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of stream.values({ preventCancel: true })) {
    text += decoder.decode(chunk, { stream: true });
    const match = wanted.exec(text);
    if (match !== null) return match;
  }
  throw new Error(`ended without ${wanted}: ${text}`);
}

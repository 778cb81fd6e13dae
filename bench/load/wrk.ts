/**
 * Requests over kept connections by `wrk`, a process of its own.
 * @module
 */
import { meter, type Usage } from "./meter.ts";
import { childrenSeconds } from "./process.ts";

/** What is asked for. */
export interface GetLoad {
  port: number;
  /** The server's process. */
  pid: number;
  path: string;
  connections: number;
  /** Whole seconds before measuring, and of measuring; at least one each. */
  warm: number;
  seconds: number;
}

/** What is posted. */
export interface PostLoad extends GetLoad {
  /** Bytes of a message. */
  size: number;
  /** Lines of a batch; 0: the message by itself. */
  lines: number;
}

/** What came of it. */
export interface PostResult extends Usage {
  /** Requests that were answered with 200. */
  requests: number;
}

/** Posts. */
export function post(load: PostLoad): Promise<PostResult> {
  const script = new URL("post.lua", import.meta.url).pathname;
  return measured(load, ["-s", script], ["--", String(load.size), String(load.lines)]);
}

/** Gets. */
export function get(load: GetLoad): Promise<PostResult> {
  return measured(load, [], []);
}

async function measured(load: GetLoad, options: string[], rest: string[]): Promise<PostResult> {
  await wrk(load, load.warm, options, rest);
  const finish = meter(load.pid), before = childrenSeconds();
  const requests = await wrk(load, load.seconds, options, rest);
  const usage = finish(), loadCpu = childrenSeconds() - before;
  return { ...usage, loadCpu, otherCpu: Math.max(0, usage.otherCpu - loadCpu), requests };
}

async function wrk(
  { port, path, connections }: GetLoad,
  seconds: number,
  options: string[],
  rest: string[],
): Promise<number> {
  const { stdout } = await new Deno.Command("wrk", {
    args: [
      ...["-t1", `-c${connections}`, `-d${Math.max(1, Math.round(seconds))}s`, ...options],
      ...[`http://127.0.0.1:${port}${path}`, ...rest],
    ],
  }).output();
  const text = new TextDecoder().decode(stdout);
  const requests = /(\d+) requests in/.exec(text)?.[1];
  if (requests === undefined || /Non-2xx|Socket errors/.test(text)) throw new Error(text);
  return Number(requests);
}

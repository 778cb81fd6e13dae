/**
 * Coming back: connections that ask for what they missed; each is closed when it has it, and comes again.
 * @module
 */
import { FrameCounter } from "./frames.ts";
import { meter, Times, type Usage } from "./meter.ts";
import { Swarm } from "./swarm.ts";

/** Who comes back. */
export interface ResumeLoad {
  /** The server's port and process. */
  port: number;
  pid: number;
  /** Where, with the cursor. */
  path: string;
  /** Messages that were missed. */
  missed: number;
  /** How many come back at once. */
  connections: number;
  /** Seconds before measuring, and of measuring. */
  warm: number;
  seconds: number;
}

/** What came of it. */
export interface ResumeResult extends Usage {
  /** How often somebody came back. */
  resumes: number;
  /** From connecting to the last message, in ms: half and 99 % took no longer. */
  p50: number;
  p99: number;
}

/** Comes back again and again. */
export function resume(load: ResumeLoad): ResumeResult {
  const { port, pid, path, missed, connections } = load;
  const began = new Float64Array(connections), got = new Uint32Array(connections);
  let resumes = 0, times = new Times();
  const counters = Array.from({ length: connections }, () => new FrameCounter(1, quiet));
  const dial = (id: number) => {
    began[id] = performance.now();
    got[id] = 0;
    counters[id] = new FrameCounter(1, quiet);
    swarm.dial(id);
  };
  const swarm: Swarm = new Swarm(connections, { port, path: () => path }, {
    data(id, bytes, start, end) {
      got[id]! += counters[id]!.feed(0, bytes, start, end);
      // The first one says where it stands.
      if (got[id]! < 1 + missed) return;
      resumes++;
      times.add(performance.now() - began[id]!);
      swarm.close(id);
      dial(id);
    },
    ended() {
      throw new Error(`the server ended a connection: ${swarm.refusal}`);
    },
  });
  for (let id = 0; id < connections; id++) dial(id);
  const run = (seconds: number) => {
    const end = performance.now() + seconds * 1000;
    while (performance.now() < end) swarm.turn(20);
  };
  run(load.warm);
  resumes = 0;
  times = new Times();
  const finish = meter(pid);
  run(load.seconds);
  return { ...finish(), resumes, p50: times.percentile(0.5), p99: times.percentile(0.99) };
}

const quiet = { peek: 0, control() {} };

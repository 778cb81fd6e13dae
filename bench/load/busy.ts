/**
 * Connections that never pause: each sends again as soon as it is answered, and what each of them got is counted.
 * @module
 */
import { FrameCounter, letters, maskedFrame } from "./frames.ts";
import { meter, Times, type Usage } from "./meter.ts";
import { Swarm } from "./swarm.ts";

/** What to send. */
export interface BusyLoad {
  /** The server's port and process. */
  port: number;
  pid: number;
  /** Where it echoes; `undefined`: a server of bytes, that knows no WebSocket. */
  path: string | undefined;
  /** How many connections, each with one message under way. */
  connections: number;
  /** Payload, in bytes. */
  size: number;
  /** Seconds before measuring, and of measuring. */
  warm: number;
  seconds: number;
}

/** What came of it. */
export interface BusyResult extends Usage {
  /** Messages that came back. */
  messages: number;
  /** Of which a connection got at least so many, and half of them. */
  least: number;
  median: number;
  /** There and back, in ms: half, 99 % and 99.9 % took no longer. What never came back counts as it was at the end. */
  p50: number;
  p99: number;
  p999: number;
  /** Connections that the server ended. */
  ended: number;
}

/** Runs the load. */
export function busy(load: BusyLoad): BusyResult {
  const { connections, path, port, pid } = load;
  const frame = maskedFrame(2, letters(load.size));
  const sentAt = new Float64Array(connections), counts = new Uint32Array(connections);
  const bytes = new Float64Array(connections);
  let times = new Times();
  const counter = new FrameCounter(connections, { peek: 0, control() {} });

  function post(id: number): void {
    sentAt[id] = performance.now();
    if (swarm.send(id, frame, frame.length) < frame.length) {
      throw new Error("a socket without room for a message");
    }
  }

  /** Whether the message has come back. */
  function whole(id: number, b: Uint8Array, start: number, end: number): boolean {
    if (path !== undefined) return counter.feed(id, b, start, end) > 0;
    bytes[id]! += end - start;
    return bytes[id]! % frame.length === 0;
  }

  const swarm = new Swarm(
    connections,
    { port, path: path === undefined ? undefined : () => path },
    {
      data(id, b, start, end) {
        if (!whole(id, b, start, end)) return;
        times.add(performance.now() - sentAt[id]!);
        counts[id]!++;
        post(id);
      },
    },
  );
  swarm.openAll();
  for (let id = 0; id < connections; id++) post(id);

  const run = (seconds: number) => {
    const end = performance.now() + seconds * 1000;
    while (performance.now() < end) swarm.turn(20);
  };
  run(load.warm);
  counts.fill(0);
  times = new Times();
  const finish = meter(pid);
  run(load.seconds);
  const usage = finish(), now = performance.now();
  for (const at of sentAt) times.add(now - at);
  const sorted = counts.toSorted();
  return {
    ...usage,
    messages: counts.reduce((sum, count) => sum + count, 0),
    least: sorted[0]!,
    median: sorted[connections >> 1]!,
    p50: times.percentile(0.5),
    p99: times.percentile(0.99),
    p999: times.percentile(0.999),
    ended: swarm.ended,
  };
}

/**
 * Echo: every message that comes back is sent again, so that as many are under way all the time.
 * @module
 */
import { FrameCounter, letters, maskedFrame, repeated } from "./frames.ts";
import { meter, type Usage } from "./meter.ts";
import { Swarm, type Target } from "./swarm.ts";

/** What to send. */
export interface EchoLoad {
  /** The server's port and process. */
  port: number;
  pid: number;
  /** Where it echoes; `undefined`: a server of bytes, that knows no WebSocket. */
  path: string | undefined;
  /** Whether over TLS. */
  tls?: boolean;
  /** How many connections. */
  connections: number;
  /** Messages under way on each connection. */
  inFlight: number;
  /** Messages under way on all connections together, each sent on the next one in turn; 0: `inFlight` on each. */
  spread: number;
  /** Payload, in bytes. */
  size: number;
  /** Whether as text. */
  text: boolean;
  /** Seconds before measuring, and of measuring. */
  warm: number;
  seconds: number;
}

/** What came of it. */
export interface EchoResult extends Usage {
  /** Messages that came back. */
  messages: number;
  /** Connections that the server ended. */
  ended: number;
}

/** Runs an echo load. */
export function echo(load: EchoLoad, tls: Target["tls"]): EchoResult {
  const { connections, inFlight, spread, pid } = load;
  const frame = maskedFrame(load.text ? 1 : 2, letters(load.size));
  const burst = repeated(frame, Math.max(1, spread > 0 ? 1 : inFlight));
  /** Bytes that each connection still has to send; they end with a whole frame. */
  const owed = new Float64Array(connections);
  let messages = 0, next = 0;

  const counter = new FrameCounter(connections, { peek: 0, control() {} });
  // Without frames the bytes are counted: what does not make a message yet waits.
  const bytes = new Float64Array(connections);
  const count = load.path !== undefined
    ? (id: number, b: Uint8Array, start: number, end: number) => counter.feed(id, b, start, end)
    : (id: number, _: Uint8Array, start: number, end: number) => {
      const all = bytes[id]! + end - start, whole = Math.floor(all / frame.length);
      bytes[id] = all - whole * frame.length;
      return whole;
    };

  function flush(id: number): void {
    while (owed[id]! > 0) {
      // Where a frame was sent in part, its rest comes first.
      const rest = owed[id]! % frame.length;
      const from = rest === 0 ? burst : burst.subarray(frame.length - rest);
      const sent = swarm.send(id, from, Math.min(owed[id]!, from.length));
      if (sent === 0) return;
      owed[id]! -= sent;
    }
  }

  function post(id: number, count: number): void {
    owed[id]! += count * frame.length;
    flush(id);
  }

  const swarm = new Swarm(connections, {
    port: load.port,
    path: load.path === undefined ? undefined : () => load.path!,
    tls,
  }, {
    data(id, b, start, end) {
      const whole = count(id, b, start, end);
      if (whole === 0) return;
      messages += whole;
      if (spread === 0) return post(id, whole);
      for (let i = 0; i < whole; i++) post(next++ % connections, 1);
    },
    writable: flush,
  });
  swarm.openAll();
  if (spread === 0) { for (let id = 0; id < connections; id++) post(id, inFlight); }
  else for (let i = 0; i < spread; i++) post(next++ % connections, 1);

  const run = (seconds: number) => {
    const end = performance.now() + seconds * 1000;
    while (performance.now() < end) swarm.turn(20);
  };
  run(load.warm);
  messages = 0;
  const finish = meter(pid);
  run(load.seconds);
  return { ...finish(), messages, ended: swarm.ended };
}

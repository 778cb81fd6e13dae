/**
 * Idle connections: opened, then held; and handshakes a second: each connection closed as soon as it is open.
 * @module
 */
import { maskedFrame } from "./frames.ts";
import { meter, type Usage } from "./meter.ts";
import { residentBytes } from "./process.ts";
import { Swarm, type Target } from "./swarm.ts";

/** What to open. */
export interface IdleLoad {
  /** The server's port and process. */
  port: number;
  pid: number;
  /** Where. */
  path: string;
  /** What each says first, if anything. */
  says?: string;
  /** Whether over TLS. */
  tls?: boolean;
  /** How many connections. */
  connections: number;
  /** Seconds before measuring, and of measuring. */
  warm: number;
  seconds: number;
}

/** What came of holding them. */
export interface IdleResult extends Usage {
  /** Connections held at the end. */
  open: number;
  /** Memory of the server before the first, in bytes. */
  before: number;
  /** Memory that each took, in bytes. */
  each: number;
}

/** Opens connections and holds them. The server must be fresh. */
export function idle(
  { port, pid, path, says, connections, seconds }: IdleLoad,
  tls: Target["tls"],
): IdleResult {
  const said = maskedFrame(1, new TextEncoder().encode(says ?? ""));
  const swarm: Swarm = new Swarm(connections, { port, path: () => path, tls }, {
    open: (id) => void (says !== undefined && swarm.send(id, said, said.length)),
    data() {},
  });
  const before = residentBytes(pid);
  const finish = meter(pid);
  swarm.openAll();
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) swarm.turn(100);
  const usage = finish();
  return { ...usage, open: swarm.open, before, each: (usage.resident - before) / swarm.open };
}

/** What came of opening and closing. */
export interface HandshakeResult extends Usage {
  /** Connections that were opened. */
  handshakes: number;
}

/** Opens connections, so many at once, and closes each when it is open. */
export function handshakes(load: IdleLoad, tls: Target["tls"]): HandshakeResult {
  const { port, pid, path, connections } = load;
  let handshakes = 0;
  const swarm: Swarm = new Swarm(connections, { port, path: () => path, tls }, {
    open(id) {
      handshakes++;
      swarm.close(id);
      swarm.dial(id);
    },
    data() {},
    ended: (id) => swarm.dial(id),
  });
  for (let id = 0; id < connections; id++) swarm.dial(id);
  const run = (seconds: number) => {
    const end = performance.now() + seconds * 1000;
    while (performance.now() < end) swarm.turn(20);
  };
  run(load.warm);
  handshakes = 0;
  const finish = meter(pid);
  run(load.seconds);
  return { ...finish(), handshakes };
}

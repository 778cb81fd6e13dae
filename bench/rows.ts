/**
 * What is compared, and what is asked of it: one row for each kind of work.
 * @module
 */
import { runLoad } from "./run_load.ts";
import { get, post } from "./load/wrk.ts";
import type { EchoLoad } from "./load/echo.ts";
import type { Usage } from "./load/meter.ts";
import { LIBRARIES, type Peer } from "./peers.ts";
import type { RunningServer } from "./servers.ts";

/** What one measurement gives; the first figure is the row's. */
export type Figures = Record<string, number>;

/** A figure that is held to something. */
export interface Target {
  /** Which figure. */
  figure: string;
  /** Where it has to stay. */
  bound: "at most" | "at least";
  /** The number; where it is held to a peer, the factor. */
  than: number;
  /** Whose same figure it is held to; none: it is held to the number. */
  peer?: Peer;
  /** Whether `than` is what may be added to it. */
  more?: boolean;
  /** Whose figure it is; Kodama's with its defaults where it does not say. */
  of?: Peer;
}

/** One kind of work. */
export interface Row {
  /** For `--only`. */
  id: string;
  /** What is done. */
  title: string;
  /** What the first figure is. */
  unit: string;
  /** Who does it. */
  peers: readonly Peer[];
  /** Whether a server must be new each time. */
  fresh?: boolean;
  /** Whether it goes over TLS. */
  tls?: boolean;
  /** Where the peers have nothing to do but answer requests: what is asked of them. */
  http?: "publish" | "fetch";
  /** Whether the server has to be busier than the load. */
  saturates: boolean;
  /** What is asked. */
  targets: readonly Target[];
  /** Measures once. */
  measure(peer: Peer, server: RunningServer, time: Time): Promise<Figures>;
}

/** Seconds before measuring, and of measuring. */
export interface Time {
  warm: number;
  seconds: number;
}

/** Bytes. */
export const MIB = 1 << 20;
const WEBSOCKET = ["kodama", "deno", "ws", "bun"] as const;

/** How busy both sides were, and the rest of the machine, in cores. */
export function shares({ serverCpu, loadCpu, otherCpu, seconds }: Usage): Figures {
  const share = (cpu: number) => Math.round(cpu / seconds * 100) / 100;
  return { server: share(serverCpu), load: share(loadCpu), others: share(otherCpu) };
}

function atMost(than: number, ...peers: Peer[]): Target[] {
  return peers.map((peer) => ({ figure: "cpu", bound: "at most", than, peer }));
}

/** Measures echoes: the CPU of a message, messages a second, and how busy everybody was. */
export function measureEcho(
  work: Pick<EchoLoad, "connections" | "inFlight" | "spread" | "size" | "text" | "tls">,
): Row["measure"] {
  return async (peer, server, time) => {
    const path = peer === "tcp" ? undefined : "/-/echo";
    const result = await runLoad<"echo">({ mode: "echo", ...server, path, ...work, ...time });
    if (result.ended > 0) throw new Error(`${peer} ended ${result.ended} connections`);
    return {
      cpu: result.serverCpu / result.messages * 1e6,
      rate: result.messages / result.seconds,
      ...shares(result),
    };
  };
}

function echo(
  id: string,
  [connections, inFlight, size]: [number, number, number],
  text: boolean,
  targets: Target[],
  tls = false,
): Row {
  const bytes = size >= MIB
    ? `${size / MIB} MiB`
    : size >= 1024
    ? `${size / 1024} KiB`
    : `${size} B`;
  const kind = (text ? ", text" : "") + (tls ? ", over TLS" : "");
  return {
    id,
    title: `echo, ${connections} connections × ${inFlight} in flight × ${bytes}${kind}`,
    unit: "CPU, µs a message",
    peers: targets.some((t) => t.peer === "tcp") ? [...WEBSOCKET, "tcp"] : WEBSOCKET,
    saturates: true,
    tls,
    targets,
    measure: measureEcho({ connections, inFlight, size, text, tls, spread: 0 }),
  };
}

/** Connections that are held, each with its handshake done. */
function idle(id: string, connections: number, tls: boolean, targets: Target[]): Row {
  return {
    id,
    title: `idle, ${connections.toLocaleString("en")} connections${tls ? ", over TLS" : ""}`,
    unit: "resident KiB a connection",
    peers: WEBSOCKET,
    fresh: true,
    tls,
    saturates: false,
    targets,
    async measure(_, server, { warm, seconds }) {
      const load = { ...server, path: "/-/echo", connections, tls, warm, seconds };
      const result = await runLoad<"idle">({ mode: "idle", ...load });
      if (result.open < connections) throw new Error(`only ${result.open} are open`);
      return { each: result.each / 1024, resident: result.resident / MIB };
    },
  };
}

function fanout(id: string, rate: number, saturates: boolean, targets: Target[]): Row {
  const [subscribers, size] = [1000, 64];
  return {
    id,
    title: `fan-out, 1 → ${subscribers}, ${size} B, ${rate}/s published over HTTP`,
    unit: "CPU, µs a delivery",
    // Bun has a way to publish; beside it, what a loop of `send` gives there.
    peers: [...WEBSOCKET, "bun-send"],
    saturates,
    targets,
    async measure(_, server, { warm, seconds }) {
      const load = {
        ...server,
        subscribers,
        size,
        rate,
        channels: 1,
        warm,
        seconds: seconds * 1.5,
      };
      const result = await runLoad<"fanout">({ mode: "fanout", ...load });
      return {
        cpu: result.serverCpu / result.deliveries * 1e6,
        deliveries: result.deliveries / result.seconds,
        published: result.published / result.seconds,
        p50: result.p50,
        p99: result.p99,
        peak: result.peak / MIB,
        slowest: result.slowest / result.average * 100,
        missing: result.missing,
        disordered: result.disordered,
        ended: result.ended,
        ...shares(result),
      };
    },
  };
}

/** Publishes over HTTP to nobody, each alone or many lines at once. */
function publishes(
  id: string,
  lines: number,
  peers: readonly Peer[],
  targets: Target[],
): Row {
  const [connections, size] = [32, 60];
  const what = lines > 0 ? `lines of batches of ${lines.toLocaleString("en")}` : "publishes";
  return {
    id,
    title: `${what}, ${size} B, ${connections} kept connections`,
    unit: lines > 0 ? "CPU, µs a line" : "CPU, µs a publish",
    peers,
    http: "publish",
    saturates: true,
    targets,
    async measure(_, server, time) {
      const path = lines > 0 ? "/-/publish" : "/news";
      const result = await post({ ...server, path, connections, size, lines, ...time });
      const count = result.requests * Math.max(1, lines);
      return {
        cpu: result.serverCpu / count * 1e6,
        rate: count / result.seconds,
        ...shares(result),
      };
    },
  };
}

/** The rows. */
export const ROWS: readonly Row[] = [
  echo("echo-1", [64, 1, 20], false, [...atMost(0.75, "deno", "ws"), ...atMost(1.1, "tcp")]),
  echo("echo-16", [64, 16, 20], false, [...atMost(0.08, "deno", "ws"), ...atMost(1, "bun")]),
  echo("echo-64", [16, 64, 125], false, [...atMost(0.03, "deno", "ws"), ...atMost(0.75, "bun")]),
  echo("text-64", [16, 64, 125], true, [...atMost(0.03, "deno", "ws"), ...atMost(0.75, "bun")]),
  echo("echo-1k", [64, 4, 1024], false, [...atMost(0.22, "deno", "ws"), ...atMost(1, "bun")]),
  echo("echo-1m", [4, 1, MIB], false, atMost(0.5, "deno", "ws", "bun")),
  idle("idle", 10_000, false, [{ figure: "each", bound: "at most", than: 9 }]),
  fanout("fanout-20", 20, false, atMost(1.05, "deno")),
  fanout("fanout-500", 500, true, [
    ...(["deno", "ws", "bun"] as const).map((peer): Target => ({
      figure: "deliveries",
      bound: "at least",
      than: 5,
      peer,
    })),
    { figure: "peak", bound: "at most", than: 300 },
    { figure: "p99", bound: "at most", than: 250 },
    { figure: "slowest", bound: "at least", than: 90 },
    { figure: "missing", bound: "at most", than: 0 },
  ]),
  {
    id: "handshakes",
    title: "handshakes, 64 at once, each connection closed when open",
    unit: "handshakes a second",
    peers: WEBSOCKET,
    saturates: true,
    targets: [{ figure: "rate", bound: "at least", than: 1, peer: "deno" }, ...atMost(1, "deno")],
    async measure(_, server, time) {
      const load = { ...server, path: "/-/echo", connections: 64, ...time };
      const result = await runLoad<"handshakes">({ mode: "handshakes", ...load });
      return {
        rate: result.handshakes / result.seconds,
        cpu: result.serverCpu / result.handshakes * 1e6,
        ...shares(result),
      };
    },
  },
];

/** Publishing over HTTP. */
export const PUBLISH_ROWS: readonly Row[] = [
  publishes("publish", 0, ["kodama", "deno", "tcp"], atMost(1.5, "deno")),
  publishes("batch", 1000, ["kodama"], [{ figure: "cpu", bound: "at most", than: 4 }]),
];

/** How the library is held to the service: the factor for its CPU. */
function toService(than: number): Target[] {
  return [{ figure: "cpu", bound: "at most", than, peer: "kodama", of: "library" }];
}

/** Requests that are answered with a word. */
const fetched: Row = {
  id: "serve-fetch",
  title: '`fetch: () => new Response("ok")`, 32 kept connections; of the service, its health',
  unit: "CPU, µs a request",
  peers: ["kodama", "library", "deno"],
  http: "fetch",
  saturates: true,
  targets: [{ figure: "cpu", bound: "at most", than: 2, peer: "deno", of: "library" }],
  async measure(peer, server, time) {
    const path = peer === "kodama" ? "/-/health" : "/";
    const result = await get({ ...server, path, connections: 32, ...time });
    return {
      cpu: result.serverCpu / result.requests * 1e6,
      rate: result.requests / result.seconds,
      ...shares(result),
    };
  },
};

/** The same work by a program: its handlers get texts, and bytes of their own; what is posted it publishes. */
export const LIBRARY_ROWS: readonly Row[] = [
  echo("serve-1", [64, 1, 20], false, toService(1.15)),
  echo("serve-16", [64, 16, 20], false, toService(1.15)),
  echo("serve-64", [16, 64, 125], false, toService(1.15)),
  echo("serve-text-16", [64, 16, 20], true, toService(1.15)),
  echo("serve-text-64", [16, 64, 125], true, toService(1.15)),
  fanout("serve-fanout-20", 20, false, toService(1.1)),
  fanout("serve-fanout-500", 500, true, toService(1.1)),
].map((row): Row => ({ ...row, peers: LIBRARIES })).concat(fetched);

/** The same work over TLS. */
export const TLS_ROWS: readonly Row[] = [
  echo("wss-1", [64, 1, 20], false, atMost(1.2, "deno", "ws"), true),
  echo("wss-16", [64, 16, 20], false, atMost(0.2, "deno", "ws"), true),
  echo("wss-64", [16, 64, 125], false, atMost(0.1, "deno", "ws"), true),
  idle("wss-idle", 2000, true, []),
];

/** Names of figures, with their units. */
export const FIGURES: Record<string, string> = {
  cpu: "CPU µs",
  rate: "a second",
  deliveries: "deliveries/s",
  published: "published/s",
  p50: "p50 ms",
  p99: "p99 ms",
  peak: "peak RSS, MiB",
  slowest: "slowest, %",
  missing: "not delivered",
  disordered: "in another order",
  ended: "ended",
  each: "KiB each",
  resident: "RSS, MiB",
  start: "until it listens, ms",
  spent: "CPU ms",
  remembered: "remembered, MiB",
  server: "busy: server",
  load: "load",
  others: "others",
};

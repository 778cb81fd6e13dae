/**
 * Work that grows: what is measured at each size, and what one unit of it is.
 * @module
 */
import { measureEcho, type Row } from "./rows.ts";
import { runLoad } from "./run_load.ts";
import type { Peer } from "./peers.ts";

/** Work of growing size. */
export interface Series {
  /** For `--only`, and in the name of its picture. */
  id: string;
  /** What grows. */
  title: string;
  /** What is measured. */
  unit: string;
  /** Who does it. */
  peers: readonly Peer[];
  /** The sizes. */
  sizes: readonly number[];
  /**
   * Where a message costs something by itself and something for each of what grows: from which size on the latter is
   * most of it, so that it can be told from noise, and its name. Else the cost is held to be the same at every size.
   */
  each?: { from: number; name: string };
  /** How it is measured; lines of at most 100 characters. */
  note: string[];
  /** The work at one size. */
  row(size: number): Row;
}

/** A row that nobody compares. */
function work(
  id: string,
  series: Pick<Series, "title" | "unit" | "peers">,
  measure: Row["measure"],
): Row {
  const { title, unit, peers } = series;
  return { id, title, unit, peers, fresh: false, saturates: false, targets: [], measure };
}

function echo(connections: number, spread: number, size: number): Row["measure"] {
  return measureEcho({ connections, inFlight: 1, spread, size, text: false });
}

const connections: Series = {
  id: "connections",
  title: "connections",
  unit: "CPU, µs a message",
  peers: ["kodama", "tcp"],
  sizes: [100, 300, 1000, 3000, 10_000, 15_000],
  note: ["64 echoes of 20 B are under way at any time, each on the next connection in turn."],
  row: (size) => work(`connections-${size}`, connections, echo(size, 64, 20)),
};

const subscribers: Series = {
  id: "subscribers",
  title: "subscribers of one channel",
  unit: "CPU, µs a publish",
  peers: ["kodama"],
  sizes: [1, 10, 100, 1000, 10_000],
  each: { from: 100, name: "subscriber" },
  note: [
    "64 B to each subscriber, published over HTTP, about 10,000 deliveries a second. A publish costs",
    "something by itself, and something for each subscriber, so each size is held to the cost with one",
    "subscriber plus, for each beyond, what one costs at the size from 100 on where it costs least.",
  ],
  row(size) {
    // Few publishes would be hard to see, and many at once would leave together.
    const rate = Math.max(2, Math.min(500, 10_000 / size));
    return work(`subscribers-${size}`, subscribers, async (_, server, time) => {
      const load = { ...server, rate, size: 64, channels: 1, subscribers: size, ...time };
      const result = await runLoad<"fanout">({ mode: "fanout", ...load });
      return { cpu: result.serverCpu / result.deliveries * size * 1e6 };
    });
  },
};

const channels: Series = {
  id: "channels",
  title: "channels",
  unit: "CPU, µs a publish",
  peers: ["kodama"],
  sizes: [1, 10, 100, 1000, 10_000, 100_000],
  note: [
    "2,000 publishes of 64 B a second, over HTTP, go to the channels in turn. Each channel has one",
    "subscriber, and each subscriber has up to 100 channels.",
  ],
  row: (size) =>
    work(`channels-${size}`, channels, async (_, server, time) => {
      const load = { ...server, rate: 2000, size: 64, channels: size, ...time };
      const result = await runLoad<"fanout">({
        mode: "fanout",
        ...load,
        subscribers: Math.ceil(size / 100),
      });
      return { cpu: result.serverCpu / result.published * 1e6 };
    }),
};

const sizes: Series = {
  id: "sizes",
  title: "bytes of a message",
  unit: "CPU, µs a message",
  peers: ["kodama", "tcp"],
  sizes: [16, 64, 256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576],
  each: { from: 16_384, name: "byte" },
  note: [
    "Echo, 16 connections × 1 in flight. A message costs something by itself, and something for each",
    "byte, so each size is held to the smallest message's cost plus, for each byte beyond, what one",
    "costs at the size from 16 KiB on where it costs least.",
  ],
  row: (size) => work(`sizes-${size}`, sizes, echo(16, 0, size)),
};

/** All that is measured. */
export const SERIES: readonly Series[] = [connections, subscribers, channels, sizes];

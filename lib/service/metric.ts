/**
 * How a metric is read and written: counted at places of a row, or asked of something.
 * @module
 */
import type { EngineStats, SharedStats } from "../hub/engine.ts";
import type { Counts } from "../net/counts.ts";

/** What is read. */
export interface Source {
  /** What all threads have counted. */
  counts: Counts;
  /** How the engine stands. */
  engine: EngineStats;
  /** Whether publishes are taken. */
  reachable: boolean;
  /** How many other threads and nodes are there. */
  peers: number;
  /** Of the process, in bytes. */
  memory: number;
  /** Of the process, in seconds. */
  cpu: number;
  /** When the process began, in seconds since 1970. */
  began: number;
  /** What serves. */
  about: Record<"version" | "engine" | "workers", string>;
}

/** One number: the labels that tell it from others of its name, and what it is. */
export interface Sample {
  /** Where it is not the metric's own name. */
  metricName?: string;
  labels: Record<string, string>;
  value: number;
}

/** A number, or several that labels tell apart. */
export interface Metric {
  /** Its name. */
  name: string;
  /** What it is, in one line. */
  help: string;
  /** What kind of number. */
  type: "counter" | "gauge" | "histogram";
  /** The values of its labels; empty where they are not known before. */
  labels: Readonly<Record<string, readonly string[]>>;
  /** With what it is there; by default always. */
  when?: "TLS" | "NATS";
  /** Reads it; nothing where it is not there. */
  read(source: Source): Sample[];
}

type Labels = Metric["labels"];

/** All combinations of labels, the last of which changes first. */
function combinations(labels: Labels): Record<string, string>[] {
  return Object.entries(labels).reduce<Record<string, string>[]>(
    (all, [label, values]) => all.flatMap((one) => values.map((v) => ({ ...one, [label]: v }))),
    [{}],
  );
}

/** So many places in a row. */
export function from(place: number, count = 1): number[] {
  return Array.from({ length: count }, (_, i) => place + i);
}

/** A number for each combination of labels, each at its place. */
export function counted(
  type: "counter" | "gauge",
  name: string,
  help: string,
  places: readonly number[],
  labels: Labels = {},
): Metric {
  const all = combinations(labels);
  return {
    ...{ name, help, type, labels },
    read: ({ counts }) => all.map((labels, i) => ({ labels, value: counts[places[i]!]! })),
  };
}

/** A number that is asked for. */
export function value(
  type: "counter" | "gauge",
  name: string,
  help: string,
  read: (source: Source) => number,
): Metric {
  return { name, help, type, labels: {}, read: (source) => [{ labels: {}, value: read(source) }] };
}

/** One of an engine that is shared by NATS. */
export function nats(
  type: "counter" | "gauge",
  name: string,
  help: string,
  read: (log: SharedStats) => number,
): Metric {
  return {
    ...{ name, help, type, labels: {}, when: "NATS" },
    read: ({ engine: { log } }) => some(log && read(log)),
  };
}

/** A number that there may not be. */
export function some(value: number | undefined): Sample[] {
  return value === undefined ? [] : [{ labels: {}, value }];
}

/** What {@linkcode observe} has counted. */
export function histogram(
  name: string,
  help: string,
  place: number,
  bounds: readonly number[],
): Metric {
  return {
    ...{ name, help, type: "histogram", labels: {} },
    read({ counts }) {
      let count = 0;
      const buckets = [...bounds, Infinity].map((bound, i) => ({
        metricName: `${name}_bucket`,
        labels: { le: bound === Infinity ? "+Inf" : String(bound) },
        value: count += counts[place + i]!,
      }));
      const sum = counts[place + bounds.length + 1]!;
      return [
        ...buckets,
        { metricName: `${name}_sum`, labels: {}, value: sum },
        { metricName: `${name}_count`, labels: {}, value: count },
      ];
    },
  };
}

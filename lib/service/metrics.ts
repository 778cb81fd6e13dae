/**
 * What an operator watches, in Prometheus's text format. Counters are plain numbers elsewhere; they are read
 * when somebody asks.
 * @module
 */
import { Counter, Gauge, Registry } from "prom-client";

/** Numbers that only grow, or that say how things stand. */
export interface Measured {
  /** The name, with its unit. */
  name: string;
  /** What it is. */
  help: string;
  /** Whether it only grows. */
  grows: boolean;
  /** Reads it. */
  read: () => number;
}

/** Collects numbers. Returns a function that writes them down. */
export function createMetrics(measured: readonly Measured[]): () => Promise<string> {
  const registry = new Registry();
  for (const { name, help, grows, read } of measured) {
    const options = { name, help, registers: [registry] };
    if (!grows) {
      new Gauge({
        ...options,
        collect() {
          this.set(read());
        },
      });
    } else {
      new Counter({
        ...options,
        collect() {
          this.reset();
          this.inc(read());
        },
      });
    }
  }
  return () => registry.metrics();
}

/** The media type of what {@linkcode createMetrics} writes. */
export const metricsType = Registry.PROMETHEUS_CONTENT_TYPE;

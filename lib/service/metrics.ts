/**
 * What an operator watches, in Prometheus's text format. Counters are plain numbers elsewhere; they are read
 * when somebody asks.
 * @module
 */
import { Counter, Gauge, Registry } from "prom-client";

/** A number, and how to register it. */
export type Measured = (registry: Registry) => void;

/** A number that says how things stand. */
export function gauge(name: string, help: string, read: () => number | Promise<number>): Measured {
  return (registry) => {
    const collect = async function (this: Gauge) {
      this.set(await read());
    };
    new Gauge({ name, help, registers: [registry], collect });
  };
}

/** A number that only grows. */
export function counter(
  name: string,
  help: string,
  read: () => number | Promise<number>,
): Measured {
  return (registry) => {
    const collect = async function (this: Counter) {
      const value = await read();
      this.reset();
      this.inc(value);
    };
    new Counter({ name, help, registers: [registry], collect });
  };
}

/** Collects numbers. Returns a function that writes them down. */
export function createMetrics(measured: readonly Measured[]): () => Promise<string> {
  const registry = new Registry();
  for (const register of measured) register(registry);
  return () => registry.metrics();
}

/** The media type of what {@linkcode createMetrics} writes. */
export const metricsType = Registry.PROMETHEUS_CONTENT_TYPE;

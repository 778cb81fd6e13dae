/**
 * What `/-/metrics` says, read as Prometheus reads it.
 * @module
 */
import { ask } from "./channels.ts";

/** One number. */
export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

/** Everything of one scrape. */
export class Scrape {
  readonly samples: readonly Sample[];
  /** Kinds of metrics by name. */
  readonly types: ReadonlyMap<string, string>;
  readonly text: string;

  /** @param text In Prometheus's text format. */
  constructor(text: string) {
    this.text = text;
    const lines = text.split("\n").filter((line) => line !== "");
    this.types = new Map(lines.flatMap((line) => {
      const [, name, type] = /^# TYPE (\w+) (\w+)$/.exec(line) ?? [];
      return type === undefined ? [] : [[name!, type]];
    }));
    this.samples = lines.filter((line) => !line.startsWith("#")).map(sampleOf);
  }

  /** The sum of all numbers of a name that have these labels. */
  value(name: string, labels: Record<string, string> = {}): number {
    const found = this.samples.filter((sample) =>
      sample.name === name &&
      Object.entries(labels).every(([label, value]) => sample.labels[label] === value)
    );
    if (found.length === 0) throw new Error(`no ${name}${JSON.stringify(labels)}:\n${this.text}`);
    return found.reduce((sum, { value }) => sum + value, 0);
  }
}

function sampleOf(line: string): Sample {
  const match = /^([a-z_]+)(?:\{(.*)\})? (\+Inf|\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/.exec(line);
  if (match === null) throw new Error(`not a sample: ${line}`);
  const [, name, inner = "", value] = match;
  const labels = [...inner.matchAll(/(\w+)="([^"\\]*)"(?:,|$)/g)];
  if (labels.reduce((size, [whole]) => size + whole.length, 0) !== inner.length) {
    throw new Error(`not labels: ${line}`);
  }
  return {
    name: name!,
    labels: Object.fromEntries(labels.map(([, label, value]) => [label!, value!])),
    value: value === "+Inf" ? Infinity : Number(value),
  };
}

/** Asks a service, on a connection of its own. */
export async function scrape(service: { port: number }): Promise<Scrape> {
  return new Scrape((await ask(service, "GET /-/metrics")).body);
}

/** Scrapes again and again until something holds of what is said: nobody outside is told of that. */
export async function scraped(
  service: { port: number },
  holds: (scrape: Scrape) => boolean,
  ms = 20_000,
): Promise<Scrape> {
  for (const began = performance.now();;) {
    const found = await scrape(service);
    if (holds(found)) return found;
    if (performance.now() - began > ms) throw new Error(`not within ${ms} ms:\n${found.text}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

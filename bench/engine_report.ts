/**
 * The tables of workers and engines.
 * @module
 */
import { ENGINE_ROWS } from "./engine_rows.ts";
import { busy, details, type Measured, setting, table } from "./markdown.ts";
import { figure, type Results, rowOf, short } from "./results.ts";

/** What a unit costs and how many there are, by one thread that serves and by two. */
function workers(rows: Measured): string {
  return table([
    ["work", "CPU µs: 1 worker", "2 workers", "", "a second: 1 worker", "2 workers", "cores busy"],
    ...rows.map(([row, result]) => {
      const rate = row.id.startsWith("fanout") ? "deliveries" : "rate";
      const [one, two] = [figure(result, "kodama", "cpu")!, figure(result, "kodama-2", "cpu")!];
      const rates = (["kodama", "kodama-2"] as const).map((p) => short(figure(result, p, rate)));
      const times = `${(two / one).toFixed(2)} ×`;
      return [row.title, short(one), short(two), times, ...rates, busy(result, "kodama-2")];
    }),
  ]);
}

/** The figures that are told of a row. */
const TOLD: Record<string, string[]> = {
  "fanout-500": ["deliveries", "cpu", "p50", "p99", "slowest", "missing", "disordered"],
  "publish-64": ["rate", "p50", "p99", "cpu", "server", "load", "others"],
  "publish-1": ["rate", "p50", "p99", "cpu"],
  resume: ["p50", "p99", "rate", "cpu"],
  start: ["start", "spent", "remembered"],
};

/** What stands between the markers of workers and engines. */
export function engines(results: Results): string {
  const rows = results.rows.map((r): Measured[number] => [rowOf(r.id, ENGINE_ROWS), r]);
  return [
    setting(results),
    workers(rows.filter(([{ id }]) => /^(echo|fanout)-/.test(id))),
    ...rows.flatMap(([row, result]) => {
      const told = TOLD[row.id];
      return told === undefined ? [] : [`“${row.title}”:`, details([row, result], told)];
    }),
  ].join("\n\n");
}

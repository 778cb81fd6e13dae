/**
 * What a unit of work costs as the work grows: `deno task bench:scale [--rounds N] [--seconds S] [--only SERIES,…]`.
 * A complete run writes `bench/scale.json`; `deno task bench:report` draws it.
 * @module
 */
import { parseArgs } from "node:util";
import { peerVersions, setting, writeResults } from "./machine.ts";
import { measureRow } from "./measure.ts";
import { short } from "./results.ts";
import { costs, growth, type Point, type ScaleResults, summary } from "./scale_results.ts";
import { SERIES } from "./series.ts";
import { PEERS } from "./peers.ts";
import { columns } from "./table.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: {
    rounds: { type: "string", default: "3" },
    seconds: { type: "string", default: "3" },
    only: { type: "string", multiple: true },
  },
});
const only = values.only?.flatMap((v) => v.split(","));
const [rounds, seconds] = [Number(values.rounds), Number(values.seconds)];
const plan = { rounds, seconds, warm: 0.5, peers: PEERS, before: undefined };
const results: ScaleResults = {
  ...setting("bench:scale", rounds, seconds, await peerVersions()),
  series: {},
};
for (const series of SERIES.filter(({ id }) => only?.includes(id) ?? true)) {
  const points: Point[] = [];
  for (const size of series.sizes) {
    points.push({ size, rounds: await measureRow(series.row(size), plan) });
  }
  results.series[series.id] = points;
  const grown = growth(series, points);
  console.log(`\n${series.id}: ${series.unit}. ${series.note.join(" ")}`);
  console.log(columns([
    [
      series.title,
      ...series.peers,
      "grows",
      ...(series.each === undefined ? [] : [`each ${series.each.name}`]),
    ],
    ...points.map(({ size }, i) => [
      size.toLocaleString("en"),
      ...series.peers.map((peer) => short(costs(points, peer)[i]?.cost)),
      grown[i]!.ratio.toFixed(2),
      ...(series.each === undefined ? [] : [short(grown[i]!.each)]),
    ]),
  ]));
  console.log(`  ${summary(series, points)}`);
}
if (only === undefined) {
  writeResults("scale.json", results);
}
// Children that were killed keep nothing open, but their pipes may.
Deno.exit(0);

/**
 * Curves as SVG: sizes along a logarithmic axis, the cost of a unit upwards, and the band that it should stay in.
 * @module
 */
import { BOUND, costs, growth, type Point } from "./scale_results.ts";
import type { Series } from "./series.ts";

const WIDTH = 640, HEIGHT = 280, LEFT = 56, RIGHT = 84, TOP = 40, BOTTOM = 44;
const NAMES: Record<string, string> = { kodama: "Kodama", tcp: "bare TCP" };
const STYLE = `svg{font:12px system-ui,sans-serif;color:#1c2b24;background:#fff}
text{fill:currentColor}.axis,.grid{stroke:currentColor;stroke-width:1}.grid{opacity:.15}.axis{opacity:.5}
.band{fill:#2f8f5b;opacity:.12}.kodama{stroke:#1f7a4a;fill:#1f7a4a}.tcp{stroke:#8a8f8c;fill:#8a8f8c}
polyline{fill:none!important;stroke-width:2}.name{stroke:none}.title{font-weight:600}.end{text-anchor:end}.mid{text-anchor:middle}
@media(prefers-color-scheme:dark){svg{color:#e6ebe4;background:#131916}.kodama{stroke:#6fd09c;fill:#6fd09c}.band{fill:#6fd09c}}`;

/** A number, as short as it can be said. */
function label(value: number): string {
  return value >= 1e6 ? `${value / 1e6}M` : value >= 1000 ? `${value / 1000}k` : `${value}`;
}

/** A size in bytes, likewise. */
function bytesLabel(size: number): string {
  return size >= 1 << 20 ? `${size >> 20} MiB` : size >= 1024 ? `${size >> 10} KiB` : `${size} B`;
}

/** About four round numbers from 0 to `most`, or powers of ten from `least` on a logarithmic axis. */
function ticks(least: number, most: number, logarithmic: boolean): number[] {
  if (logarithmic) {
    const first = Math.floor(Math.log10(least)), last = Math.ceil(Math.log10(most));
    return Array.from({ length: last - first + 1 }, (_, i) => 10 ** (first + i));
  }
  const rough = most / 4, power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 2.5, 5, 10].find((f) => f * power >= rough) ?? 10);
  return Array.from({ length: Math.ceil(most / step) + 1 }, (_, i) => i * step);
}

/** Draws a series. */
export function curve(series: Series, points: readonly Point[]): string {
  const line = series.each !== undefined;
  const lines = series.peers.map((peer) => ({ peer, all: costs(points, peer) })).filter((l) =>
    l.all.length > 0
  );
  const every = lines.flatMap((l) => l.all.map(({ cost }) => cost));
  const upward = ticks(Math.min(...every), Math.max(...every), line);
  const [bottom, top] = [upward[0]!, upward.at(-1)!];
  const [first, last] = [series.sizes[0]!, series.sizes.at(-1)!];
  const x = (size: number) =>
    LEFT + Math.log(size / first) / Math.log(last / first) * (WIDTH - LEFT - RIGHT);
  const share = (cost: number) =>
    line ? Math.log(cost / bottom) / Math.log(top / bottom) : (cost - bottom) / (top - bottom);
  const y = (cost: number) => HEIGHT - BOTTOM - share(cost) * (HEIGHT - TOP - BOTTOM);
  const at = (value: number) => value.toFixed(1);

  const parts: string[] = [];
  for (const tick of upward) {
    const height = at(y(tick));
    parts.push(`<path class="grid" d="M${LEFT} ${height}H${WIDTH - RIGHT}"/>`);
    parts.push(`<text class="end" x="${LEFT - 8}" y="${at(y(tick) + 4)}">${label(tick)}</text>`);
  }
  for (const size of series.sizes) {
    const text = series.id === "sizes" ? bytesLabel(size) : label(size);
    parts.push(`<text class="mid" x="${at(x(size))}" y="${HEIGHT - BOTTOM + 18}">${text}</text>`);
  }
  parts.push(`<path class="axis" d="M${LEFT} ${HEIGHT - BOTTOM}H${WIDTH - RIGHT}"/>`);
  // From what the cost is held to, to where it should stay below.
  const held = growth(series, points).map(({ size, ratio }, i) => ({
    at: at(x(size)),
    cost: lines[0]!.all[i]!.cost / ratio,
  }));
  const edge = (factor: number) =>
    held.map((h) => `${h.at},${at(y(Math.min(top, h.cost * factor)))}`);
  parts.push(
    `<polygon class="band" points="${[...edge(1), ...edge(BOUND).reverse()].join(" ")}"/>`,
  );
  for (const { peer, all } of lines) {
    const places = all.map(({ size, cost }) => [at(x(size)), at(y(cost))] as const);
    parts.push(`<polyline class="${peer}" points="${places.map((p) => p.join(",")).join(" ")}"/>`);
    for (const [px, py] of places) {
      parts.push(`<circle class="${peer}" cx="${px}" cy="${py}" r="3"/>`);
    }
    const [px, py] = places.at(-1)!;
    const name = NAMES[peer] ?? peer;
    parts.push(
      `<text class="${peer} name" x="${Number(px) + 8}" y="${Number(py) + 4}">${name}</text>`,
    );
  }
  const middle = (LEFT + WIDTH - RIGHT) / 2;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img">`,
    `<title>${series.unit}, by ${series.title}</title>`,
    `<style>${STYLE}</style>`,
    `<text class="title" x="${LEFT}" y="22">${series.unit}</text>`,
    ...parts,
    `<text class="mid" x="${middle}" y="${HEIGHT - 8}">${series.title}</text>`,
    "</svg>\n",
  ].join("\n");
}

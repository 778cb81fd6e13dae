/**
 * Runs a server for minutes under clients that come and go, and says what it holds meanwhile:
 *
 *     deno task soak --minutes 10 [--engine memory|sqlite|nats|nats://…] [--workers 2] [--seed 7]
 *
 * With `--engine nats` a server of NATS is started, too. Ends with 1 where something was lost untold, repeated or out of order,
 * where something is not given back, or where what it holds rises after the first half. Needs Linux's `/proc`.
 * @module
 */
import { parseArgs } from "node:util";
import { newSeed } from "../chaos/run.ts";
import { natsServer, natsServers } from "../tools/nats.ts";
import { risen, type Row, runSoak } from "./run.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    workers: { type: "string", default: "1" },
    engine: { type: "string", default: "memory" },
    seed: { type: "string", default: String(newSeed()) },
  },
});
const minutes = Number(values.minutes), workers = Number(values.workers);
const seed = Number(values.seed);
if (!(minutes > 0) || !(workers >= 1) || !Number.isSafeInteger(seed)) {
  throw new TypeError("--minutes, --workers and --seed are numbers");
}
if (values.engine === "nats" && natsServer === undefined) {
  throw new Error("no nats-server is found; see NATS_SERVER");
}

/** How long clients come and go before all is looked at, in ms. */
const ROUND = 12_000;

const folder = await Deno.makeTempDir();
await using nats = values.engine === "nats" ? await natsServers(1) : undefined;
const engine = nats?.engine ??
  (values.engine === "sqlite" ? `sqlite:${folder}/log.db` : values.engine);

const COLUMNS: [heading: string, cell: (row: Row) => string][] = [
  ["minute", ({ minute }) => minute.toFixed(1)],
  ["connections", ({ accepted }) => String(accepted)],
  ["published", ({ acknowledged }) => String(acknowledged)],
  ["delivered", ({ delivered }) => String(delivered)],
  ["losses told", ({ gaps }) => String(gaps)],
  ["heaps (MiB)", ({ heap }) => heap.toFixed(1)],
  ["memory (MiB)", ({ memory }) => memory.toFixed(1)],
  ["open files", ({ files }) => String(files)],
  ["idle CPU (ms/s)", ({ idle }) => idle.toFixed(1)],
];

function print(cells: string[]): void {
  console.log(`| ${cells.map((cell, i) => cell.padStart(COLUMNS[i]![0].length)).join(" | ")} |`);
}

console.log(`--engine ${values.engine} --workers ${workers} --minutes ${minutes} --seed ${seed}\n`);
print(COLUMNS.map(([heading]) => heading));
console.log(`| ${COLUMNS.map(([heading]) => `${"-".repeat(heading.length - 1)}:`).join(" | ")} |`);
let printed: Row | undefined;
const show = (row: Row) => print(COLUMNS.map(([, cell]) => cell(printed = row)));
try {
  const rows = await runSoak({
    flags: ["--engine", engine, "--workers", String(workers)],
    folder,
    ms: minutes * 60_000,
    round: ROUND,
    seed,
    told: (row) => {
      // One a minute.
      if (printed === undefined || row.minute >= Math.floor(printed.minute) + 1) show(row);
    },
  });
  if (printed !== rows.at(-1)) show(rows.at(-1)!);
  const curves = (["heap", "memory"] as const).map((curve) => {
    const { by, middle } = risen(rows, curve);
    return by === undefined
      ? `the ${curve} is too short a curve`
      : `the ${curve} rises by ${by.toFixed(2)} MiB in its second half, of ${middle.toFixed(1)}`;
  });
  console.log(`\n${rows.length} rounds, ${rows.at(-1)!.sessions} sessions; ${curves.join("; ")}`);
} catch (error) {
  console.error(error);
  Deno.exitCode = 1;
} finally {
  await Deno.remove(folder, { recursive: true });
}

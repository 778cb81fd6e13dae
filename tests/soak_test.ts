/** A short soak, and that it can fail: `deno task soak --minutes …` runs longer ones. */
import { assertEquals, assertGreater, assertMatch, assertThrows } from "@std/assert";
import { Ledger } from "./chaos/ledger.ts";
import { Random } from "./chaos/random.ts";
import { newSeed } from "./chaos/run.ts";
import { type Event, Wanderer } from "./chaos/wanderer.ts";
import { LEAST_POINTS, rise } from "./soak/drift.ts";
import type { Held } from "./soak/gauge.ts";
import { check, runSoak } from "./soak/run.ts";

Deno.test({
  name: "a server holds as much after clients of every kind have come and gone as before",
  // What is held is seen in Linux's /proc.
  ignore: Deno.build.os !== "linux",
  async fn() {
    const seed = newSeed(), folder = await Deno.makeTempDir();
    try {
      const rows = await runSoak({ flags: [], folder, ms: 10_000, round: 1000, seed });
      const last = rows.at(-1)!, said = `seed ${seed}: ${JSON.stringify(last)}`;
      assertGreater(rows.length, 1, said);
      assertGreater(last.acknowledged, 50, said);
      assertGreater(last.delivered, 200, said);
      assertGreater(last.sessions, 50, said);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

const LEAST = 2 * LEAST_POINTS;
/** A curve that swings, and rises by so much each time from a moment on. */
const curve = (step: number, from = 0) =>
  Array.from({ length: LEAST }, (_, i) => 100 + (i % 3) + step * Math.max(0, i - from));

Deno.test("rise() is what a curve rises by in its second half, whatever it did before and whatever peaks it has", () => {
  const of = (values: number[]) => rise(values.map((value, at) => ({ at, value })));
  assertEquals(of(curve(0).slice(2)), undefined);
  assertEquals(of(Array(LEAST).fill(7)), 0);
  // Warming up does not count.
  assertEquals(of([...Array(LEAST_POINTS).fill(1), ...Array(LEAST_POINTS).fill(9)]), 0);
  assertEquals(of(Array(LEAST).fill(7).with(-1, 100).with(-3, 90)), 0);
  assertEquals(of(Array.from({ length: LEAST }, (_, i) => 2 * i)), 2 * (LEAST_POINTS - 1));
});

/** What is held, as a curve of one kind. */
function rows(kind: "heap" | "memory" | "idle", values: number[]): Held[] {
  return values.map((value, minute) => ({
    ...{ minute, accepted: 0, files: 26, heap: 10, memory: 80, idle: 2 },
    [kind]: value,
  }));
}

for (const kind of ["heap", "memory", "idle"] as const) {
  Deno.test(`a soak whose ${kind} rises to the end fails, and one whose ${kind} swings does not`, () => {
    check(rows(kind, curve(0)));
    assertThrows(() => check(rows(kind, curve(3))), Error, `${kind} rises by`);
    assertThrows(() => check(rows(kind, curve(4, LEAST_POINTS))), Error, `${kind} rises by`);
  });
}

const open = (seq: number, lost: Record<string, string> = {}, since?: string): Event => ({
  ...{ what: "open", since, open: `a.${seq}`, lost },
});
const message = (seq: number): Event => ({
  ...{ what: "message", id: `a.${seq}`, channel: "c", n: seq },
});
const told: [what: string, events: Event[], fault: RegExp | undefined][] = [
  ["all of it", [open(0), message(1), message(2), message(3)], undefined],
  ["a loss, and what is left", [
    open(0),
    message(1),
    open(2, { c: "expired" }, "a.1"),
    message(3),
  ], undefined],
  ["one too few", [open(0), message(1), message(3)], /a\.2 of c never came/],
  ["one too few, over two connections", [
    open(0),
    message(1),
    open(2, {}, "a.1"),
    message(3),
  ], /a\.2 of c never came/],
  ["one twice", [open(0), message(1), open(1, {}, "a.1"), message(1)], /a\.1 came again/],
  ["one out of order", [open(0), message(2), message(1)], /a\.1 after a\.2/],
  ["a loss of another life, where there is one", [
    open(0),
    open(1, { c: "epoch" }, "a.0"),
  ], /epoch was told of c/],
];

for (const [what, events, fault] of told) {
  Deno.test(`the ledger of a soak ${fault ? "finds" : "takes"} ${what}`, () => {
    const ledger = new Ledger(true), wanderer = new Wanderer(["c"], new Random(1));
    for (let seq = 1; seq <= 3; seq++) ledger.acknowledge(`a.${seq}`, "c", seq);
    wanderer.events.push(...events);
    if (fault === undefined) ledger.check(wanderer);
    else assertMatch(assertThrows(() => ledger.check(wanderer), Error).message, fault);
  });
}

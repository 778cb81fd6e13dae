/**
 * What the Autobahn suite reported, held to what a strict server owes.
 * @module
 */

/** One case of `index.json`. */
export interface CaseReport {
  behavior: string;
  behaviorClose: string;
}

/** By agent, by case. */
export type Index = Record<string, Record<string, CaseReport>>;

/** Cases for which the suite has no right or wrong, and says so. */
const informational = /^7\.(1\.6|13\.\d+)$/;

/** Whether a case went as it should: `OK`; `INFORMATIONAL` where the suite itself cannot say. */
export function passes(name: string, { behavior, behaviorClose }: CaseReport): boolean {
  return (behavior === "OK" || behavior === "INFORMATIONAL" && informational.test(name)) &&
    (behaviorClose === "OK" || behaviorClose === "INFORMATIONAL");
}

/** How many cases of each group behaved how, as lines; and each case that did not go as it should. */
export function summarize(index: Index): { table: string[]; failures: string[]; cases: number } {
  const groups = new Map<string, Map<string, number>>();
  const failures: string[] = [];
  const all = Object.values(index).flatMap((agent) => Object.entries(agent));
  for (const [name, report] of all) {
    const group = name.split(".")[0]!;
    const counts = groups.get(group) ?? new Map<string, number>();
    groups.set(group, counts.set(report.behavior, (counts.get(report.behavior) ?? 0) + 1));
    if (!passes(name, report)) {
      failures.push(`${name}: ${report.behavior}, close ${report.behaviorClose}`);
    }
  }
  const behaviors = [...new Set(all.map(([, { behavior }]) => behavior))].sort();
  const width = (text: string) => Math.max(6, text.length) + 2;
  const line = (first: string, cells: string[]) =>
    first.padEnd(6) + cells.map((cell, i) => cell.padStart(width(behaviors[i]!))).join("");
  const sorted = [...groups].sort(([a], [b]) => Number(a) - Number(b));
  const table = [
    line("group", behaviors),
    ...sorted.map(([group, counts]) =>
      line(group, behaviors.map((behavior) => String(counts.get(behavior) ?? 0)))
    ),
  ];
  return { table, failures, cases: all.length };
}

/**
 * `--authorize` as it is served: what is asked is counted, and that the backend fails is said once, and once that it is back.
 * @module
 */
import { type Callback, createCallback, type Outcome, outcomes } from "../auth/callback.ts";
import { type Fetch, originOf, type Time } from "../backend/post.ts";
import { type Counts, observe } from "../net/counts.ts";
import type { Config } from "../settings/config.ts";
import type { Log } from "./log.ts";
import { ASKING, type Counters, Tally } from "./tally.ts";

/** For so long it must have answered to be said to be back, in ms: one that fails now and then fails. */
export const CALM = 5000;

/** What asking needs. */
export interface AskingContext {
  config: Config;
  log: Log;
  counters: Pick<Counters, "row" | "totals">;
  threads: number;
  fetch: Fetch;
  time: Time;
}

/** Makes the callback of a thread; `undefined` where there is no backend. */
export function openCallback(context: AskingContext): Callback | undefined {
  const { config, counters, threads, fetch, time } = context, { row } = counters;
  if (config.authorize === "") return undefined;
  const told = outages(context);
  return createCallback({
    ...{ config, threads, fetch, time },
    begun: () => void row[Tally.asking]!++,
    ended(outcome, took, why) {
      row[Tally.asking]!--;
      row[Tally.asked + outcomes.indexOf(outcome)]!++;
      observe(row, Tally.askingTook, ASKING, took / 1000);
      told(outcome, why);
    },
  });
}

/** Says of all threads' questions when they begin to fail, and when they do not any more. */
function outages({ config, log, counters: { row, totals }, time }: AskingContext) {
  const backend = originOf(config.authorize);
  const failing = (counts: Counts) => counts[Tally.unanswered]! > 0;
  let failed = 0;
  return (outcome: Outcome, why: string | undefined) => {
    if (outcome === "allowed" || outcome === "refused") {
      if (!failing(row) || time.now() - failed < CALM) return;
      row[Tally.unanswered] = 0;
      if (!failing(totals())) log.info("the backend answers again", { backend });
    } else if (why !== undefined) {
      failed = time.now();
      if (failing(row)) return;
      const known = failing(totals());
      row[Tally.unanswered] = 1;
      if (!known) log.error("the backend cannot be asked", { backend, why });
    }
  };
}

/**
 * What an operator watches of the stream that nodes share.
 * @module
 */
import type { EngineStats, SharedStats } from "../hub/engine.ts";
import { counter, gauge, type Measured } from "./metrics.ts";

/** Before anything is known. */
const NOTHING: SharedStats = { roundTrip: 0, behind: 0, reconnects: 0, anew: 0 };

/** The numbers of an engine in NATS. */
export function sharedMetrics(stats: () => Promise<EngineStats>): Measured[] {
  const read = (value: (stats: SharedStats) => number) => async () =>
    value((await stats()).log ?? NOTHING);
  return [
    gauge(
      "kodama_nats_round_trip_seconds",
      "How long it took to ask NATS for the state of the stream, last time",
      read(({ roundTrip }) => roundTrip / 1000),
    ),
    gauge(
      "kodama_nats_behind",
      "Messages of the stream that had not come here, last time",
      read(({ behind }) => behind),
    ),
    counter(
      "kodama_nats_reconnects_total",
      "Connections to NATS after the first",
      read(({ reconnects }) => reconnects),
    ),
    counter(
      "kodama_nats_followed_anew_total",
      "Times that the stream did not come any more, and was followed anew",
      read(({ anew }) => anew),
    ),
  ];
}

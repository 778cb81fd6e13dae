/**
 * One round of a soak: clients of every kind come, subscribe, publish, are cut off and come back, on channels that were never
 * used before; in the end everybody has the last message of each channel, has been told what it lacks, and goes.
 * @module
 */
import { Ledger } from "../chaos/ledger.ts";
import { Progress } from "../chaos/progress.ts";
import { type Letter, publishAll, type PublisherKind } from "../chaos/publisher.ts";
import type { Random } from "../chaos/random.ts";
import { type Habits, Wanderer } from "../chaos/wanderer.ts";
import { upgrade, Wire } from "../chaos/wire.ts";
import { soon } from "../tools/nats.ts";
import { within } from "../tools/raw.ts";

/** What came of it. */
export interface Played {
  /** Messages that were acknowledged. */
  acknowledged: number;
  delivered: number;
  /** Connections that were let in, and polls that were answered. */
  sessions: number;
  /** Channels on which somebody was told of a loss. */
  gaps: number;
}

const CHANNELS = 8;
const PUBLISHERS: readonly PublisherKind[] = ["plain", "plain", "ws", "ws"];
/** How much is published under keys: each is remembered for ten minutes, as it should be, and is no leak. */
const KEYED = 0.04;
/** Messages that a publisher sends over one connection. */
const BATCH = 8;
/** Least and most that a publisher waits between two connections, in ms. */
const PACE = [100, 500] as const;
/** Some stay away for so long that channels forget what they have missed. */
const WANDERERS: readonly Habits[] = [
  { kind: "ws", stay: 1000, away: 100 },
  { kind: "ws", stay: 1000, away: 100 },
  { kind: "sse", stay: 1000, away: 100 },
  { kind: "poll", stay: 0, away: 300 },
  { kind: "ws", stay: 2000, away: 6000 },
  { kind: "sse", stay: 2000, away: 6000 },
];
/** How many of each of these there are. */
const OF_EACH = 4;
/** Most that one waits who connects and is gone before it is let in, in ms. */
const STRAY = 200;
/** For all to have the last messages, in ms. */
const PATIENCE = 60_000;

/** The flags of a server in which something is forgotten within a round, and whose memory is full after three. */
export const SOAK_LIMITS = [
  ...["--message-rate", "0", "--history", "20", "--history-bytes", "512KiB"],
];

/**
 * Plays it.
 * @param port Where.
 * @param ms How long clients come and go.
 * @param round Its number; no other in a run has it.
 * @throws {Error} If something was lost untold, came twice, or out of order.
 */
export async function playRound(
  port: number,
  ms: number,
  round: number,
  random: Random,
): Promise<Played> {
  const names = Array.from({ length: CHANNELS }, (_, i) => `soak/${round}/${i}`);
  const ledger = new Ledger(true), progress = new Progress();
  const wanderers = WANDERERS.flatMap((habits) =>
    Array.from(
      { length: OF_EACH },
      () => new Wanderer(random.some(names), random.fork(), habits),
    )
  );
  const wandering = Promise.all(wanderers.map((each) => each.run([port])));
  const tooSoon = wandering.then(() => {
    throw new Error("all have the last message before it was published");
  });
  // It is awaited below, while all goes well.
  tooSoon.catch(() => {});
  const end = performance.now() + ms;
  let n = 0, acknowledged = 0;
  const publish = async (kind: PublisherKind, letters: Letter[], luck: Random) => {
    for (const { id, channel, n } of await publishAll(kind, letters, port, luck, progress)) {
      if (id === undefined) continue;
      ledger.acknowledge(id, channel, n);
      acknowledged++;
    }
  };
  const publishing = PUBLISHERS.map(async (kind) => {
    const luck = random.fork();
    while (performance.now() < end) {
      const letters = Array.from({ length: BATCH }, () => letter(n++, names, luck));
      await publish(luck.chance(KEYED) ? "http" : kind, letters, luck);
      await pause(luck.between(...PACE));
    }
  });
  const straying = stray(port, end, random.fork());
  await Promise.race([Promise.all([...publishing, straying]), tooSoon]);
  progress.calmDown();
  for (const each of wanderers) each.calm = true;
  // Who has never been let in asks for what comes from now on, and would wait for what has gone by.
  const placed = soon(
    "connection of each",
    () => Promise.resolve(wanderers.every(({ sessions }) => sessions > 0)),
    PATIENCE,
  );
  await Promise.race([placed, tooSoon]);
  const last = names.map((channel) => ({
    n,
    channel,
    text: JSON.stringify({ n: n++, last: true }),
  }));
  await publish("http", last, random.fork());
  await within(PATIENCE, "the last messages", wandering);
  for (const each of wanderers) ledger.witness(each);
  const messages = wanderers.flatMap(({ events }) => events.filter((e) => e.what === "message"));
  return {
    acknowledged,
    delivered: messages.length,
    sessions: wanderers.reduce((sum, { sessions }) => sum + sessions, 0),
    gaps: wanderers.reduce((sum, each) => sum + ledger.check(each), 0),
  };
}

/** A message of some size to some channel. */
function letter(n: number, names: string[], luck: Random): Letter {
  const size = luck.chance(0.02) ? luck.between(2000, 20_000) : luck.magnitude(500);
  return { n, channel: luck.pick(names), text: JSON.stringify({ n, pad: "x".repeat(size) }) };
}

/** Connections that are cut before they are let in. */
async function stray(port: number, end: number, luck: Random): Promise<void> {
  const request = upgrade("/soak/stray");
  while (performance.now() < end) {
    const wire = new Wire(port, () => {});
    await wire.send(request.subarray(0, luck.between(0, request.length - 1)));
    wire.cut(luck.pick(["RST", "FIN"]));
    await wire.closed;
    await pause(luck.between(0, STRAY));
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

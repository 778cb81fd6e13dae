/**
 * One run: subscribers and publishers whose connections are cut, and afterwards everybody is asked.
 * @module
 */
import { within } from "../tools/raw.ts";
import { testService } from "../tools/service.ts";
import { Model, type Witnessed } from "./model.ts";
import { Progress } from "./progress.ts";
import { type Letter, publishAll } from "./publisher.ts";
import { Random } from "./random.ts";
import { ChaosSubscriber, seqOf } from "./subscriber.ts";
import { Reader, upgrade, Wire } from "./wire.ts";

/** What a run is made of. */
export interface ChaosOptions {
  /** Decides everything but the order in which sockets become ready. */
  seed: number;
  /** How many messages are published. */
  messages: number;
  /** How many subscribe. */
  subscribers: number;
  /** Messages that a channel remembers. */
  history: number;
  /** What all channels remember, in bytes. */
  historyBytes: number;
  /** For all of it, in ms. */
  deadline: number;
}

/** What came of it. */
export interface ChaosResult {
  /** Messages published. */
  published: number;
  /** Messages that subscribers got. */
  delivered: number;
  /** Connections of subscribers. */
  sessions: number;
  /** Channels on which somebody was told of a gap. */
  gaps: number;
}

/** Three kinds of memory, each with its share of all messages. */
export const MEMORIES = [
  {
    what: "with memory for all of it",
    share: 0.2,
    gaps: false,
    history: 1_000_000,
    historyBytes: 2 ** 30,
  },
  {
    what: "with memory for a few messages of each channel",
    share: 0.4,
    gaps: true,
    history: 8,
    historyBytes: 2 ** 26,
  },
  {
    what: "with so little memory that whole channels are forgotten",
    share: 0.4,
    gaps: true,
    history: 100,
    historyBytes: 100_000,
  },
];

/** A seed that nobody chose. */
export function newSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0]!;
}

const CHANNELS = Array.from({ length: 10 }, (_, i) => `chaos/${i}`);
const PUBLISHERS = ["http", "http", "ws", "ws"] as const;

/** Some channels get a hundred times what others get; most messages are small. */
function letters(random: Random, count: number, first: number): Letter[] {
  return Array.from({ length: count }, (_, i) => {
    const channel = CHANNELS[CHANNELS.length - random.magnitude(CHANNELS.length + 1)]!;
    const size = random.chance(0.02) ? random.between(2000, 20_000) : random.magnitude(500);
    const n = first + i;
    return { n, channel, text: JSON.stringify({ n, pad: "x".repeat(size) }) };
  });
}

/** Sees every message, and tells how far things are. */
async function witness(port: number, progress: Progress) {
  const seen: Witnessed[] = [];
  const opened = Promise.withResolvers<void>();
  const reader = new Reader("ws", (text) => {
    const { open, id, ch, data } = JSON.parse(text);
    if (open !== undefined) return opened.resolve();
    seen.push({ seq: seqOf(id), channel: ch, n: data.n, text: JSON.stringify(data) });
    progress.reach(seen.length);
  });
  const wire = new Wire(port, (bytes) => reader.push(bytes));
  await wire.send(upgrade(`/${CHANNELS.join(",")}`));
  await opened.promise;
  return { seen, wire };
}

/**
 * Runs it.
 * @throws {Error} If anybody was told anything else than they must have been; it names the seed.
 */
export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const progress = new Progress();
  try {
    return await within(options.deadline, "the run", run(options, progress));
  } catch (error) {
    throw new Error(`seed ${options.seed}, ${options.messages} messages`, { cause: error });
  } finally {
    progress.end();
  }
}

async function run(options: ChaosOptions, progress: Progress): Promise<ChaosResult> {
  const { seed, messages, history, historyBytes } = options;
  const random = new Random(seed);
  await using service = await testService(
    ...["--message-rate", "0", "--history", String(history)],
    ...["--history-bytes", String(historyBytes)],
  );
  const { port } = service;
  const { seen, wire } = await witness(port, progress);
  const subscribers = Array.from({ length: options.subscribers }, (_, i) => {
    const kind = i % 2 === 0 ? "ws" : "sse";
    return new ChaosSubscriber(kind, random.some(CHANNELS), port, random.fork(), progress);
  });
  const listening = Promise.all(subscribers.map((subscriber) => subscriber.run()));
  const share = Math.ceil(messages / PUBLISHERS.length);
  const publishing = PUBLISHERS.map((kind, i) =>
    publishAll(kind, letters(random, share, i * share), port, random.fork(), progress)
  );
  // Whoever fails first says why.
  const outcomes = await Promise.race([
    Promise.all(publishing),
    listening.then(() => {
      throw new Error("all have the last message before it was published");
    }),
  ]);
  progress.calmDown();
  const last = CHANNELS.map((channel, i) => {
    const n = share * PUBLISHERS.length + i;
    return { n, channel, text: JSON.stringify({ n, last: true }) };
  });
  outcomes.push(await publishAll("http", last, port, random.fork(), progress));
  await listening;
  while (seen.at(-1)?.n !== last.at(-1)!.n) {
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  wire.cut("FIN");
  await wire.closed;
  for (const [i, { seq }] of seen.entries()) {
    if (seq !== i + 1) throw new Error(`the witness saw ${seq} after ${i}`);
  }
  const model = new Model(seen, CHANNELS, { history, historyBytes });
  for (const [i, each] of outcomes.entries()) model.checkReceipts(each, PUBLISHERS[i] !== "ws");
  let gaps = 0, sessions = 0, delivered = 0;
  for (const subscriber of subscribers) {
    gaps += model.check(subscriber);
    sessions += subscriber.sessions.length;
    for (const { got } of subscriber.sessions) delivered += got.length;
    const codes = subscriber.closeCodes.filter((code) => code !== 1013);
    if (codes.length > 0) throw new Error(`closed with ${codes}`);
  }
  const faults = service.log.lines.filter((line) => line.level === "error");
  if (faults.length > 0) throw new Error(`faults: ${JSON.stringify(faults[0])}`);
  return { published: seen.length, delivered, sessions, gaps };
}

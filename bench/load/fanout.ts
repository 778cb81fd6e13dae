/**
 * Fan-out: many subscribers, and what is published to them over HTTP at a rate.
 * @module
 */
import { FrameCounter, maskedFrame } from "./frames.ts";
import { meter, Times, type Usage } from "./meter.ts";
import { Publisher, readStamp, STAMP, wallClock } from "./publisher.ts";
import { Swarm } from "./swarm.ts";

/** What to publish, to whom. */
export interface FanoutLoad {
  /** The server's port and process. */
  port: number;
  pid: number;
  /** Where it is published, if that is another server of the same cluster. */
  publishPort?: number;
  /** How many connections subscribe. */
  subscribers: number;
  /** The path at which one subscribes: channels, with commas between them. */
  subscribe: (id: number) => string;
  /** What each says first, where that is how one subscribes. */
  says?: string | undefined;
  /** The paths to which messages are published, in turn. */
  publish: readonly string[];
  /** Messages a second. */
  rate: number;
  /** Body of a message, in bytes. */
  size: number;
  /** Seconds before measuring, and of measuring. */
  warm: number;
  seconds: number;
}

/** What came of it. */
export interface FanoutResult extends Usage {
  /** Messages that were published while measuring. */
  published: number;
  /** Messages that reached a subscriber while measuring. */
  deliveries: number;
  /** From when a message was due to be published until a subscriber had it, in ms: half and 99 % took no longer. */
  p50: number;
  p99: number;
  /** What the subscriber got that got least, and what each got on average, while measuring. */
  slowest: number;
  average: number;
  /** What did not arrive within five seconds after the end, of all that was published. */
  missing: number;
  /** Most memory of the server, in bytes. */
  peak: number;
  /** Subscribers that saw another order than the first of them to see it, of one channel. */
  disordered: number;
  /** Subscribers that the server ended. */
  ended: number;
  /** Publishes that were refused. */
  refused: number;
}

const TEXT = 1, PING = 9, PONG = 10;
/** The server's pings hold nothing. */
const pong = maskedFrame(PONG, new Uint8Array(0));

/** Whether all see the same messages in the same order. */
class Order {
  /** The order, as whoever is furthest sees it. */
  readonly #messages: number[] = [];
  readonly #seen: Uint32Array;
  readonly #strange = new Set<number>();

  constructor(subscribers: number) {
    this.#seen = new Uint32Array(subscribers);
  }

  /** How many saw another one. */
  get disordered(): number {
    return this.#strange.size;
  }

  /** The next message that a subscriber sees. */
  add(id: number, message: number): void {
    const at = this.#seen[id]!++;
    if (at === this.#messages.length) this.#messages.push(message);
    else if (this.#messages[at] !== message) this.#strange.add(id);
  }
}

/** Runs a fan-out. With several paths to publish to, each message counts for whoever subscribes to its path. */
export function fanout(load: FanoutLoad): FanoutResult {
  const { subscribers, port, pid } = load;
  let measuring = false, deliveries = 0, total = 0, peak = 0;
  const got = new Float64Array(subscribers);
  const order = new Order(subscribers);
  const times = new Times();
  const counter = new FrameCounter(subscribers, {
    // The envelope of a message has its stamp elsewhere: it is counted, not timed.
    peek: STAMP,
    payload(id, bytes, at) {
      const stamp = readStamp(bytes, at);
      if (stamp === undefined) return;
      if (load.publish.length === 1) order.add(id, stamp);
      if (measuring) times.add(wallClock() - stamp);
    },
    control(id, opcode) {
      if (opcode === PING) swarm.send(id, pong, pong.length);
    },
  });
  const said = maskedFrame(TEXT, new TextEncoder().encode(load.says ?? ""));
  const swarm: Swarm = new Swarm(subscribers, { port, path: load.subscribe }, {
    open: (id) => void (load.says !== undefined && swarm.send(id, said, said.length)),
    data(id, bytes, start, end) {
      const messages = counter.feed(id, bytes, start, end);
      total += messages;
      if (!measuring) return;
      deliveries += messages;
      got[id]! += messages;
    },
  });
  swarm.openAll();
  // What a connection is told first, with several channels, is no delivery.
  for (const end = performance.now() + 300; performance.now() < end;) swarm.turn(20);
  total = 0;

  const { publish: paths, size, rate } = load;
  const publisher = new Publisher(swarm.poll, subscribers, {
    port: load.publishPort ?? port,
    paths,
    size,
  });
  swarm.others = (id, broken) => publisher.ready(id, broken);
  const run = (seconds: number, done = () => false) => {
    const end = performance.now() + seconds * 1000;
    while (performance.now() < end && !done()) {
      // It may be a millisecond late, but where that would gather what has to be apart.
      const next = publisher.turn();
      swarm.turn(Math.max(0, Math.min(20, rate < 1000 ? Math.ceil(next) : Math.floor(next))));
    }
  };
  // Every channel has had a message before it is measured.
  if (paths.length > 1) {
    publisher.start(20_000);
    run(60, () => publisher.published >= paths.length);
    publisher.stop();
    run(5, () => publisher.waiting === 0);
  }
  publisher.start(rate);
  run(load.warm);
  measuring = true;
  const before = publisher.published, finish = meter(pid);
  // Memory is looked at ten times: a server behind grows.
  let usage: Usage;
  for (let i = 0; i < 10; i++) {
    run(load.seconds / 10);
    peak = Math.max(peak, (usage = finish()).resident);
  }
  measuring = false;
  const published = publisher.published - before;
  publisher.stop();
  const each = paths.length > 1 ? 1 : subscribers;
  run(5, () => publisher.waiting === 0 && total >= publisher.published * each);
  return {
    ...usage!,
    published,
    deliveries,
    p50: times.percentile(0.5),
    p99: times.percentile(0.99),
    slowest: subscribers === 0 ? 0 : got.reduce((a, b) => Math.min(a, b)),
    average: subscribers === 0 ? 0 : deliveries / subscribers,
    missing: publisher.published * each - total,
    peak,
    disordered: order.disordered,
    ended: swarm.ended,
    refused: publisher.failed,
  };
}

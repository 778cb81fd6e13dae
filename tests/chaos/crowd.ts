/**
 * Everybody who talks to the server in a run: subscribers and publishers, and afterwards everybody is asked.
 * @module
 */
import { CHANNELS, lastLetters, letters } from "./load.ts";
import { Model } from "./model.ts";
import type { Progress } from "./progress.ts";
import { type Outcome, publishAll, type PublisherKind } from "./publisher.ts";
import type { Random } from "./random.ts";
import { ChaosSubscriber } from "./subscriber.ts";
import type { Life, Witness } from "./witness.ts";

/** How many they are, and what is remembered for them. */
export interface CrowdOptions {
  /** How many messages are published. */
  messages: number;
  /** How many subscribe. */
  subscribers: number;
  /** Messages that a channel remembers. */
  history: number;
  /** What all channels remember, in bytes. */
  historyBytes: number;
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

/** The flags of a server that remembers so much. */
export function limitsOf({ history, historyBytes }: CrowdOptions): string[] {
  return [
    ...["--message-rate", "0", "--history", String(history)],
    ...["--history-bytes", String(historyBytes)],
  ];
}

/** Subscribers and publishers. */
export class Crowd {
  /** Resolves when all has been published but the last messages. */
  readonly publishing: Promise<void>;
  readonly #publishers: readonly PublisherKind[];
  readonly #subscribers: ChaosSubscriber[];
  readonly #listening: Promise<unknown>;
  readonly #outcomes: Promise<Outcome[][]>;
  readonly #port: number;
  readonly #random: Random;
  readonly #progress: Progress;
  readonly #count: number;
  #last: Outcome[] = [];

  /**
   * They begin at once.
   * @param options How many they are.
   * @param publishers How they publish.
   * @param port Where.
   * @param random Decides what happens to them.
   * @param progress What they wait by.
   */
  constructor(
    options: CrowdOptions,
    publishers: readonly PublisherKind[],
    port: number,
    random: Random,
    progress: Progress,
  ) {
    this.#publishers = publishers;
    this.#port = port;
    this.#random = random;
    this.#progress = progress;
    this.#subscribers = Array.from({ length: options.subscribers }, (_, i) => {
      const kind = i % 2 === 0 ? "ws" : "sse";
      return new ChaosSubscriber(kind, random.some(CHANNELS), port, random.fork(), progress);
    });
    this.#listening = Promise.all(this.#subscribers.map((subscriber) => subscriber.run()));
    const share = Math.ceil(options.messages / publishers.length);
    this.#count = share * publishers.length;
    this.#outcomes = Promise.all(
      publishers.map((kind, i) =>
        publishAll(kind, letters(random, share, i * share), port, random.fork(), progress)
      ),
    );
    // Whoever fails first says why.
    this.publishing = Promise.race([
      this.#outcomes.then(() => {}),
      progress.failed,
      this.#listening.then(() => {
        throw new Error("all have the last message before it was published");
      }),
    ]);
    this.publishing.catch(() => {});
  }

  /** Codes of Close frames that subscribers got. */
  get closeCodes(): number[] {
    return this.#subscribers.flatMap(({ closeCodes }) => closeCodes);
  }

  /** Nothing is cut any more: publishes the last messages, and waits until everybody has them. */
  async finish(witness: Witness): Promise<void> {
    const progress = this.#progress;
    progress.calmDown();
    // Who has never been let in asks for what comes from now on, and would wait for what has gone by.
    const placed = Promise.all(this.#subscribers.map((subscriber) => subscriber.placed));
    await Promise.race([placed, progress.failed]);
    const last = lastLetters(this.#count);
    this.#last = await publishAll("http", last, this.#port, this.#random.fork(), progress);
    await Promise.race([this.#listening, progress.failed]);
    await Promise.race([witness.until(last.at(-1)!.n), progress.failed]);
    await witness.leave();
  }

  /**
   * Holds what they were told against what was published.
   * @throws {Error} If anybody was told anything else than they must have been.
   */
  async check(lives: Life[], options: CrowdOptions): Promise<ChaosResult> {
    const outcomes = [...await this.#outcomes, this.#last];
    let gaps = 0;
    for (const [index, life] of lives.entries()) {
      const model = new Model(life, CHANNELS, options, index < lives.length - 1);
      for (const [i, each] of outcomes.entries()) {
        model.checkReceipts(each, (this.#publishers[i] ?? "http") === "http");
      }
      for (const subscriber of this.#subscribers) gaps += model.check(subscriber);
    }
    const sessions = this.#subscribers.flatMap((subscriber) => subscriber.sessions);
    return {
      published: lives.reduce((sum, { seen }) => sum + seen.length, 0),
      delivered: sessions.reduce((sum, { got }) => sum + got.length, 0),
      sessions: sessions.length,
      gaps,
    };
  }
}

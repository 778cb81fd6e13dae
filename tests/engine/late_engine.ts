/**
 * An engine whose answers come when the test says so, and a subscriber that writes down what it is told.
 * @module
 */
import type { Engine, History } from "../../lib/hub/engine.ts";
import type { Gap, Opening, Subscriber } from "../../lib/hub/hub.ts";
import { MemoryEngine } from "../../lib/engine/memory.ts";
import { draft, ROOMY, word } from "../../lib/testing/engine_suite.ts";
import type { Message } from "../../lib/hub/message.ts";

/** An engine as one behind a network is: it looks up the answer at one time, and it arrives at another. */
export class LateEngine extends MemoryEngine {
  #asked: { look: () => Promise<History>; answer: (history: History) => void }[] = [];
  #found: { history: History; answer: (history: History) => void }[] = [];

  /** Nothing waits for its answer until {@linkcode late} is set. */
  late = false;

  constructor() {
    super(ROOMY, () => 0, "e");
  }

  override history(...question: Parameters<Engine["history"]>): Promise<History> {
    if (!this.late) return super.history(...question);
    return new Promise((answer) => {
      this.#asked.push({ look: () => super.history(...question), answer });
    });
  }

  /** Looks up the answers to what was asked: what is published from now on is not in them. */
  async look(): Promise<void> {
    for (const { look, answer } of this.#asked.splice(0)) {
      this.#found.push({ history: await look(), answer });
    }
  }

  /** Lets the answers that were looked up arrive. */
  async arrive(): Promise<void> {
    for (const { history, answer } of this.#found.splice(0)) answer(history);
    await settled();
  }

  /** Publishes texts written `channel:text`, in this very turn. */
  say(...words: string[]): void {
    for (const each of words) {
      const [channel, text] = each.split(":");
      this.publish(draft(channel!, text), 0);
    }
  }
}

/** Resolves when everything that can go on without anything new has gone on. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A subscriber that writes down what it is told. */
export class Listener implements Subscriber {
  /** `open e.3`, `a:text`, `overrun`. */
  readonly log: string[] = [];
  /** How many messages it takes before it must wait for {@linkcode drain}. */
  room = Infinity;
  #waiting: (() => void) | undefined;

  /** @param more Called with each message. */
  constructor(readonly more: (message: Message) => void = () => {}) {}

  opened = ({ open, resume, lost }: Opening): void => {
    const resumes = resume === open ? [] : [`resume ${resume}`];
    this.log.push(["open", open, ...resumes, ...[...lost].flat()].join(" "));
  };

  deliver(message: Message): void {
    this.room--;
    this.log.push(word(message));
    this.more(message);
  }

  ready(): Promise<void> | undefined {
    if (this.room > 0) return undefined;
    return new Promise((resolve) => this.#waiting = resolve);
  }

  overrun(): void {
    this.log.push("overrun");
  }

  lost({ open, lost }: Gap): void {
    this.log.push(["lost", open, ...[...lost].flat()].join(" "));
  }

  /** Has room for so many more, and waits until they have come. */
  async drain(room: number): Promise<void> {
    this.room = room;
    this.#waiting?.();
    this.#waiting = undefined;
    await settled();
  }

  /** Takes what was written down. */
  take(): string[] {
    return this.log.splice(0);
  }
}

/**
 * What is not remembered goes between threads and nodes by a bus: who is there, whom to close. What carries it may lose
 * something, so each end numbers what it says: who hears that something is missing asks for all of it again.
 * @module
 */

/** Carries texts to all others, in their order: one end's to each of the others. It may lose some. */
export interface Carrier {
  /** Sends a text to all others. */
  send(text: string): void;
  /** Tells the one listener of every text of the others. */
  listen(take: (text: string) => void): void;
}

/** Who else there is, as far as is known. */
export interface PeerListener {
  /** Somebody is there of whom nothing is known, or of whom something was missed. */
  unknown(origin: string): void;
  /** Somebody is gone. */
  gone(origin: string): void;
}

/** Between signs of life, in ms. */
export const BEAT = 2000;
/** So long after the last one somebody is gone, in ms. */
export const SILENT = 15_000;
/** For answers, in ms. */
export const PATIENCE = 1000;

/** Takes what was told. */
type Take = (value: unknown, from: string) => void;

/** Somebody else. */
interface Peer {
  /** The number of the last that it said. */
  last: number;
  /** When that was. */
  heard: number;
}

/** Somebody's question, and what has been answered. */
interface Question {
  /** Of whom no answer is there yet. */
  missing: Set<string>;
  answers: unknown[];
  until: number;
  resolve: (answers: unknown[]) => void;
}

/** `NUMBER FROM TO TOPIC`, and below it the value as JSON. */
const HEAD = /^(\d+) (\S+) (\S+) (\S+)\n/;
const ALL = "*", BEATS = "beat", BYE = "bye", ANSWER = "answer";

/** Says that somebody is gone, on its behalf: whoever saw it end. */
export function lastWord(origin: string): string {
  return `0 ${origin} ${ALL} ${BYE}\nnull`;
}

/** Who sent a text. */
export function senderOf(text: string): string | undefined {
  return HEAD.exec(text)?.[2];
}

/** A name for an end, that nobody else has: of two, the older one's comes first. */
export function newOrigin(now: number): string {
  return `${now.toString(36).padStart(9, "0")}-${crypto.randomUUID().slice(0, 8)}`;
}

/** One end of the bus. Without what carries it, there is nobody else. */
export class Bus {
  /** Names this end. */
  readonly origin: string;
  /** How often something of somebody's was missed; who counts that sets it to 0. */
  missed = 0;
  readonly #carrier: Carrier | undefined;
  readonly #now: () => number;
  readonly #fault: (error: unknown) => void;
  readonly #peers = new Map<string, Peer>();
  readonly #listeners: PeerListener[] = [];
  readonly #takes = new Map<string, Take>();
  readonly #questions = new Map<number, Question>();
  #asked = 0;
  #said = 0;
  #beatAt = -Infinity;
  #tickAt = -Infinity;
  #left = false;

  /**
   * @param origin Nobody else's, see {@linkcode newOrigin}.
   * @param carrier Joins it with others; `undefined`: there are none.
   * @param now The time, in ms; it does not go back.
   * @param fault Told of what fails where something is taken that somebody else said.
   */
  constructor(
    origin: string,
    carrier: Carrier | undefined,
    now: () => number,
    fault: (error: unknown) => void,
  ) {
    this.origin = origin;
    this.#carrier = carrier;
    this.#now = now;
    this.#fault = fault;
    carrier?.listen((text) => this.#hear(text));
  }

  /** Who else is there. */
  get peers(): string[] {
    return [...this.#peers.keys()];
  }

  /** Whether nobody has been there for longer: of what is to be done once, this end does it. */
  get leads(): boolean {
    for (const peer of this.#peers.keys()) if (peer < this.origin) return false;
    return true;
  }

  /** Has somebody told who else there is, from now on and of those who are there already. */
  watch(listener: PeerListener): void {
    this.#listeners.push(listener);
    for (const peer of this.#peers.keys()) listener.unknown(peer);
  }

  /**
   * Takes what others tell.
   * @param topic What it is about, without white space; each has one who takes it.
   */
  on(topic: string, take: Take): void {
    this.#takes.set(topic, take);
  }

  /**
   * Tells the others something.
   * @param value As JSON; at most a few hundred KiB of it.
   * @param to Only one of them.
   */
  tell(topic: string, value: unknown, to: string = ALL): void {
    if (this.#carrier === undefined || this.#left) return;
    // Who comes later hears from the number on that it hears first.
    if (to !== ALL || this.#peers.size > 0 || topic === BEATS) {
      const head = `${++this.#said} ${this.origin} ${to} ${topic}`;
      this.#carrier.send(`${head}\n${JSON.stringify(value)}`);
    }
  }

  /**
   * Asks all others something.
   * @returns What those have answered who did in time, each with any number of values.
   */
  ask(topic: string, value: unknown): Promise<unknown[]> {
    if (this.#peers.size === 0) return Promise.resolve([]);
    const ref = ++this.#asked, until = this.#now() + PATIENCE;
    return new Promise((resolve) => {
      this.#questions.set(ref, {
        missing: new Set(this.#peers.keys()),
        answers: [],
        until,
        resolve,
      });
      this.tell(topic, [ref, value]);
    });
  }

  /** Answers what others {@linkcode ask}, with any number of values, each of which goes by itself. */
  answer(topic: string, answer: (value: unknown) => Iterable<unknown>): void {
    this.on(topic, (asked, from) => {
      const [ref, value] = asked as [number, unknown];
      for (const one of answer(value)) this.tell(ANSWER, [ref, one], from);
      this.tell(ANSWER, [ref], from);
    });
  }

  /** Says that it is there, and looks who is not any more. Whoever keeps the time calls it some times a second. */
  tick(): void {
    if (this.#carrier === undefined) return;
    const now = this.#now();
    if (now - this.#beatAt >= BEAT) {
      this.#beatAt = now;
      this.tell(BEATS, null);
    }
    // Where this thread was held up, what has come meanwhile is heard before anybody is said to be gone.
    const late = now - this.#tickAt > BEAT;
    this.#tickAt = now;
    for (const [origin, { heard }] of this.#peers) {
      if (!late && now - heard > SILENT) this.#lose(origin);
    }
    for (const [ref, { until }] of this.#questions) if (now >= until) this.#settle(ref);
  }

  /** Says that this end is gone. Nothing is said after that. */
  leave(): void {
    if (this.#left) return;
    this.#carrier?.send(lastWord(this.origin));
    this.#left = true;
    for (const ref of this.#questions.keys()) this.#settle(ref);
  }

  #hear(text: string): void {
    const head = HEAD.exec(text);
    if (head === null) return this.#fault(new Error(`not of the bus: ${text.slice(0, 80)}`));
    const [all, number, from, to, topic] = head as unknown as [
      string,
      string,
      string,
      string,
      string,
    ];
    if (from === this.origin || this.#left) return;
    if (topic === BYE) return this.#lose(from);
    if (!this.#know(from, Number(number))) return;
    if (topic === BEATS || to !== ALL && to !== this.origin) return;
    try {
      const value = JSON.parse(text.slice(all.length));
      if (topic === ANSWER) this.#answered(value, from);
      else this.#takes.get(topic)?.(value, from);
    } catch (error) {
      // Another program's, or a later Kodama's.
      this.#fault(error);
    }
  }

  /** Somebody is there, and has said so much. Returns whether that is new. */
  #know(from: string, number: number): boolean {
    const peer = this.#peers.get(from);
    if (peer !== undefined && number <= peer.last) return false;
    this.#peers.set(from, { last: number, heard: this.#now() });
    if (peer?.last === number - 1) return true;
    if (peer !== undefined) this.missed++;
    // Who has just come is not to wait for the next sign of life to know of this end.
    else this.tell(BEATS, null, from);
    for (const { unknown } of this.#listeners) unknown(from);
    return true;
  }

  #lose(origin: string): void {
    if (!this.#peers.delete(origin)) return;
    for (const [ref, { missing }] of this.#questions) {
      if (missing.delete(origin) && missing.size === 0) this.#settle(ref);
    }
    for (const { gone } of this.#listeners) gone(origin);
  }

  #answered([ref, ...values]: [number, ...unknown[]], from: string): void {
    const question = this.#questions.get(ref);
    if (question === undefined) return;
    question.answers.push(...values);
    if (values.length > 0) return;
    question.missing.delete(from);
    if (question.missing.size === 0) this.#settle(ref);
  }

  #settle(ref: number): void {
    const { resolve, answers } = this.#questions.get(ref)!;
    this.#questions.delete(ref);
    resolve(answers);
  }
}

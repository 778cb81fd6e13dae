/**
 * What must have happened: the whole sequence, and of each moment what was still remembered.
 * @module
 */
import { cost } from "../../lib/engine/fold.ts";
import { utf8 } from "../tools/bytes.ts";
import type { Outcome } from "./publisher.ts";
import { type ChaosSubscriber, epochOf, seqOf, type Session } from "./subscriber.ts";
import type { Life, Witnessed } from "./witness.ts";

/** Where a channel stood after a message, over all channels. */
interface Moment {
  /** The number of its oldest message that was remembered; `Infinity` if none. */
  oldest: number;
  /** The number of the last message after which it had none. */
  emptyAt: number;
}

/** The sequence of one life, and what was remembered of it when. */
export class Model {
  /** What was published, in order, without a hole. */
  readonly all: Witnessed[];
  readonly #epoch: string;
  readonly #over: boolean;
  readonly #byChannel = new Map<string, Witnessed[]>();
  /** For each channel where it stood after each message; index 0: before the first. */
  readonly #moments = new Map<string, Moment[]>();
  /** The number of the message with which a channel was first forgotten. */
  #firstForgotten = Infinity;

  /**
   * @param life What was published.
   * @param channels All channels.
   * @param limits What was remembered.
   * @param over Whether this life ended in the midst: what the witness had not seen by then is known to nobody.
   */
  constructor(
    { epoch, seen }: Life,
    channels: readonly string[],
    limits: { history: number; historyBytes: number },
    over = false,
  ) {
    const all = this.all = seen;
    this.#epoch = epoch;
    this.#over = over;
    for (const channel of channels) {
      this.#byChannel.set(channel, []);
      this.#moments.set(channel, [{ oldest: Infinity, emptyAt: 0 }]);
    }
    const kept: { seq: number; channel: string; bytes: number; gone: boolean }[] = [];
    const queues = new Map<string, typeof kept>(channels.map((c) => [c, []]));
    let bytes = 0, oldest = 0;
    const drop = (message: (typeof kept)[number]) => {
      message.gone = true;
      bytes -= message.bytes;
      const queue = queues.get(message.channel)!;
      queue.shift();
      if (queue.length === 0) this.#firstForgotten = Math.min(this.#firstForgotten, kept.length);
    };
    for (const message of all) {
      const { channel, seq, text } = message;
      this.#byChannel.get(channel)!.push(message);
      const size = cost({ channel, kind: "json", body: utf8(text) });
      const queue = queues.get(channel)!;
      kept.push({ seq, channel, bytes: size, gone: false });
      queue.push(kept.at(-1)!);
      bytes += size;
      if (queue.length > limits.history) drop(queue[0]!);
      for (; bytes > limits.historyBytes; oldest++) if (!kept[oldest]!.gone) drop(kept[oldest]!);
      for (const [name, moments] of this.#moments) {
        const first = queues.get(name)![0]?.seq ?? Infinity;
        moments.push({
          oldest: first,
          emptyAt: first === Infinity ? seq : moments.at(-1)!.emptyAt,
        });
      }
    }
  }

  /**
   * Every receipt names the message that it is for, and nothing is there twice; under a key nothing is missing, and what
   * one publisher sent is there in the order in which it sent it.
   */
  checkReceipts(outcomes: Outcome[], once: boolean): void {
    const ids = new Map<number, number[]>();
    for (const { n, seq } of this.all) ids.set(n, [...ids.get(n) ?? [], seq]);
    let last = 0;
    for (const { n, id, channel } of outcomes) {
      const seqs = ids.get(n) ?? [];
      if (seqs.length > 1) throw new Error(`message ${n} was published ${seqs.length} times`);
      if (id === undefined) {
        if (once) throw new Error(`message ${n} was never acknowledged`);
        continue;
      }
      if (epochOf(id) !== this.#epoch) {
        if (this.#over || seqs.length === 0) continue;
        throw new Error(`${id} is of another life, and message ${n} is in this one, too`);
      }
      const seq = seqOf(id), seen = this.all[seq - 1];
      if (seen === undefined && this.#over) continue;
      if (seen?.n !== n || seen.channel !== channel) throw new Error(`${id} is not message ${n}`);
      if (once && seq <= last) {
        throw new Error(`message ${n} is ${seq}, and the one before ${last}`);
      }
      last = seq;
    }
  }

  /** Holds what a subscriber was told against what it must have been told. Gives how many gaps it was told of. */
  check(subscriber: ChaosSubscriber): number {
    let gaps = 0, last = 0;
    const known: Session[] = [];
    for (const [index, session] of subscriber.sessions.entries()) {
      const { opening } = session;
      const where = `session ${index} of a subscriber by ${subscriber.kind} to ` +
        `${subscriber.channels}, since ${session.since}, open ${opening?.open}, ` +
        `plan ${session.plan}: `;
      if (opening === undefined) {
        if (session.got.length > 0) throw new Error(where + "messages before the first envelope");
        continue;
      }
      if (epochOf(opening.open) !== this.#epoch) continue;
      if (session.got.some(({ epoch }) => epoch !== this.#epoch)) {
        throw new Error(where + "messages of another life");
      }
      for (const { seq } of session.got) {
        if (seq <= last) throw new Error(`${where}${seq} came again, after ${last}`);
        last = seq;
      }
      known.push(session);
      // Of what was remembered then, too little is known.
      if (this.#over && seqOf(opening.open) > this.all.length) continue;
      gaps += this.#checkGaps(subscriber, session, where);
      this.#checkMessages(subscriber, session, where);
    }
    const end = this.#over ? Math.min(last, this.all.length) : Infinity;
    for (const channel of subscriber.channels) {
      this.#checkWhole(subscriber.kind, known, channel, end);
    }
    return gaps;
  }

  /** Whatever ids it came back by: in the end it has every message since the beginning, or was told of a gap there. */
  #checkWhole(kind: string, opened: Session[], channel: string, end: number): void {
    if (opened.length === 0) return;
    const got = new Set(opened.flatMap((session) => session.got.map((m) => m.seq)));
    const gaps = opened.filter(({ opening }) => opening!.lost[channel] !== undefined).map(range);
    const [begin] = range(opened[0]!);
    for (const { seq } of this.#between(channel, begin, end)) {
      if (got.has(seq)) continue;
      const told = gaps.some(([from, open]) =>
        from < seq && seq <= open && seq < (this.#moments.get(channel)![open]?.oldest ?? Infinity)
      );
      if (!told) throw new Error(`a subscriber by ${kind} never got ${seq} of ${channel}, untold`);
    }
  }

  /**
   * A gap is told where something is missing, and nowhere else but on a channel that was forgotten since, or after another
   * life.
   */
  #checkGaps({ channels }: ChaosSubscriber, session: Session, where: string): number {
    const { gap, lost, channels: told } = session.opening!;
    if (String(told) !== String(channels)) throw new Error(`${where}it was told of ${told}`);
    const [from, open] = range(session);
    for (const channel of channels) {
      const { oldest, emptyAt } = this.#moments.get(channel)![open]!;
      const missing = this.#between(channel, from, open).some((m) => m.seq < oldest);
      const why = lost[channel];
      if (isOfAnotherLife(session)) {
        if (why === "epoch") continue;
        throw new Error(`${where}it was of another life, and ${channel} was said to lack ${why}`);
      }
      if (missing && why !== "expired") {
        throw new Error(`${where}${channel} lacks what is before ${oldest}, and it said ${why}`);
      }
      if (missing || why === undefined) continue;
      if (emptyAt <= from || this.#firstForgotten > open) {
        throw new Error(`${where}${channel} lacks nothing, and it said ${why}`);
      }
    }
    const count = Object.keys(lost).length;
    if (gap !== count > 0) throw new Error(`${where}gap is ${gap}, with ${count} channels`);
    return count;
  }

  /** What came is a beginning of all that is remembered at the time, and all that follows. */
  #checkMessages({ channels }: ChaosSubscriber, session: Session, where: string): void {
    const [from, open] = range(session), to = Math.max(...session.got.map(({ seq }) => seq));
    const wanted = channels.flatMap((channel) => {
      const { oldest } = this.#moments.get(channel)![open]!;
      return this.#between(channel, from, to).filter((m) => m.seq >= oldest || m.seq > open);
    }).sort((a, b) => a.seq - b.seq);
    for (const [i, { seq, channel, n }] of session.got.entries()) {
      if (this.#over && seq > this.all.length) return;
      const want = wanted[i];
      if (want?.seq === seq && want.channel === channel && want.n === n) continue;
      throw new Error(
        `${where}message ${i} is ${seq} (${channel}, ${n}), ` +
          `not ${want?.seq} (${want?.channel}, ${want?.n})`,
      );
    }
  }

  #between(channel: string, from: number, to: number): Witnessed[] {
    const all = this.#byChannel.get(channel)!;
    let low = 0, high = all.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (all[middle]!.seq <= from) low = middle + 1;
      else high = middle;
    }
    let end = low;
    while (end < all.length && all[end]!.seq <= to) end++;
    return all.slice(low, end);
  }
}

/** From where on a session wanted to hear, and where it opened. */
function range(session: Session): [from: number, open: number] {
  const { since, opening } = session, open = seqOf(opening!.open);
  if (since === undefined) return [open, open];
  return [since === "all" || isOfAnotherLife(session) ? 0 : seqOf(since), open];
}

/** Whether the server has forgotten all that was before. */
function isOfAnotherLife({ since, opening }: Session): boolean {
  return since !== undefined && since !== "all" && epochOf(since) !== epochOf(opening!.open);
}

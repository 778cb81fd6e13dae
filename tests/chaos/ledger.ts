/**
 * What was published and acknowledged, over all lives of the stream, and whether what somebody was told agrees with it.
 * @module
 */
import { parseCursor } from "../../lib/hub/cursor.ts";
import type { Event, Wanderer } from "./wanderer.ts";

/** Which message is behind an id. */
interface Known {
  channel: string;
  n: number;
}

/** All that is known. */
export class Ledger {
  /** By id. */
  readonly #known = new Map<string, Known>();
  /** By life, channel: the numbers of what was acknowledged. */
  readonly #acknowledged = new Map<string, number[]>();
  /** By life, number of the message: its id. */
  readonly #ids = new Map<string, string>();
  readonly #forgets: boolean;

  /** @param forgets Whether channels remember so little that it may be told. */
  constructor(forgets = false) {
    this.#forgets = forgets;
  }

  /** The lives of the stream that anybody has seen a message of. */
  get lives(): Set<string> {
    return new Set([...this.#known.keys()].map((id) => cursor(id).epoch));
  }

  /** The ids of what was acknowledged in a life. */
  *acknowledged(life: string): Generator<string> {
    for (const [name, numbers] of this.#acknowledged) {
      if (name.startsWith(`${life} `)) { for (const seq of numbers) yield `${life}.${seq}`; }
    }
  }

  /** Notes a receipt. */
  acknowledge(id: string, channel: string, n: number): void {
    this.#note(id, { channel, n });
    const { epoch, seq } = cursor(id), name = `${epoch} ${channel}`;
    const numbers = this.#acknowledged.get(name) ?? [];
    this.#acknowledged.set(name, numbers);
    numbers.push(seq);
  }

  /** An id is the same message for everybody, and a message has one id in each life. */
  #note(id: string, { channel, n }: Known): void {
    const known = this.#known.get(id);
    if (known !== undefined && (known.n !== n || known.channel !== channel)) {
      throw new Error(`${id} is message ${known.n} of ${known.channel}, and ${n} of ${channel}`);
    }
    this.#known.set(id, { channel, n });
    const name = `${cursor(id).epoch} ${n}`, other = this.#ids.get(name) ?? id;
    if (other !== id) throw new Error(`message ${n} was published as ${other} and as ${id}`);
    this.#ids.set(name, id);
  }

  /** Notes what somebody has seen. */
  witness({ events }: Pick<Wanderer, "events">): void {
    for (const event of events) if (event.what === "message") this.#note(event.id, event);
  }

  /**
   * Holds what somebody was told against what there was. Gives how many gaps it was told of.
   * @throws {Error} If something is missing untold, repeated, or out of order, or a gap is told that is none.
   */
  check({ channels, events }: Wanderer): number {
    let gaps = 0, last: Event | undefined;
    const got = new Set<string>();
    for (const event of events) {
      if (event.what === "message") {
        if (got.has(event.id)) throw new Error(`${event.id} came again`);
        got.add(event.id);
        if (last?.what === "message") {
          const [a, b] = [cursor(last.id), cursor(event.id)];
          if (a.epoch === b.epoch && a.seq >= b.seq) {
            throw new Error(`${event.id} after ${last.id}`);
          }
        }
      } else {
        gaps += Object.keys(event.lost).length;
        this.#checkReasons(event);
      }
      last = event;
    }
    for (const channel of channels) this.#checkWhole(channel, events, got);
    return gaps;
  }

  /** Between two messages of a channel, each that was acknowledged came, or a gap was told. */
  #checkWhole(channel: string, events: Event[], got: Set<string>): void {
    let from: ReturnType<typeof cursor> | undefined;
    for (const event of events) {
      if (event.what !== "message") {
        if (event.lost[channel] !== undefined || from === undefined) from = cursor(event.open);
        continue;
      }
      if (event.channel !== channel) continue;
      const to = cursor(event.id);
      if (to.epoch !== from!.epoch) {
        throw new Error(`${event.id} of ${channel} came after ${from!.epoch}.${from!.seq}, untold`);
      }
      // What is remembered from before a gap comes all the same.
      if (to.seq <= from!.seq) continue;
      for (const seq of this.#acknowledged.get(`${to.epoch} ${channel}`) ?? []) {
        if (seq <= from!.seq || seq >= to.seq || got.has(`${to.epoch}.${seq}`)) continue;
        throw new Error(`${to.epoch}.${seq} of ${channel} never came, and ${event.id} did, untold`);
      }
      from = to;
    }
  }

  /** Every cursor was given by a node: there is no reason but that the life is another, or that something was forgotten. */
  #checkReasons(event: Exclude<Event, { what: "message" }>): void {
    for (const [channel, reason] of Object.entries(event.lost)) {
      if (this.#forgets && reason === "expired") continue;
      const since = event.what === "open" ? event.since : undefined;
      const same = since !== undefined && since !== "all" &&
        cursor(since).epoch === cursor(event.open).epoch;
      if (reason !== "epoch" || same) {
        throw new Error(`${reason} was told of ${channel}, since ${since}, open ${event.open}`);
      }
    }
  }
}

function cursor(id: string): { epoch: string; seq: number } {
  const read = parseCursor(id);
  if (read === undefined) throw new Error(`${id} is no id`);
  return read;
}

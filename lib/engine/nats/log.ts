/**
 * A log that nodes share: a stream of NATS JetStream. Each node follows all of it.
 *
 * What is known of the stream is known by number, of one life of it. Each connection begins by asking whether it is still
 * that life and by reading the last message again, goes on behind it, and counts as there once it has come to the end.
 * @module
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Loss } from "../../hub/cursor.ts";
import { EngineError, type SharedStats } from "../../hub/engine.ts";
import { newEpoch } from "../epoch.ts";
import type {
  Duplicate,
  Log,
  LogEntry,
  LogKey,
  LogListener,
  LogRecord,
  LogState,
  Place,
} from "../log.ts";
import { ServerClock, type StreamClock } from "./clock.ts";
import { explain, NatsError } from "./connect.ts";
import { NatsCarrier } from "./carrier.ts";
import { Publisher, roomOf } from "./publisher.ts";
import { decodeEntry, prefixOf } from "./record.ts";
import { Session, type SessionOptions } from "./session.ts";
import type { StreamView } from "./stream.ts";
import type { Delivery } from "./tail.ts";

/** How a log is opened. */
export interface NatsLogOptions extends SessionOptions {
  /** The stream's clock; by default the server's. */
  clock?: StreamClock;
  /** Told, at the first connection, how large a message can be, in bytes. */
  room?: (most: number) => void;
  /** Told what an operator should know, in one line. */
  said?: (line: string) => void;
}

/** Between looks whether the tail still moves, in ms. */
const WATCH = 2000;
/** First and longest pause before another connection, in ms. */
const FIRST_PAUSE = 100, LONGEST_PAUSE = 2000;
/** How often it is said that NATS cannot be reached, in ms. */
const SAY = 60_000;
/** For what another node has published already to come here, in ms. */
const YESTERDAY = 1000;

/** A log in a stream. */
export class NatsLog implements Log {
  /** @inheritDoc */
  readonly carrier: NatsCarrier;
  readonly #options: NatsLogOptions;
  readonly #prefix: string;
  readonly #clock: StreamClock;
  readonly #publisher: Publisher;
  readonly #closed = new AbortController();
  #listener!: LogListener;
  #ran!: Promise<void>;
  #session: Session | undefined;
  /** Names the life of the stream that is known. */
  #epoch = newEpoch();
  /** The number of the last message that came. */
  #seq = 0;
  /** What that message was; `undefined` if none came of this life. */
  #mark: string | undefined;
  /** Why it has to begin anew, while it has to. */
  #lost: Loss | undefined = "epoch";
  /** The newest message of those that cannot be had any more. */
  #forgotten: Place = { seq: 0, time: 0 };
  /** What the stream has, while it is read for the first time. */
  #entries: LogEntry[] | undefined = [];
  #waiting: { seq: number; resolve: () => void }[] = [];
  #doubt: () => void = () => {};
  #saidAt = -Infinity;
  #connections = 0;
  #anew = 0;

  constructor(options: NatsLogOptions) {
    this.#options = options;
    this.#prefix = prefixOf(options.stream);
    this.carrier = new NatsCarrier(options.stream, options.said);
    this.#clock = options.clock ?? new ServerClock();
    this.#publisher = new Publisher(this.#prefix, {
      late: () => this.#doubt(),
      told: (seq) => this.#reached(seq),
    });
  }

  /** The stream's time, in ms since 1970; it does not go back. */
  now(): number {
    return this.#clock.now();
  }

  /** @inheritDoc */
  follow(listener: LogListener): LogState {
    this.#listener = listener;
    listener.reachable("NATS is not connected yet");
    this.#ran = this.#run();
    return { epoch: this.#epoch, forgotten: { seq: 0, time: 0 }, keys: [], entries: [] };
  }

  /** @inheritDoc */
  append(record: LogRecord, earlier?: number): Promise<number | Duplicate> {
    try {
      return this.#publisher.publish(record, earlier);
    } catch (error) {
      if (error instanceof EngineError) return Promise.reject(error);
      // The connection is gone, and this is the first to notice.
      return Promise.reject(new EngineError(explain(this.#options.engine, error)));
    }
  }

  /** The stream drops by itself what is old, at its front. */
  drop(): void {}

  /** As {@linkcode drop}. */
  dropKeys(): void {}

  /** @inheritDoc */
  async reach(seq: number): Promise<void> {
    const patience = new AbortController();
    const late = delay(YESTERDAY, undefined, { signal: patience.signal }).then(() => {
      throw new NatsError("NATS does not answer");
    });
    try {
      await Promise.race([this.#reached(seq), late]);
    } catch (error) {
      throw new EngineError(explain(this.#options.engine, error));
    } finally {
      patience.abort();
      late.catch(() => {});
    }
  }

  /** Resolves when a message has been told, or is not there. */
  async #reached(seq: number): Promise<void> {
    const session = this.#session;
    if (session === undefined) throw new NatsError("NATS cannot be reached");
    const { last } = await session.during(session.look());
    if (last >= seq) await session.during(this.#until(seq));
  }

  /** @inheritDoc */
  stats(): SharedStats {
    const { view, roundTrip = 0 } = this.#session ?? {};
    return {
      roundTrip,
      behind: view === undefined ? 0 : Math.max(0, view.last - this.#seq),
      reconnects: Math.max(0, this.#connections - 1),
      anew: this.#anew,
    };
  }

  /** @inheritDoc */
  async close(): Promise<void> {
    await this.#publisher.idle();
    await this.carrier.sent();
    this.#closed.abort();
    this.#session?.end(new Error("closed"));
    await this.#ran;
    await this.#publisher.idle();
  }

  /** One connection after another, for ever. */
  async #run(): Promise<void> {
    const { signal } = this.#closed;
    let pause = FIRST_PAUSE, attempt = Math.floor(Math.random() * 1000);
    while (!signal.aborted) {
      try {
        this.#session = await Session.open(this.#options, this.#clock, attempt++);
        if (!signal.aborted) await this.#begin(this.#session);
        pause = FIRST_PAUSE;
        if (!signal.aborted) await this.#watch(this.#session);
      } catch (error) {
        if (!signal.aborted) this.#unreachable(explain(this.#options.engine, error));
      }
      this.#publisher.detach();
      this.carrier.detach();
      await this.#session?.close();
      this.#session = undefined;
      await delay(pause * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => {});
      pause = Math.min(pause * 2, LONGEST_PAUSE);
    }
  }

  /** Goes on where it was, or begins anew; resolves at the end of the stream. */
  async #begin(session: Session): Promise<void> {
    const { view } = session;
    if (view.epoch !== this.#epoch) this.#lost = "epoch";
    else if (this.#lost === "epoch" || view.last < this.#seq) await this.#disown(session);
    else if (view.first > this.#seq + 1) this.#lost ??= "expired";
    if (this.#lost !== undefined) {
      this.#seq = view.first - 1;
      this.#mark = undefined;
      this.#forgotten = { seq: this.#seq, time: view.gone };
      this.#waiting = [];
      if (this.#entries !== undefined) this.#entries = [];
    }
    const { last } = await this.#follow(session);
    await session.during(Promise.race([this.#until(last), this.#stands(session)]));
    if (this.#entries !== undefined) this.#startAnew(session, "epoch");
    if (this.#connections++ === 0) this.#options.room?.(roomOf(session.nc));
    this.#publisher.attach(session.nc);
    this.carrier.attach(session.nc);
    this.#saidAt = -Infinity;
    this.#listener.reachable(undefined);
  }

  /** Follows from the last message on, which must be the one that it was. Gives how the stream stands. */
  async #follow(session: Session): Promise<StreamView> {
    let held: Delivery[] | undefined = [];
    const from = this.#mark === undefined ? this.#seq + 1 : this.#seq;
    await session.follow(from, (delivery) => {
      if (held === undefined) this.#take(delivery);
      else held.push(delivery);
    });
    // What follows is bound to the stream that is there; whether that is still the one of this session is asked now.
    const view = await session.during(session.look());
    if (this.#lost !== undefined && this.#entries === undefined) {
      this.#startAnew(session, this.#lost);
    }
    const come = held;
    held = undefined;
    for (const delivery of come) this.#take(delivery);
    return view;
  }

  /** Looks again and again whether the tail still moves. Rejects when the connection is of no use any more. */
  async #watch(session: Session): Promise<never> {
    for (let before = session.view, at = this.#seq;;) {
      const doubt = new Promise<void>((resolve) => this.#doubt = resolve);
      await Promise.race([session.pause(WATCH), doubt]);
      const view = await session.during(session.look());
      if (this.#seq === at && at < before.last) {
        this.#anew++;
        await this.#follow(session);
      }
      [before, at] = [view, this.#seq];
    }
  }

  /** Rejects when nothing has come for a while. */
  async #stands(session: Session): Promise<never> {
    for (let at = -1; at !== this.#seq;) {
      at = this.#seq;
      await session.pause(WATCH);
    }
    throw new NatsError("the stream stands still");
  }

  /** Takes the next message of the stream. */
  #take({ seq, stamp, message }: Delivery): void {
    // What is to begin anew takes nothing before it has.
    if (this.#lost !== undefined && this.#entries === undefined) return;
    const mark = `${stamp} ${message.subject} ${message.data.length}`;
    const session = this.#session!;
    if (seq === this.#seq) {
      if (mark === this.#mark) return;
      // A server that lost power may give the same number to another message.
      this.#lost = "epoch";
      this.#disown(session).catch((error) => session.end(error));
      return;
    }
    const time = this.#clock.timeOf(seq, Number(stamp.slice(0, -6)));
    if (seq !== this.#seq + 1) {
      // What came before a hole proves nothing of what came after.
      this.#forgotten = { seq: seq - 1, time };
      if (this.#entries === undefined) this.#startAnew(session, "expired");
      else this.#entries = [];
    }
    this.#seq = seq;
    this.#mark = mark;
    const entry = decodeEntry(this.#prefix, message, { seq, time });
    if (entry !== undefined) {
      if (this.#entries !== undefined) this.#entries.push(entry);
      else {
        this.#listener.entry(entry);
        this.#publisher.told(entry.origin, seq);
      }
    }
    if (this.#waiting.length > 0) this.#release();
  }

  /** Nothing is known of before but what was read just now; what comes from now on is told as it comes. */
  #startAnew({ epoch }: Session, reason: Loss): void {
    const entries = this.#entries ?? [];
    this.#entries = undefined;
    this.#lost = undefined;
    this.#epoch = epoch;
    const forgotten = this.#forgotten;
    this.#listener.lost(reason, { epoch, forgotten, keys: keysOf(entries), entries });
  }

  /** What is there is not what was: the stream gets another name of its own, so that all nodes begin anew. */
  async #disown(session: Session): Promise<never> {
    await session.during(session.rename());
    throw new NatsError("the stream is not what it was");
  }

  /** Resolves when a message has come. */
  #until(seq: number): Promise<void> {
    if (this.#seq >= seq) return Promise.resolve();
    return new Promise((resolve) => void this.#waiting.push({ seq, resolve }));
  }

  #release(): void {
    const due = this.#waiting.filter(({ seq }) => seq <= this.#seq);
    if (due.length === 0) return;
    this.#waiting = this.#waiting.filter(({ seq }) => seq > this.#seq);
    for (const { resolve } of due) resolve();
  }

  /** Says that it cannot be reached: at once, and then once a minute. */
  #unreachable(why: string): void {
    const now = performance.now();
    if (now - this.#saidAt < SAY) return;
    this.#saidAt = now;
    this.#listener.reachable(why);
  }
}

/** The keys of messages that have one. */
function* keysOf(entries: LogEntry[]): Generator<LogKey> {
  for (const { channel, key, subscribers, seq, time } of entries) {
    if (key !== undefined) yield { channel, key, subscribers, seq, time };
  }
}

/**
 * One connection to NATS, from its beginning to its end: over it the stream is looked at and followed. Where it ends, another
 * one begins anew, so that there is one way to begin.
 * @module
 */
import { setTimeout as delay } from "node:timers/promises";
import { type JetStreamManager, jetstreamManager, type NatsConnection } from "./client.ts";
import type { StreamClock } from "./clock.ts";
import { connectTo, NatsError, type NatsTarget, PATIENCE } from "./connect.ts";
import { lookAt, prepareStream, renameStream, type StreamView, type StreamWish } from "./stream.ts";
import { type Delivery, followStream } from "./tail.ts";

/** What a session needs. */
export type SessionOptions = NatsTarget & StreamWish;

/** A connection. */
export class Session {
  /** It. */
  readonly nc: NatsConnection;
  /** How the stream stood when it was last looked at. */
  view!: StreamView;
  /** How long the last look took, in ms. */
  roundTrip = 0;
  readonly #jsm: JetStreamManager;
  readonly #stream: string;
  readonly #clock: StreamClock;
  readonly #over: Promise<never>;
  readonly #fail: (error: unknown) => void;
  readonly #ended = new AbortController();
  #unfollow: (() => void) | undefined;
  #looking: Promise<StreamView> | undefined;

  private constructor(
    nc: NatsConnection,
    jsm: JetStreamManager,
    stream: string,
    clock: StreamClock,
  ) {
    this.nc = nc;
    this.#jsm = jsm;
    this.#stream = stream;
    this.#clock = clock;
    const { promise, reject } = Promise.withResolvers<never>();
    this.#over = promise;
    this.#fail = reject;
    promise.catch(() => this.#ended.abort());
    nc.closed().then((error) => reject(error ?? new Error("the connection was closed")));
  }

  /**
   * Connects, and sees to it that the stream is there.
   * @param attempt Which it is.
   * @throws {Error} What keeps it from that, for `explain`.
   */
  static async open(
    options: SessionOptions,
    clock: StreamClock,
    attempt: number,
  ): Promise<Session> {
    const nc = await connectTo(options, attempt);
    try {
      const jsm = await jetstreamManager(nc, { checkAPI: false, timeout: PATIENCE });
      const session = new Session(nc, jsm, options.stream, clock);
      session.view = await session.#measured(prepareStream(jsm, options));
      return session;
    } catch (error) {
      await nc.close();
      throw error;
    }
  }

  /** Names the stream's life, which is the same as long as this is of use. */
  get epoch(): string {
    return this.view.epoch;
  }

  /**
   * Looks how the stream stands. Who asks while somebody else does gets the same answer.
   * @throws {Error} If it is another by now, and what keeps it from looking.
   */
  look(): Promise<StreamView> {
    return this.#looking ??= this.#look().finally(() => this.#looking = undefined);
  }

  async #look(): Promise<StreamView> {
    const { epoch } = this;
    const view = await this.#measured(lookAt(this.#jsm, this.#stream));
    if (view.epoch === epoch) return this.view = view;
    const error = new NatsError("the stream has been made anew");
    this.end(error);
    throw error;
  }

  /** Follows the stream from a number on, and no longer from where it did. */
  async follow(from: number, take: (delivery: Delivery) => void): Promise<void> {
    this.#unfollow?.();
    this.#unfollow = undefined;
    this.#unfollow = await followStream(
      this.nc,
      this.#jsm,
      this.#stream,
      from,
      take,
      (error) => this.end(error),
    );
  }

  /** Gives the stream another name of its own: it is not what it was. */
  rename(): Promise<void> {
    return renameStream(this.#jsm, this.#stream, this.epoch);
  }

  /** Waits for something, as long as this is of use. */
  during<T>(something: Promise<T>): Promise<T> {
    return Promise.race([something, this.#over]);
  }

  /** Waits for some time, in ms, as long as this is of use. */
  pause(ms: number): Promise<unknown> {
    const { signal } = this.#ended;
    return this.during(delay(ms, undefined, { signal }).catch(() => this.#over));
  }

  /** It is of no use any more: whoever waits is told why. */
  end(error: unknown): void {
    this.#fail(error);
  }

  /** Closes it. */
  async close(): Promise<void> {
    this.#unfollow?.();
    this.#fail(new Error("closed"));
    await this.nc.close();
  }

  async #measured(looking: Promise<StreamView>): Promise<StreamView> {
    const asked = performance.now();
    const view = await looking;
    const answered = performance.now();
    this.roundTrip = answered - asked;
    this.#clock.observe(view.now, asked, answered);
    return view;
  }
}

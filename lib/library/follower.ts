/**
 * One subscription that a program has made: where its reader is too slow it falls behind, and is caught up later from what
 * the channels remember. So nobody is ended for a burst, and no more waits than may; what is remembered no longer is told.
 * @module
 */
import type { Since } from "../hub/cursor.ts";
import type { Gap, Hub, Opening, Subscriber } from "../hub/hub.ts";
import type { Message } from "../hub/message.ts";

/** Whoever is given the messages. None of it may throw. */
export interface Reader {
  /** Told first: where it stands, and what is missing. */
  opened(opening: Opening): void;
  /** Takes a message. */
  take(message: Message): void;
  /** Whether so much waits that no more is to be given. */
  isFull(): boolean;
  /** Resolves when more can be given; `undefined` if it can at once. */
  ready(): Promise<void> | undefined;
  /** Between what was taken and what comes some may be missing. */
  gap(gap: Gap): void;
  /** Nothing will come any more, since something has gone wrong. */
  fail(error: unknown): void;
  /** A message waits for it, until it is taken or let go of. */
  keep?(message: Message): void;
  /** A message waits no more. */
  letGo?(message: Message): void;
}

/** Too much came while somebody took what they had missed. */
export class Overrun extends Error {
  override name = "Overrun";
}

/** Follows some channels for a reader. */
export class Follower implements Subscriber {
  readonly #opening: Hub | Promise<Hub>;
  #hub: Hub | undefined;
  readonly #channels: Set<string>;
  readonly #reader: Reader;
  /** Whether what comes is what is being published, and not what was missed. */
  #live = false;

  /**
   * @param hub Where the channels are, or will be.
   * @param channels Each with a good name.
   */
  constructor(hub: Hub | Promise<Hub>, channels: readonly string[], reader: Reader) {
    this.#opening = hub;
    this.#channels = new Set(channels);
    this.#reader = reader;
  }

  /**
   * Begins.
   * @param since From where on; `undefined`: from now on.
   * @returns Where it stands; `undefined` if it was ended before that was known.
   * @throws {EngineError} If that cannot be said now.
   */
  follow(since: Since | undefined): Promise<Opening | undefined> {
    const { promise, resolve, reject } = Promise.withResolvers<Opening | undefined>();
    const opened = (opening: Opening) => {
      // It may have left meanwhile.
      if (this.#channels.size === 0) return;
      this.#reader.opened(opening);
      resolve(opening);
    };
    this.#join(since, opened).then(() => resolve(undefined), reject);
    return promise;
  }

  /** Leaves a channel. */
  leave(channel: string): void {
    if (this.#channels.delete(channel)) this.#hub?.unsubscribe(this, channel);
  }

  /** Leaves all of them. */
  end(): void {
    for (const channel of this.#channels) this.leave(channel);
  }

  /** @inheritDoc */
  deliver(message: Message): void {
    if (this.#live && this.#reader.isFull()) this.#fallBehind(message);
    else this.#reader.take(message);
  }

  /** @inheritDoc */
  ready(): Promise<void> | undefined {
    return this.#reader.ready();
  }

  /** @inheritDoc */
  keep(message: Message): void {
    this.#reader.keep?.(message);
  }

  /** @inheritDoc */
  letGo(message: Message): void {
    this.#reader.letGo?.(message);
  }

  /** @inheritDoc */
  overrun(): void {
    this.end();
    this.#reader.fail(new Overrun("too much came while what was missed was taken"));
  }

  /** @inheritDoc */
  lost(gap: Gap): void {
    this.#reader.gap(gap);
  }

  async #join(since: Since | undefined, opened: (opening: Opening) => void): Promise<void> {
    // Without a wait where none is needed: what is published next is not to be missed.
    this.#hub ??= this.#opening instanceof Promise ? await this.#opening : this.#opening;
    if (this.#channels.size === 0) return;
    await this.#hub.subscribe(this, [...this.#channels], since, opened);
    this.#live = true;
  }

  /** Takes nothing until its reader can take more, and then what it missed from this message on. */
  #fallBehind({ epoch, seq }: Message): void {
    this.#live = false;
    for (const channel of this.#channels) this.#hub!.unsubscribe(this, channel);
    this.#catchUp({ from: "cursor", cursor: { epoch, seq: seq - 1 } }).catch((error) => {
      this.end();
      this.#reader.fail(error);
    });
  }

  async #catchUp(since: Since): Promise<void> {
    await this.#reader.ready();
    await this.#join(since, ({ open, lost }) => {
      if (lost.size > 0) this.#reader.gap({ open, lost });
    });
  }
}

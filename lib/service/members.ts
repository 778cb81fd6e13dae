/**
 * Who is there, as one subscriber is told (`?presence`): a list of each channel first, then who joins and who leaves.
 * @module
 */
import { Message } from "../hub/message.ts";
import type { Change, Presence, Watch } from "../hub/presence.ts";
import type { Member } from "../hub/subscriber.ts";

const encoder = new TextEncoder();

/** What is made once for all who are told the same: it has no id, and only its body counts. */
const made = new WeakMap<object, Message>();

function once(key: object, channel: string, value: () => unknown): Message {
  let message = made.get(key);
  if (message === undefined) {
    const body = encoder.encode(JSON.stringify(value()));
    made.set(key, message = new Message({ channel, kind: "text", body }, { epoch: "", seq: 0 }, 0));
  }
  return message;
}

/** One of them as it is, several as a list. */
function oneOrMore<T>(all: readonly T[]): T | readonly T[] {
  return all.length === 1 ? all[0]! : all;
}

function listOf(channel: string, members: readonly Member[]): Message {
  return once(members, channel, () => ({ presence: channel, members }));
}

function textOf(change: Change): Message {
  const { channel, join, leave } = change;
  return once(change, channel, () => ({
    ...join.length > 0 && { join: oneOrMore(join) },
    ...leave.length > 0 && { leave: oneOrMore(leave.map((sub) => ({ sub }))) },
    ch: channel,
  }));
}

/**
 * Says what has changed on a channel, by a message whose body is what is to be said; or all of it instead, as it is when that
 * can be said.
 */
export type Say = (channel: string, change: Message, all: () => Message) => void;

/** A channel that is watched; what waits for its list is let go of where it is not wanted any more. */
interface Watched {
  watch: Watch;
  told: PromiseWithResolvers<void>;
}

/** Tells one subscriber who is there. */
export class Members {
  readonly #presence: Presence;
  readonly #say: Say;
  readonly #watched = new Map<string, Watched>();

  constructor(presence: Presence, say: Say) {
    this.#presence = presence;
    this.#say = say;
  }

  /** Watches channels from now on; resolves when it is known who is there. */
  async watch(channels: readonly string[]): Promise<void> {
    const ready = channels.map((channel) => {
      const watch = this.#presence.watch(channel, (change) => {
        // Whether anybody is there at all says nothing to who is.
        if (change.join.length + change.leave.length === 0) return;
        this.#say(channel, textOf(change), () => listOf(channel, watch.list()));
      });
      this.#watched.set(channel, { watch, told: Promise.withResolvers() });
      return watch.ready;
    });
    await Promise.all(ready);
  }

  /** Tells who is there; resolves when that is done, or is not wanted any more. */
  async begin(channels: readonly string[]): Promise<void> {
    for (const channel of channels) {
      const watched = this.#watched.get(channel);
      if (watched === undefined) continue;
      const { watch, told } = watched;
      watch.begin((members) => {
        this.#say(channel, listOf(channel, members), () => listOf(channel, watch.list()));
        told.resolve();
      });
    }
    await Promise.all(channels.map((channel) => this.#watched.get(channel)?.told.promise));
  }

  /** Tells nothing more of a channel. */
  stop(channel: string): void {
    const watched = this.#watched.get(channel);
    this.#watched.delete(channel);
    watched?.watch.stop();
    watched?.told.resolve();
  }

  /** Tells nothing more at all. */
  stopAll(): void {
    for (const channel of this.#watched.keys()) this.stop(channel);
  }
}

/**
 * How many subscribe to a channel, over all threads and nodes, told to those who do (`pusher_internal:subscription_count`):
 * within a second of each change, however many there are. Of presence channels members are told instead.
 * @module
 */
import type { Bus } from "../hub/bus.ts";
import type { Hub } from "../hub/hub.ts";
import { kindOf, plainName } from "./name.ts";
import { subscriptionCount } from "./protocol.ts";
import { Subscriptions } from "./subscriptions.ts";

/** What ends tell each other: on which channels something has changed; and ask: how many there are. */
const CHANGED = "pusher.changed", COUNT = "pusher.count";
/** Between two tellings, in ms. */
const PAUSE = 1000;
/** Channels in one question. */
const PORTION = 500;

/** Counts for one thread. */
export class Counts {
  readonly #hub: Hub;
  readonly #bus: Bus;
  /** On which channels something has changed since they were told. */
  readonly #changed = new Set<string>();
  #due = 0;

  constructor(hub: Hub, bus: Bus) {
    this.#hub = hub;
    this.#bus = bus;
    bus.on(CHANGED, (channels) => {
      for (const channel of channels as string[]) {
        if (hub.count(channel) > 0) this.#changed.add(channel);
      }
    });
    // Who has come or gone may have brought or taken subscribers of any channel; and may not have heard of those here.
    const all = () => {
      const names = [...hub.names()];
      for (const channel of names) this.#changed.add(channel);
      return names;
    };
    bus.watch({
      unknown(end) {
        const names = all();
        for (let at = 0; at < names.length; at += PORTION) {
          bus.tell(CHANGED, names.slice(at, at + PORTION), end);
        }
      },
      gone: () => void all(),
    });
    bus.answer(
      COUNT,
      (channels) => [(channels as string[]).map((channel) => this.#count(channel))],
    );
  }

  /** Somebody has subscribed here, or does no more. */
  changed(channel: string): void {
    this.#changed.add(channel);
    // Each time: the others may have counted since the last.
    this.#bus.tell(CHANGED, [channel]);
  }

  /**
   * Tells what is to be told. Whoever is there to be told calls it some times a second.
   * @param now In ms.
   */
  tick(now: number): void {
    if (this.#changed.size === 0 || now < this.#due) return;
    this.#due = now + PAUSE;
    const channels = [...this.#changed];
    this.#changed.clear();
    for (let at = 0; at < channels.length; at += PORTION) {
      this.#tell(channels.slice(at, at + PORTION));
    }
  }

  /** Never rejects: who does not answer in time is not counted, and asked again. */
  async #tell(channels: string[]): Promise<void> {
    const peers = this.#bus.peers.length;
    const others = await this.#bus.ask(COUNT, channels) as number[][];
    if (others.length < peers) { for (const channel of channels) this.#changed.add(channel); }
    for (const [i, channel] of channels.entries()) {
      if (kindOf(plainName(channel)).presence) continue;
      const sum = others.reduce((sum, counts) => sum + counts[i]!, this.#count(channel));
      const text = subscriptionCount(plainName(channel), sum);
      for (const one of this.#hub.subscribers(channel)) {
        if (one instanceof Subscriptions) one.say(text);
      }
    }
  }

  #count(channel: string): number {
    return Array.from(this.#hub.subscribers(channel)).length;
  }
}

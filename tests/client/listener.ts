/**
 * A subscription by kodama.js, and all that it was told.
 */
import {
  type Loss,
  type Message,
  type State,
  subscribe,
  type SubscribeOptions,
  type Subscription,
} from "../../static/kodama.js";
import { within } from "../tools/raw.ts";

/** What somebody who subscribes was told. */
export class Listener implements AsyncDisposable {
  readonly messages: Message[] = [];
  readonly gaps: Record<string, Loss>[] = [];
  readonly states: State[] = [];
  readonly subscription: Subscription;
  #waiting: { done: () => boolean; resolve: () => void }[] = [];

  /** @param options Besides these it keeps what it is told. */
  constructor(url: string, options: SubscribeOptions = {}) {
    this.subscription = subscribe(url, {
      ...options,
      onmessage: (message, envelope) => {
        this.messages.push(message);
        options.onmessage?.(message, envelope);
        this.#look();
      },
      ongap: (lost) => {
        this.gaps.push(lost);
        options.ongap?.(lost);
        this.#look();
      },
      onstate: (state) => {
        this.states.push(state);
        options.onstate?.(state);
        this.#look();
      },
    });
  }

  /** What the messages held. */
  get data(): unknown[] {
    return this.messages.map(({ data }) => data);
  }

  /** The names of the states. */
  get names(): string[] {
    return this.states.map(({ name }) => name);
  }

  /** Waits until something holds of what was told. */
  async until(done: () => boolean): Promise<void> {
    if (done()) return;
    const met = new Promise<void>((resolve) => this.#waiting.push({ done, resolve }));
    try {
      await within(10_000, "it was told", met);
    } catch (cause) {
      throw new Error(`told ${JSON.stringify([this.states, this.data])}`, { cause });
    }
  }

  /** Waits for a state, and for its being the last. */
  async state(name: State["name"]): Promise<State> {
    await this.until(() => this.states.at(-1)?.name === name);
    return this.states.at(-1)!;
  }

  /** Waits until there were so many messages. */
  async count(messages: number): Promise<void> {
    await this.until(() => this.messages.length >= messages);
  }

  /** Ends the subscription, and waits for it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.subscription.close();
    await this.state("closed");
  }

  #look(): void {
    this.#waiting = this.#waiting.filter(({ done, resolve }) => !(done() && (resolve(), true)));
  }
}

/** Comes back at once instead of after a time, as a browser does whose network is back. */
export function atOnce({ name }: State): void {
  if (name === "waiting") queueMicrotask(() => dispatchEvent(new Event("online")));
}

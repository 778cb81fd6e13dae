/**
 * What a cache channel remembers: whoever subscribes is told its last event, unless that is a client's.
 * @module
 */
import { parseCursor, type Since } from "../hub/cursor.ts";
import type { Hub } from "../hub/hub.ts";
import type { Message } from "../hub/message.ts";

/** How an event begins that a client has sent, as it is published. */
const CLIENT = new TextEncoder().encode('{"event":"client-');

/** Keeps what was remembered apart from what comes, while somebody subscribes. */
export class Cached {
  /** What to subscribe from. */
  readonly since: Since = { from: "newest", count: 1 };
  /** Whether something newer has come meanwhile: nothing that was remembered is of interest. */
  passed = false;
  readonly #hub: Hub;
  readonly #channel: string;
  #seq = Infinity;
  #last: Message | undefined;

  /** @param channel Kodama's. */
  constructor(hub: Hub, channel: string) {
    this.#hub = hub;
    this.#channel = channel;
  }

  /** What is remembered ends at this id. */
  open(id: string): void {
    this.#seq = parseCursor(id)!.seq;
  }

  /** Takes a message, if it is one that was remembered. */
  takes(message: Message): boolean {
    if (message.channel !== this.#channel) return false;
    if (message.seq <= this.#seq) this.#last = message;
    else this.passed = true;
    return !this.passed;
  }

  /** The last that was remembered; `undefined` where there is none, or it does not matter any more. */
  async last(): Promise<Message | undefined> {
    const last = this.#last;
    if (this.passed || last === undefined || !isByClient(last)) {
      return this.passed ? undefined : last;
    }
    const { messages } = await this.#hub.history([this.#channel], { from: "all" }, 1000);
    return messages.findLast((message) => message.seq < last.seq && !isByClient(message));
  }
}

function isByClient({ kind, body }: Message): boolean {
  return kind === "json" && CLIENT.every((byte, i) => body[i] === byte);
}

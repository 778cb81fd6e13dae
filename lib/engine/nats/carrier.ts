/**
 * What nodes tell each other and nobody keeps: plain messages on one subject. While there is no connection they are lost.
 * @module
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Carrier } from "../../hub/bus.ts";
import type { NatsConnection } from "./client.ts";
import { busOf } from "./record.ts";

const encoder = new TextEncoder();
/** For the last of them to leave, in ms. */
const PATIENCE = 500;

/** Carries texts between nodes. */
export class NatsCarrier implements Carrier {
  readonly #subject: string;
  readonly #said: (line: string) => void;
  #nc: NatsConnection | undefined;
  #take: (text: string) => void = () => {};
  #saidWhy = false;

  /**
   * @param stream Those who share it hear each other.
   * @param said Told, once, if that is not allowed.
   */
  constructor(stream: string, said: (line: string) => void = () => {}) {
    this.#subject = busOf(stream);
    this.#said = said;
  }

  /** Goes over a connection from now on. */
  attach(nc: NatsConnection): void {
    this.#nc = nc;
    nc.subscribe(this.#subject, {
      callback: (error, message) => {
        if (error === null) this.#take(message.string());
        else if (nc === this.#nc) this.#refused(error.message);
      },
    });
  }

  /** There is no connection any more. */
  detach(): void {
    this.#nc = undefined;
  }

  /** @inheritDoc */
  send(text: string): void {
    if (this.#nc === undefined || this.#nc.isClosed()) return;
    const bytes = encoder.encode(text), most = this.#nc.info?.max_payload ?? Infinity;
    // The server would end the connection.
    if (bytes.length > most) this.#refused(`it takes at most ${most} bytes at a time`);
    else this.#nc.publish(this.#subject, bytes);
  }

  /** @inheritDoc */
  listen(take: (text: string) => void): void {
    this.#take = take;
  }

  /** Resolves when what was sent has left, or that takes too long. */
  async sent(): Promise<void> {
    if (this.#nc === undefined || this.#nc.isClosed()) return;
    const patience = new AbortController();
    const late = delay(PATIENCE, undefined, { signal: patience.signal });
    // Where the connection ends, nothing more leaves.
    await Promise.race([this.#nc.flush(), late]).catch(() => {});
    patience.abort();
    late.catch(() => {});
  }

  #refused(why: string): void {
    if (this.#saidWhy) return;
    this.#saidWhy = true;
    this.#said(`NATS does not let nodes talk to each other on ${this.#subject}: ${why}`);
  }
}

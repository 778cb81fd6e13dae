/**
 * A subscriber that stays for all of a run, answers pings, and must get every message.
 * @module
 */
import { Reader, upgrade, Wire } from "../chaos/wire.ts";
import { clientFrame } from "../tools/frames.ts";
import { within } from "../tools/raw.ts";

/** One, on one channel. */
export class Resident implements Disposable {
  readonly #wire: Wire;
  readonly #told: string[] = [];
  #wake = () => {};
  #failure: unknown;

  /**
   * @param port Where.
   * @param channel To what it subscribes.
   */
  constructor(port: number, channel: string) {
    const reader = new Reader("ws", (text) => this.#told.push(text), () => {
      wire.send(clientFrame(0x8a, new Uint8Array(0)));
    });
    const wire = this.#wire = new Wire(port, (bytes) => {
      try {
        reader.push(bytes);
      } catch (error) {
        this.#failure = error;
      }
      this.#wake();
    });
    wire.closed.then(() => {
      this.#failure ??= new Error(`the resident was closed with ${reader.closeCode}`);
      this.#wake();
    });
    wire.send(upgrade(`/${channel}?since=all`));
  }

  /** What it is told next, which must not take longer than so many ms. */
  // deno-lint-ignore no-explicit-any
  async next(ms: number): Promise<any> {
    while (this.#told.length === 0) {
      if (this.#failure !== undefined) throw this.#failure;
      await within(ms, "a message", new Promise<void>((resolve) => this.#wake = resolve));
    }
    return JSON.parse(this.#told.shift()!);
  }

  /** Leaves. */
  [Symbol.dispose](): void {
    this.#wire.cut("FIN");
  }
}

/**
 * What a client has asked for is done in the order in which it asked; while much of it waits, no more is read from it.
 * @module
 */
import type { Socket } from "./socket.ts";

/** What a client has asked for and waits for, in bytes; at more, no more is read from it before all of it is done. */
export const MAX_ASKED = 64 * 1024;

/** Does one thing after another. */
export class Asked {
  readonly #socket: Pick<Socket, "hold" | "goOn">;
  readonly #fail: (error: unknown) => void;
  #last: Promise<unknown> = Promise.resolve();
  /** How much that is, and how many things, until all of them are done. */
  #bytes = 0;
  #doing = 0;
  #left = false;

  /** @param fail Told what one of them threw. */
  constructor(socket: Pick<Socket, "hold" | "goOn">, fail: (error: unknown) => void) {
    this.#socket = socket;
    this.#fail = fail;
  }

  /** Whether who asked has left. */
  get left(): boolean {
    return this.#left;
  }

  /** Counts what was asked for, until all of that is done. */
  wait(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes > MAX_ASKED) this.#socket.hold();
  }

  /** Does one thing after what was asked before; where `always`, also if who asked has left meanwhile. */
  do(what: () => Promise<unknown> | void, always = false): void {
    this.#doing++;
    this.#last = this.#last.then(async () => {
      try {
        if (always || !this.#left) await what();
      } catch (error) {
        this.#fail(error);
      }
      if (--this.#doing > 0) return;
      this.#bytes = 0;
      this.#socket.goOn();
    });
  }

  /** Who asked has left. */
  leave(): void {
    this.#left = true;
  }
}

/**
 * Open connections by whose they are, so that all of somebody's can be closed, on every thread and node.
 * @module
 */
import type { Bus } from "../hub/bus.ts";

const CLOSE = "connections.close";

/** The connections of this thread that are somebody's. */
export class Connections {
  readonly #bus: Bus;
  readonly #open = new Map<string, Set<() => void>>();

  /** @param bus To those of all others. */
  constructor(bus: Bus) {
    this.#bus = bus;
    bus.answer(CLOSE, (sub) => [this.#close(sub as string)]);
  }

  /**
   * Adds one.
   * @param close Closes it.
   * @returns Told that it is gone.
   */
  add(sub: string, close: () => void): () => void {
    let open = this.#open.get(sub);
    if (open === undefined) this.#open.set(sub, open = new Set());
    const own = () => close();
    open.add(own);
    return () => {
      open.delete(own);
      if (open.size === 0 && this.#open.get(sub) === open) this.#open.delete(sub);
    };
  }

  /** Closes all of somebody's. Resolves with how many were open, as far as others answer in time. */
  async closeAll(sub: string): Promise<number> {
    const counts = [this.#close(sub), ...await this.#bus.ask(CLOSE, sub) as number[]];
    return counts.reduce((sum, count) => sum + count, 0);
  }

  #close(sub: string): number {
    const open = [...this.#open.get(sub) ?? []];
    for (const close of open) close();
    return open.length;
  }
}

/**
 * Which taps are open, by id: in this thread, or over all threads of a process, where the tap and the connection that it
 * watches may be in different ones.
 * @module
 */

/** What a tap is told: of which of its connections, and what. */
export type TapEvent = Record<string, unknown>;

/** Whoever watches by a tap. */
export interface TapWatcher {
  /** Its next connection's number, from 0. */
  conn: number;
  /** Tells it something. */
  tell(event: TapEvent): void;
}

/** The taps that are open. */
export interface TapBoard {
  /** Takes an id. Returns whether it was free. */
  claim(id: string, tell: (event: TapEvent) => void): Promise<boolean>;
  /** Gives it back. */
  release(id: string): void;
  /** Begins to watch a connection for whoever has the id. */
  watch(id: string): Promise<TapWatcher | undefined>;
}

/** The taps of this thread, or those that a process knows of. */
export class OwnTaps implements TapBoard {
  readonly #taps = new Map<string, { connections: number; tell: (event: TapEvent) => void }>();

  claim(id: string, tell: (event: TapEvent) => void): Promise<boolean> {
    if (this.#taps.has(id)) return Promise.resolve(false);
    this.#taps.set(id, { connections: 0, tell });
    return Promise.resolve(true);
  }

  release(id: string): void {
    this.#taps.delete(id);
  }

  watch(id: string): Promise<TapWatcher | undefined> {
    const tap = this.#taps.get(id);
    return Promise.resolve(tap && { conn: tap.connections++, tell: tap.tell });
  }

  /** Tells whoever has an id, if somebody still does. */
  tell(id: string, event: TapEvent): void {
    this.#taps.get(id)?.tell(event);
  }
}

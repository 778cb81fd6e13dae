/**
 * How many connections there are.
 * @module
 */

/** How many connections are open, over all listeners of a process. */
export interface Census {
  /** How many are. */
  readonly size: number;
  /** Counts one more. Returns how many there were before. */
  enter(): number;
  /** Counts one less. */
  leave(): void;
}

/** The census of a process that has one listener. */
export class OwnCensus implements Census {
  size = 0;

  enter(): number {
    return this.size++;
  }

  leave(): void {
    this.size--;
  }
}

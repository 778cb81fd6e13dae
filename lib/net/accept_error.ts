/**
 * Why accepting fails: no more files, or a connection that is gone already.
 * @module
 */

/** The process, or the system, has no file for another connection. */
export class OutOfFiles extends Error {
  /** How many connections there were. */
  readonly connections: number;
  /** How many there may be until files come back. */
  readonly limit: number;

  /**
   * @param connections How many there are.
   * @param limit How many there may be now.
   * @param cause What accepting failed with.
   */
  constructor(connections: number, limit: number, cause: unknown) {
    super(`no file left at ${connections} connections: ${limit} for now; raise ulimit -n`, {
      cause,
    });
    this.name = "OutOfFiles";
    this.connections = connections;
    this.limit = limit;
  }
}

/** Whether an accept failed because this process, or the system, has no more files. */
export function isOutOfFiles(error: unknown): boolean {
  return error instanceof Error && "code" in error &&
    (error.code === "EMFILE" || error.code === "ENFILE");
}

/** Whether an accept failed because of the one connection: its peer reset it before it was looked at (accept(2)). */
export function isStillborn(error: unknown): boolean {
  return error instanceof Deno.errors.NotConnected ||
    error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.ConnectionAborted;
}

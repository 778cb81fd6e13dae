/**
 * Calling a program's handlers: what one throws, or rejects with, ends its connection and no other.
 * @module
 */
import { CloseCode } from "../websocket/close.ts";

/** What is closed. */
interface Closable {
  readonly open: boolean;
  close(code: number, reason: string): void;
}

/** Tells a program what went wrong. Whoever is told may fail as well: that is told, too, and ends nothing. */
export function reporter(tell: (error: unknown) => unknown): (error: unknown) => Promise<void> {
  return async (error) => {
    try {
      await tell(error);
    } catch (another) {
      try {
        console.error(error, another);
      } catch {
        // Standard error takes nothing (a full disk): there is nobody left to be told.
      }
    }
  };
}

/** Calls handlers. */
export class Calls {
  readonly #report: (error: unknown) => void;

  /** @param report Told what goes wrong. */
  constructor(report: (error: unknown) => void) {
    this.#report = report;
  }

  /** A handler may be asynchronous; what it rejects with ends its connection as what it throws does. */
  settle(socket: Closable, result: unknown): void {
    if (result instanceof Promise) result.catch((error) => this.#end(socket, error));
  }

  /** Calls a handler where nobody else ends its connection for what it throws. */
  call(socket: Closable, handler: () => unknown): void {
    try {
      this.settle(socket, handler());
    } catch (error) {
      this.#end(socket, error);
    }
  }

  #end(socket: Closable, error: unknown): void {
    // That nobody is there any more for whom something was under way is no fault.
    if (!socket.open && error instanceof DOMException && error.name === "AbortError") return;
    socket.close(CloseCode.InternalError, "internal error");
    this.#report(error);
  }
}

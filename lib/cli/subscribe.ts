/**
 * `kodama subscribe`: what comes on channels, one message a line.
 * @module
 */
import { type State, subscribe, type Subscription } from "../../static/kodama.js";
import type { Command } from "../settings/command.ts";
import { printable } from "../service/log.ts";
import { lineOf } from "./line.ts";
import { Output } from "./output.ts";
import { Failure, refusal, request, RequestFailure } from "./request.ts";

/** Where lines go. */
export interface Streams {
  /** Takes some of the bytes for standard output, and says how many. */
  write: (bytes: Uint8Array) => Promise<number>;
  /** Whether that is a terminal. */
  terminal: boolean;
  /** Takes a line about what is no message. */
  tell: (line: string) => void;
  /** Aborted when it shall end. */
  signal: AbortSignal;
}

/** What may wait for the reader, in bytes. */
const MUCH = 16 << 20;
/** How little must be left of that before it goes on. */
const LITTLE = 1 << 20;
/** For what is still to be written, and for the closing handshake, at the end; in ms. */
const FAREWELL = 1000;

/**
 * Prints messages until it shall end, or its reader leaves.
 * @throws {Failure} If it is refused, or cannot print.
 */
export async function printMessages(
  { url, options }: Extract<Command, { run: "subscribe" }>,
  { write, terminal, tell, signal }: Streams,
): Promise<void> {
  const output = new Output(write);
  const refused = Promise.withResolvers<never>();
  const ended = new AbortController();
  let subscription: Subscription;
  let closed: Promise<void>;
  let open = false;
  let told = "";

  function start(since: string): void {
    const end = Promise.withResolvers<void>();
    closed = end.promise;
    let paused = false;
    subscription = subscribe(url, {
      since,
      token: options.token,
      onmessage(message, envelope) {
        output.line(lineOf(message, envelope, { json: options.json, terminal }));
        if (output.size <= MUCH) return;
        // A WebSocket cannot be told to wait; it can come back for the rest.
        paused = true;
        subscription.close();
        output.drained(LITTLE).then(() => ended.signal.aborted || start(message.id));
      },
      ongap(lost) {
        for (const [channel, why] of Object.entries(lost)) {
          tell(printable(`something may be missing on ${channel}: ${why}`));
        }
      },
      onstate(state) {
        const wasOpen = open;
        open = state.name === "open";
        if (open) {
          if (told !== "") tell("connected again");
          told = "";
        } else if (state.name === "waiting") {
          const line = wasOpen ? `cut off${because(state)}` : answered(state);
          if (line === undefined) find(state);
          else tellOnce(`${line}; trying again`);
        } else if (state.name === "closed") {
          end.resolve();
          if (!paused) {
            refused.reject(new Failure(answered(state) ?? `the server ended it${because(state)}`));
          }
        }
      },
    });
  }

  function tellOnce(line: string): void {
    if (line !== told) tell(line);
    told = line;
  }

  /** What the server said where it refused, and nobody else's secret. */
  function answered({ status, reason = "" }: State): string | undefined {
    return status === undefined ? undefined : refusal(new URL(url), status, reason);
  }

  /** Finds out why there is no connection where nobody answered: an ordinary request says. */
  async function find(state: State): Promise<void> {
    const history = new URL(url);
    const since = subscription.cursor ?? options.since;
    if (since !== "") history.searchParams.set("since", since);
    history.searchParams.set("limit", "1");
    const headers = new Headers({ Accept: "application/json" });
    try {
      await request(history, options.token, { headers, signal: ended.signal });
      if (!open) tellOnce(`there is no connection${because(state)}; trying again`);
    } catch (error) {
      if (ended.signal.aborted || open) return;
      if (!(error instanceof RequestFailure)) throw error;
      if (isRefusal(error)) refused.reject(error);
      else tellOnce(`${error.message}; trying again`);
    }
  }

  // Where nobody waits for it any more it is no fault.
  refused.promise.catch(() => {});
  start(options.since);
  try {
    await Promise.race([aborted(signal), refused.promise, output.failed]);
    subscription!.close();
    await within(FAREWELL, Promise.race([output.drained(), output.failed]));
  } catch (error) {
    if (error instanceof Failure) throw error;
    // Its reader has had enough.
    if (error instanceof Deno.errors.BrokenPipe) return;
    throw new Failure(`cannot write: ${error instanceof Error ? error.message : error}`);
  } finally {
    ended.abort();
    subscription!.close();
    await within(FAREWELL, closed!);
  }
}

/** Whether trying again is no use: the server understood, and will say the same again. */
function isRefusal({ status = 0 }: RequestFailure): boolean {
  return status >= 400 && status < 500 && status !== 408 && status !== 429;
}

function because({ code, reason }: State): string {
  const why = [code || undefined, reason || undefined].filter((part) => part !== undefined);
  return why.length === 0 ? "" : printable(` (${why.join(" ")})`);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** Waits for a promise, but not for long. */
async function within(ms: number, promise: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((resolve) => timer = setTimeout(resolve, ms));
  await Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

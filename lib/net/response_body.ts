/**
 * The body of a response that is made while it is sent: as fast as the peer takes it, and no faster.
 * @module
 */
import { HttpError } from "../http/error.ts";
import { encodeStreamHead } from "../http/response.ts";
import type { Streamed } from "./answer.ts";
import type { Exchange } from "./exchange.ts";
import { LARGE, type Outbox } from "./outbox.ts";
import type { Transport } from "./transport.ts";

/** Where such a body comes from. */
export interface Source {
  /** The next part; `undefined` at the end. It must not change any more. */
  next(): Promise<Uint8Array | undefined>;
  /** Nobody wants more of it: a `next` that is under way resolves. */
  cancel(reason: unknown): void;
}

/** What waits to be sent when the next part is asked for, at most, in bytes. */
export const AHEAD = 64 * 1024;

/** Why somebody is told to stop where the client does not wait any more. */
export function clientGone(): DOMException {
  return new DOMException("the client has gone away", "AbortError");
}

/**
 * Sends an answer and the body that is made for it meanwhile.
 * @param answer The answer.
 * @param exchange What it answers: whoever has gone away gets no more.
 * @param transport Where it goes.
 * @param fault Told what the source fails with: what the peer has got of the body then ends without its end.
 * @param wait Called where the next part must come, or be sent, within the time that a write may take.
 * @returns Whether all of it has been handed over.
 * @throws {TypeError} If a field cannot be sent; nothing has been.
 */
export async function sendStreamed(
  answer: Streamed,
  exchange: Exchange,
  transport: Transport,
  fault: (error: unknown) => void,
  wait: () => void,
): Promise<boolean> {
  const { source, length } = answer, { minor, keepAlive } = exchange, { outbox } = transport;
  // RFC 9112, 6.1: to HTTP/1.0 a server "MUST NOT send" chunks.
  const framing = length ?? (minor === 1 ? "chunked" : "end");
  let gone = false, ended = false, all = false;
  const wanted = () => {
    // Who has ended their side may be gone as well: that shows where something is sent, so something has to be.
    if (ended) wait();
    return !gone && !transport.leaving && outbox.failure === undefined;
  };
  try {
    if (!wanted()) return false;
    outbox.text(encodeStreamHead(answer, framing, keepAlive));
    exchange.watch((lost) => {
      ended = true;
      gone = lost;
      if (lost) source.cancel(clientGone());
      else wait();
    });
    all = await sendBody(source, outbox, framing, wanted, (error) => {
      if (!gone && !isOfClient(error, ended)) fault(error);
      source.cancel(error);
    });
    return all;
  } finally {
    if (!all) source.cancel(clientGone());
  }
}

/** Whether a source has failed for what the client did: gone away, or sent a body that is wrong and was to be sent back. */
function isOfClient(error: unknown, ended: boolean): boolean {
  return error instanceof HttpError ||
    ended && error instanceof Error && error.name === "AbortError";
}

/** Sends a body. Returns whether all of it was: `false` where nobody wants more, or it has failed. */
async function sendBody(
  source: Source,
  outbox: Outbox,
  framing: number | "chunked" | "end",
  wanted: () => boolean,
  failed: (error: unknown) => void,
): Promise<boolean> {
  let left = typeof framing === "number" ? framing : Infinity;
  try {
    for (;;) {
      const part = await source.next();
      if (!wanted()) return false;
      if (part === undefined) break;
      left -= part.length;
      // Not one byte more: it would be taken for the next response.
      if (left < 0) throw new TypeError("a body is longer than its Content-Length");
      if (part.length > 0) write(part, outbox, framing === "chunked");
      if (outbox.bufferedAmount > AHEAD) await outbox.drained(AHEAD);
    }
    if (left > 0 && left < Infinity) {
      throw new TypeError("a body is shorter than its Content-Length");
    }
  } catch (error) {
    failed(error);
    return false;
  }
  if (framing === "chunked") outbox.text(LAST);
  return true;
}

/** The end of a chunked body (RFC 9112, 7.1). */
const LAST = "0\r\n\r\n";

function write(part: Uint8Array, outbox: Outbox, chunked: boolean): void {
  if (chunked) outbox.text(`${part.length.toString(16)}\r\n`);
  outbox.bytes(part);
  if (chunked) outbox.text("\r\n");
  // A large part leaves now; small ones gather until the end of the turn.
  if (part.length >= LARGE) outbox.flush();
}

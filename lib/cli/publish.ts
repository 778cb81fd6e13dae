/**
 * `kodama publish`: one message to a channel.
 * @module
 */
import type { Command } from "../settings/command.ts";
import { Failure, request, RequestFailure } from "./request.ts";

/** How often it is tried, where a repeat cannot publish twice. */
const ATTEMPTS = 5;
/** Ceiling of the first wait between attempts, in ms; doubled after each. */
const WAIT = 500;

/**
 * Publishes.
 * @param input Reads standard input to its end.
 * @returns The receipt, a line of JSON.
 * @throws {Failure} If it was not published, as far as can be known.
 */
export async function publish(
  { url, text, options }: Extract<Command, { run: "publish" }>,
  input: () => Promise<Uint8Array<ArrayBuffer>>,
): Promise<string> {
  const body = text ?? await input();
  const headers = new Headers({ "Content-Type": options.type });
  if (options.key !== "") headers.set("Idempotency-Key", options.key);
  if (options.sender !== "") headers.set("Kodama-Sender", options.sender);
  for (let attempt = 1;; attempt++) {
    try {
      return receiptOf(await request(url, options.token, { method: "POST", headers, body }));
    } catch (error) {
      if (!(error instanceof RequestFailure)) throw error;
      // What has no key may have been published, though nobody said so.
      if (options.key === "" || attempt === ATTEMPTS || !isPassing(error)) throw error;
      const least = (error.retryAfter ?? 0) * 1000;
      const wait = least + Math.random() * WAIT * 2 ** (attempt - 1);
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }
}

/** Whether it may go well the next time. */
function isPassing({ status }: RequestFailure): boolean {
  return status === undefined || status === 502 || status === 503 || status === 504;
}

function receiptOf(body: string): string {
  try {
    const { id, subscribers } = JSON.parse(body);
    if (typeof id === "string") return JSON.stringify({ id, subscribers });
  } catch {
    // Not JSON.
  }
  throw new Failure("what answered is not Kodama: there is no receipt");
}

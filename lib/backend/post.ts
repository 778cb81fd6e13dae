/**
 * Requests to the operator's own backend: one POST, signed, answered within a time, of which only so much is read.
 * @module
 */
import { createHmac } from "node:crypto";
import { reasonOf } from "../http/reason.ts";

/** What asks; a test has its own. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** The time, and how it passes; a test has its own. */
export interface Time {
  /** The time, in ms; it never goes back. */
  now(): number;
  /**
   * Calls something after some time.
   * @returns Takes it back.
   */
  after(ms: number, call: () => void): () => void;
}

/** The system's. */
export const systemTime: Time = {
  now: () => performance.now(),
  after(ms, call) {
    const timer = setTimeout(call, ms);
    return () => clearTimeout(timer);
  },
};

/** A backend that cannot be reached, or does not answer as it should; the message is one line for its operator. */
export class BackendError extends Error {
  override name = "BackendError";
  /** Whether it took too long. */
  readonly late: boolean;

  constructor(message: string, late = false) {
    super(message);
    this.late = late;
  }
}

/** What is sent. */
export interface Post {
  /** Where to; http or https. */
  url: string;
  /** JSON. */
  body: string;
  /** Fields besides its type. */
  headers: Readonly<Record<string, string>>;
}

/** How it is sent. */
export interface PostContext {
  fetch: Fetch;
  time: Time;
  /** For the whole answer, in ms. */
  patience: number;
  /** Ends it; its reason is thrown. */
  signal: AbortSignal;
}

/** What is read of an answer, in bytes. */
export const MAX_ANSWER = 64 * 1024;
const AGENT = "kodama";

/**
 * Sends a body. It follows nobody elsewhere: a 302 is an answer as any other.
 * @returns The status, and the body; `undefined` where that is over 64 KiB, of which no more is read.
 * @throws {BackendError} If no answer comes, or not within the time.
 */
export async function post(
  { url, body, headers }: Post,
  { fetch, time, patience, signal }: PostContext,
): Promise<{ status: number; body: Uint8Array | undefined }> {
  const late = new AbortController();
  const cancel = time.after(patience, () => late.abort());
  try {
    const response = await fetch(url, {
      method: "POST",
      body,
      headers: { "Content-Type": "application/json", "User-Agent": AGENT, ...headers },
      redirect: "manual",
      signal: AbortSignal.any([signal, late.signal]),
    });
    return { status: response.status, body: await readBody(response) };
  } catch (error) {
    signal.throwIfAborted();
    if (late.signal.aborted) throw new BackendError("no answer in time", true);
    throw new BackendError(reasonOf(error));
  } finally {
    cancel();
  }
}

async function readBody(response: Response): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > MAX_ANSWER) return undefined;
    chunks.push(chunk);
  }
  return await new Blob(chunks).bytes();
}

/**
 * Says who a body is from.
 * @param secret Of both sides; empty: nobody can know.
 * @returns The field that holds the HMAC-SHA256 of its bytes (RFC 2104), in hexadecimal.
 */
export function signature(secret: string, body: string): Record<string, string> {
  if (secret === "") return {};
  const mac = createHmac("sha256", secret).update(body).digest("hex");
  return { "Kodama-Signature": `sha256=${mac}` };
}

/** Where a backend is, as it may be said: its path and its user may be secret. */
export function originOf(url: string): string {
  return new URL(url).origin;
}

/**
 * Requests to a directory: what it offers, nonces, and what its refusals say (RFC 8555, 6 and 7.1).
 * @module
 */
import { AcmeError, parseRetryAfter, problemText, problemType } from "./error.ts";
import { type AccountKey, signRequest } from "./jws.ts";
import { reasonOf } from "../http/reason.ts";

/** What asks; a test has its own. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** The time, and how it passes; a test has its own. */
export interface Time {
  /** The time, in ms since 1970. */
  now(): number;
  /**
   * Resolves after some time.
   * @param ms How long.
   * @param signal Rejects with its reason at once.
   */
  wait(ms: number, signal: AbortSignal): Promise<void>;
}

/** Where things are (7.1.1). */
export interface Directory {
  newNonce: string;
  newAccount: string;
  newOrder: string;
  /** Whether accounts are for those only whom it knows already (7.3.4). */
  closed: boolean;
}

/** What was answered. */
export interface Answer {
  /** The URL of what was made; `undefined` where none was given. */
  location: string | undefined;
  /** How long to wait before asking again, in ms; `undefined` where it does not say. */
  retryAfter: number | undefined;
  /** The body. */
  text: string;
}

/** How often a request is sent again with the next nonce. */
const NONCES = 10;
/** For an answer, its body included, in ms. */
const TIMEOUT = 30_000;
/** Longest body that is read, in bytes. */
const MAX_BODY = 1 << 20;

/** 6.1: the field is required. */
const AGENT = "kodama (ACME)";

/** What a client needs. */
export interface ClientContext {
  /** The directory's URL. */
  directory: string;
  key: AccountKey;
  fetch: Fetch;
  time: Time;
  /** Ends what is under way. */
  signal: AbortSignal;
}

/** One conversation with a directory. Everything it throws is an {@linkcode AcmeError}, but for the signal's reason. */
export class Client {
  /** The account's URL, once it is known. */
  account: string | undefined;
  readonly #context: ClientContext;
  #directory: Directory | undefined;
  #nonce: string | undefined;

  /** @param context What it needs. */
  constructor(context: ClientContext) {
    this.#context = context;
  }

  /** The account's key. */
  get key(): AccountKey {
    return this.#context.key;
  }

  /** What the directory offers. */
  async directory(): Promise<Directory> {
    if (this.#directory === undefined) {
      const url = this.#context.directory;
      const { text } = await this.#ask(url, { method: "GET" });
      const offers = parse(text, url);
      const meta = offers.meta as { externalAccountRequired?: unknown } | undefined;
      this.#directory = {
        newNonce: urlOf(offers, "newNonce", url),
        newAccount: urlOf(offers, "newAccount", url),
        newOrder: urlOf(offers, "newOrder", url),
        closed: meta?.externalAccountRequired === true,
      };
    }
    return this.#directory;
  }

  /**
   * Sends a signed request; where the directory wants another nonce, again with that.
   * @param payload What it says; `undefined` only asks.
   */
  async post(url: string, payload?: unknown): Promise<Answer> {
    let refused: unknown;
    for (let tries = 0; tries < NONCES; tries++) {
      const nonce = await this.#takeNonce();
      const body = await signRequest(this.key, { nonce, url, account: this.account }, payload);
      const headers = { "Content-Type": "application/jose+json" };
      try {
        return await this.#ask(url, { method: "POST", headers, body });
      } catch (error) {
        // 6.5: "the client SHOULD retry the request using the new nonce"; it came with the refusal.
        if (!(error instanceof AcmeError) || error.type !== "badNonce") throw error;
        refused = error;
      }
    }
    throw new AcmeError(`${NONCES} nonces in a row were refused`, { down: true, cause: refused });
  }

  /** As {@linkcode post}, and reads what is answered as JSON. */
  async object(url: string, payload?: unknown): Promise<Answer & { body: Body }> {
    const answer = await this.post(url, payload);
    return { ...answer, body: parse(answer.text, url) };
  }

  async #takeNonce(): Promise<string> {
    if (this.#nonce === undefined) {
      const { newNonce } = await this.directory();
      await this.#ask(newNonce, { method: "HEAD" });
    }
    const nonce = this.#nonce;
    this.#nonce = undefined;
    if (nonce === undefined) throw new AcmeError("the directory gives no nonce", { down: true });
    return nonce;
  }

  async #ask(url: string, init: RequestInit & { headers?: Record<string, string> }) {
    const { fetch, time, signal } = this.#context;
    const deadline = AbortSignal.timeout(TIMEOUT);
    let response: Response, text: string;
    try {
      response = await fetch(url, {
        ...init,
        headers: { ...init.headers, "User-Agent": AGENT },
        redirect: "error",
        signal: AbortSignal.any([signal, deadline]),
      });
      text = await readText(response, url);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof AcmeError) throw error;
      const why = deadline.aborted ? `no answer within ${TIMEOUT / 1000} s` : reasonOf(error);
      throw new AcmeError(`${hostOf(url)} cannot be reached: ${why}`, { down: true, cause: error });
    }
    // 6.5: "The server MUST include a Replay-Nonce header field in every successful response to a POST request", and may in others.
    this.#nonce = response.headers.get("Replay-Nonce") ?? this.#nonce;
    const retryAfter = parseRetryAfter(response.headers.get("Retry-After"), time.now());
    if (!response.ok) throw refusal(url, response.status, text, retryAfter);
    const location = response.headers.get("Location") ?? undefined;
    return { location, retryAfter, text };
  }
}

/** An object of the directory's. */
export type Body = Record<string, unknown>;

/** Reads a body. */
async function readText(response: Response, url: string): Promise<string> {
  const decoder = new TextDecoder();
  let text = "", size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > MAX_BODY) {
      throw new AcmeError(`${hostOf(url)} answers without an end`, { down: true });
    }
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function refusal(url: string, status: number, text: string, retryAfter: number | undefined) {
  let problem: unknown;
  try {
    problem = JSON.parse(text);
  } catch {
    // Whatever stands before the directory has its own pages; the status says it all.
  }
  const type = problemType(problem);
  return new AcmeError(
    type === undefined ? `${hostOf(url)} answers with ${status}` : problemText(problem),
    {
      ...type !== undefined && { type },
      retryAfter,
      // 429 is no fault; what has a type that is not the server's own is meant.
      down: status >= 500 && (type === undefined || type === "serverInternal"),
    },
  );
}

function parse(text: string, url: string): Body {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new AcmeError(`${hostOf(url)} answers with something that is not ACME`, { down: true });
  }
  return value as Body;
}

/**
 * A field that is a text.
 * @throws {AcmeError} If it is not.
 */
export function textOf(body: Body, name: string): string {
  const value = body[name];
  if (typeof value === "string") return value;
  throw new AcmeError(`the directory's answer lacks ${JSON.stringify(name)}`, { down: true });
}

/**
 * A field that is a URL. 6.1: "ACME clients MUST use HTTPS".
 * @param base What it is relative to, should it be.
 * @throws {AcmeError} If it is not.
 */
export function urlOf(body: Body, name: string, base?: string): string {
  const text = textOf(body, name);
  const url = URL.canParse(text, base) ? new URL(text, base) : undefined;
  if (url?.protocol === "https:") return url.href;
  throw new AcmeError(`the directory's ${JSON.stringify(name)} is not an https URL`, {
    down: true,
  });
}

function hostOf(url: string): string {
  return new URL(url).host;
}

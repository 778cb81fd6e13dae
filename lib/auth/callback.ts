/**
 * Asking the operator's backend (`--authorize`) what somebody may do who has no token: an application with sessions of its
 * own needs no tokens then.
 * @module
 */
import type { JWTPayload } from "jose";
import { NoPlace, Places } from "../backend/places.ts";
import { BackendError, type Fetch, post, signature, type Time } from "../backend/post.ts";
import { HttpError } from "../http/error.ts";
import type { Glob } from "../hub/name.ts";
import type { Request } from "../net/connection.ts";
import type { Config } from "../settings/config.ts";
import {
  type Action,
  type Authorize,
  challenge,
  nothing,
  openTo,
  ordinary,
  type Rights,
  rightsOf,
} from "./auth.ts";
import { clientOf } from "./proxy.ts";

/** What has become of a question. */
export const outcomes = ["allowed", "refused", "failed", "late", "full"] as const;
/** One of {@linkcode outcomes}. */
export type Outcome = typeof outcomes[number];

/** What the callback needs. */
export interface CallbackContext {
  /** Where it asks, what it signs with, and who is believed about addresses. */
  config: Pick<Config, "authorize" | "secret" | "public" | "trustProxy">;
  /** How many threads ask: each has its share of what may be under way. */
  threads: number;
  fetch: Fetch;
  time: Time;
  /** Told that a question begins, and then what has become of it, after how many ms, and what was wrong. */
  begun: () => void;
  ended: (outcome: Outcome, took: number, why: string | undefined) => void;
}

/** For an answer, in ms, counted from when somebody came. */
export const PATIENCE = 5000;
/** Questions under way at once, over all threads; and who wait for others to be answered. */
export const MAX_ASKING = 100, MAX_WAITING = 1000;
/** What the backend is told of a request: who somebody is, and from where. */
const PASSED = ["cookie", "authorization", "origin", "user-agent"];
/** When to come again, in seconds. */
const LATER: [string, string][] = [["Retry-After", "5"]];

/** The callback of one thread. */
export interface Callback {
  ask: Authorize;
  /** Ends what is under way. */
  close(): void;
}

/** Makes the callback. */
export function createCallback(context: CallbackContext): Callback {
  const { config, threads, time, begun, ended } = context;
  const share = (most: number) => Math.ceil(most / threads);
  const places = new Places(share(MAX_ASKING), share(MAX_WAITING), time);
  const open = openTo(config);
  const end = new AbortController();
  /** Questions that are not answered yet: who asks the same meanwhile has the same answer. */
  const asked = new Map<string, Promise<Rights>>();

  async function question(body: string): Promise<Rights> {
    const began = time.now();
    begun();
    const ends = (outcome: Outcome, why?: string) => ended(outcome, time.now() - began, why);
    try {
      const rights = await answerTo(body, began);
      ends("allowed");
      return rights;
    } catch (error) {
      if (error instanceof HttpError) {
        ends("refused");
        throw error;
      }
      const known = error instanceof BackendError || error instanceof NoPlace;
      // Who is asked about as it ends is let go of, and that is no fault of the backend's.
      if (end.signal.aborted) ends("late");
      else if (known && error.late) ends("late", `no answer within ${PATIENCE / 1000} s`);
      else ends(error instanceof NoPlace ? "full" : "failed", messageOf(error));
      if (!known && !end.signal.aborted) throw error;
      throw new HttpError(503, "who may do this cannot be asked now", LATER, "backend");
    }
  }

  async function answerTo(body: string, began: number): Promise<Rights> {
    await places.take(PATIENCE);
    try {
      const { authorize: url, secret } = config, { fetch } = context, { signal } = end;
      const asked = { url, body, headers: signature(secret, body) };
      const ask = () => {
        return post(asked, { fetch, time, patience: began + PATIENCE - time.now(), signal });
      };
      const answer = await ask().catch((error) => {
        // A connection that was kept may just have ended: what nobody has answered can be asked again.
        if (!(error instanceof BackendError) || error.late) throw error;
        return ask();
      });
      return readAnswer(answer, open);
    } finally {
      places.leave();
    }
  }

  return {
    async ask(request, action, channels) {
      const body = questionOf(request, action, channels, config);
      let answer = asked.get(body);
      if (answer === undefined) {
        asked.set(body, answer = question(body).finally(() => asked.delete(body)));
      }
      return await answer;
    },
    close() {
      end.abort();
      places.close();
    },
  };
}

/** What is asked. Of what the client has sent nothing else goes there. */
function questionOf(
  request: Request,
  action: Action,
  channels: readonly string[],
  { trustProxy }: Pick<Config, "trustProxy">,
): string {
  const address = clientOf(request, request.peer, trustProxy).hostname || "unix";
  const headers = PASSED.flatMap((name) => {
    const value = request.headers.get(name);
    return value === undefined ? [] : [[name, value]];
  });
  return JSON.stringify({ channels, action, address, headers: Object.fromEntries(headers) });
}

/**
 * What an answer allows.
 * @param open What may be read without it.
 * @throws {HttpError} 401 or 403, if it refuses.
 * @throws {BackendError} If it says neither.
 */
function readAnswer(
  { status, body }: { status: number; body: Uint8Array | undefined },
  open: Glob,
): Rights {
  if (status === 401) throw new HttpError(401, "the backend does not know who this is", challenge);
  if (status === 403) throw new HttpError(403, "the backend does not allow this");
  if (status !== 200) throw new BackendError(`the answer is ${status}`);
  if (body === undefined) throw new BackendError("the answer is over 64 KiB");
  const { read, write, ...rights } = readClaims(parse(body), open);
  if (Date.now() >= rights.expires) throw new HttpError(401, "the session has expired", challenge);
  // A backend that lets somebody do everything means its channels.
  return {
    ...rights,
    read: (name) => ordinary(name) && read(name),
    write: write === nothing ? nothing : (name) => ordinary(name) && write(name),
  };
}

function readClaims(claims: Record<string, unknown>, open: Glob): Rights {
  const { exp } = claims;
  if (exp !== undefined && typeof exp !== "number") throw new BackendError("exp is not a number");
  try {
    return rightsOf(claims as JWTPayload, open);
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    throw new BackendError(error.message.replace("the token's", "the answer's"));
  }
}

function parse(body: Uint8Array): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    throw new BackendError("the answer is not JSON");
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw new BackendError("the answer is not an object");
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

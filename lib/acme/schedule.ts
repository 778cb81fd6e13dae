/**
 * When a certificate is asked for: at once where there is none, then at two thirds of each one's life; after a failure
 * later and later, and never sooner than the directory allows.
 * @module
 */
import { openAccount } from "./account.ts";
import {
  type Certificate,
  covers,
  joinPair,
  type KnownCertificate,
  readCertificate,
  renewalOf,
  splitPair,
} from "./certificate.ts";
import type { Fetch, Time } from "./client.ts";
import { AcmeError } from "./error.ts";
import { type Challenges, orderCertificate } from "./order.ts";
import type { Store } from "./store.ts";

/** What there is to say. */
export type AcmeLine =
  | "certificate read"
  | "asking for a certificate"
  | "certificate received"
  | "no certificate yet"
  | "certificate not renewed"
  | "the directory wants to be left alone"
  | "the certificate that is kept cannot be used"
  | "the certificate cannot be kept"
  | "it cannot be read when the directory may be asked"
  | "it cannot be kept when the directory may be asked";

/** Takes a line for the log. */
export type Tell = (
  level: "info" | "warn" | "error",
  message: AcmeLine,
  fields: Record<string, string | number>,
) => void;

/** What it takes to keep a certificate. */
export interface ScheduleContext {
  /** The directory's URL. */
  directory: string;
  /** Whom the directory writes to. */
  email: string;
  /** The names, all of them in one certificate. */
  names: readonly string[];
  /** Where account and certificate are kept. */
  store: Store;
  /** What is answered at `/.well-known/acme-challenge/`. */
  challenges: Challenges;
  fetch: Fetch;
  time: Time;
  tell: Tell;
  /** A signal that cuts a pause after a failure short, as far as the directory allows; asked for anew at each pause. */
  hurry: () => AbortSignal;
  /** Ends it. */
  signal: AbortSignal;
}

const CERTIFICATE = "certificate.pem", RETRY_AFTER = "retry-after.txt";
/**
 * First and longest pause after a failure, in ms. A directory that is down costs nobody anything: it may be that the
 * network is not up yet. One that refuses counts refusals: Let's Encrypt takes five an hour for a name.
 */
const DOWN = [5000, 3_600_000] as const, REFUSED = [300_000, 6 * 3_600_000] as const;
/** Half of the time to its renewal has passed as a certificate comes: the next would be no better. */
const OLD = "the certificate came when much of its life was over: is this machine's clock right?";
/** Longest sleep, in ms: a clock that was set, or a machine that was suspended, is noticed after it. */
const LONGEST_SLEEP = 3_600_000;

/**
 * Certificates for the names: at once the one that is kept, where there is one; then each new one. It ends with the
 * signal, and never throws.
 */
export async function* keepCertificate(context: ScheduleContext): AsyncGenerator<KnownCertificate> {
  const { names, time, tell, signal } = context;
  try {
    let current = await readKept(context);
    if (current !== undefined) {
      tell(current.expires > time.now() ? "info" : "warn", "certificate read", about(current));
      yield current;
    }
    let due = current !== undefined && covers(current, names) ? renewalOf(current) : time.now();
    due = Math.max(due, await readRetryAfter(context));
    // Nothing is gained by a renewal before its time.
    let earliest = due;
    for (let failures = 0;;) {
      await sleepUntil(due, earliest, context);
      try {
        const fresh = await obtain(context);
        tell("info", "certificate received", about(fresh));
        await keep(context, fresh);
        yield current = fresh;
        due = earliest = renewalOf(fresh);
        if (due - time.now() < (fresh.expires - fresh.from) / 3) throw new AcmeError(OLD);
        failures = 0;
      } catch (error) {
        signal.throwIfAborted();
        earliest = time.now() + askedPause(error);
        due = Math.max(earliest, time.now() + ownPause(error, ++failures));
        await keepRetryAfter(context, error);
        tellFailure(context, current, error, { again: dateOf(due), failures });
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** One attempt. */
async function obtain(context: ScheduleContext): Promise<KnownCertificate> {
  const { directory, names, tell } = context;
  tell("info", "asking for a certificate", { names: names.join(","), directory });
  const order = async (renew: boolean) =>
    await orderCertificate({ ...context, client: await openAccount(context, renew) });
  let pair: Certificate;
  try {
    pair = await order(false);
  } catch (error) {
    if (!(error instanceof AcmeError) || error.type !== "accountDoesNotExist") throw error;
    pair = await order(true);
  }
  let fresh: KnownCertificate;
  try {
    fresh = readCertificate(pair);
  } catch (cause) {
    throw new AcmeError("what came is no certificate for the key that was made", { cause });
  }
  if (covers(fresh, names)) return fresh;
  throw new AcmeError(`the certificate that came is for ${fresh.names.join(", ")} only`);
}

/** How long to wait after a failure, in ms: twice as long as after the one before. */
function ownPause(error: unknown, failures: number): number {
  const [first, longest] = error instanceof AcmeError && error.down ? DOWN : REFUSED;
  return Math.min(first * 2 ** (failures - 1), longest);
}

/** How long the directory wants to be left alone after it, in ms. */
function askedPause(error: unknown): number {
  return error instanceof AcmeError ? error.retryAfter ?? 0 : 0;
}

function tellFailure(
  { time, tell }: ScheduleContext,
  current: KnownCertificate | undefined,
  error: unknown,
  fields: Record<string, string | number>,
): void {
  const why = error instanceof Error ? error.message : String(error);
  const message = current === undefined ? "no certificate yet" : "certificate not renewed";
  const expires = current === undefined ? {} : { expires: dateOf(current.expires) };
  const good = current !== undefined && current.expires > time.now();
  tell(good ? "warn" : "error", message, { why, ...fields, ...expires });
}

/**
 * Sleeps in pieces: a timer of more than 24 days would end at once.
 * @param due Until when, in ms since 1970.
 * @param earliest Until when where somebody is in a hurry.
 */
async function sleepUntil(
  due: number,
  earliest: number,
  { time, signal, hurry }: ScheduleContext,
): Promise<void> {
  signal.throwIfAborted();
  const hurried = hurry();
  let wakes = AbortSignal.any([signal, hurried]);
  for (let left = due - time.now(); left > 0; left = due - time.now()) {
    try {
      await time.wait(Math.min(left, LONGEST_SLEEP), wakes);
    } catch (error) {
      if (signal.aborted || !hurried.aborted) throw error;
      due = Math.min(due, earliest);
      wakes = signal;
    }
  }
}

/** The certificate that is kept, where it is for any of the names: until there is a better one, it is better than none. */
async function readKept({ names, store, tell }: ScheduleContext) {
  try {
    const text = await store.read(CERTIFICATE);
    if (text === undefined) return undefined;
    const kept = readCertificate(splitPair(text));
    return names.some((name) => covers(kept, [name])) ? kept : undefined;
  } catch (error) {
    // It can be had again.
    tell("warn", "the certificate that is kept cannot be used", { why: String(error) });
    return undefined;
  }
}

/** Keeps a certificate. Where that fails, it is used all the same: until the next start it does as well. */
async function keep({ store, tell }: ScheduleContext, certificate: Certificate): Promise<void> {
  try {
    await store.write(CERTIFICATE, joinPair(certificate));
  } catch (error) {
    tell("error", "the certificate cannot be kept", { why: String(error) });
  }
}

/** Until when the directory wants to be left alone, in ms since 1970: a restart is no reason to ask. */
async function readRetryAfter({ store, time, tell }: ScheduleContext): Promise<number> {
  try {
    const date = Date.parse(await store.read(RETRY_AFTER) ?? "");
    if (!(date > time.now())) return 0;
    tell("warn", "the directory wants to be left alone", { again: dateOf(date) });
    return date;
  } catch (error) {
    tell("warn", "it cannot be read when the directory may be asked", { why: String(error) });
    return 0;
  }
}

async function keepRetryAfter({ store, time, tell }: ScheduleContext, error: unknown) {
  const asked = askedPause(error);
  if (asked === 0) return;
  try {
    await store.write(RETRY_AFTER, dateOf(time.now() + asked));
  } catch (error) {
    tell("warn", "it cannot be kept when the directory may be asked", { why: String(error) });
  }
}

function about(certificate: KnownCertificate): Record<string, string> {
  const { names, expires } = certificate;
  return {
    names: names.join(","),
    expires: dateOf(expires),
    renewal: dateOf(renewalOf(certificate)),
  };
}

function dateOf(time: number): string {
  return new Date(time).toISOString();
}

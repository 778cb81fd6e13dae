/**
 * Where the certificate comes from: files, or a directory that is asked for it.
 * @module
 */
import type { Challenges } from "../acme/order.ts";
import type { DatedPair } from "../net/certificate.ts";
import type { Config } from "../settings/config.ts";
import type { PairWatch } from "./certificate.ts";
import type { Log } from "./log.ts";
import { faultLine } from "./serve.ts";

/** A certificate, and those that take its place. */
export interface Pairs extends AsyncDisposable {
  /** The first one. */
  first: DatedPair;
  /** The names that it is for. */
  names: readonly string[];
  /** Tells of each that takes the place of the one before. */
  follow(use: (pair: DatedPair) => void): void;
  /** Looks whether there is another; where the last attempt to get one failed, tries again. */
  reload(): Promise<void>;
}

/** What it takes to have one. */
export interface PairsContext {
  config: Config;
  log: Log;
  /** Where the answers to challenges are put. */
  challenges: Challenges;
  /** Waits no more for the first one. */
  signal: AbortSignal;
  /** Told how to have it tried again at once, before that one is there. */
  waiting: (hurry: () => void) => void;
}

/**
 * Gets the first certificate; by ACME that may take its time.
 * @returns `undefined` where there is to be no TLS.
 * @throws {ListenError} If the files cannot be used, or nothing can be kept; and the signal's reason.
 */
export async function openPairs(context: PairsContext): Promise<Pairs | undefined> {
  if (context.config.acme !== "") return await byAcme(context);
  if (context.config.cert !== "") return await byFiles(context);
  return undefined;
}

async function byFiles({ config, log }: PairsContext): Promise<Pairs> {
  // What certificates need is loaded where there is one.
  const files = await import("./certificate.ts");
  const first = await files.readPair(config);
  let watch: PairWatch | undefined;
  return {
    first,
    names: first.names,
    follow(use) {
      files.logPair(first, log);
      watch = new files.PairWatch(config, first, use, log);
    },
    reload: async () => await watch?.reload(),
    [Symbol.asyncDispose]: () => Promise.resolve(watch?.stop()),
  };
}

async function byAcme(context: PairsContext): Promise<Pairs> {
  const { config, log, challenges, signal, waiting } = context;
  const { openAcme } = await import("./acme.ts");
  const end = new AbortController();
  const ends = AbortSignal.any([signal, end.signal]);
  const { pairs, hurry } = await openAcme(config, log, challenges, ends);
  waiting(hurry);
  const { value: first, done } = await pairs.next();
  if (done) throw signal.reason;
  let following: Promise<void> | undefined;
  return {
    first,
    names: [],
    follow(use) {
      following = followAll(pairs, use, log);
    },
    reload: () => Promise.resolve(hurry()),
    async [Symbol.asyncDispose]() {
      end.abort();
      await following;
    },
  };
}

/** Never rejects: a renewal that cannot be used is told, and the one after it may be. */
async function followAll(
  pairs: AsyncGenerator<DatedPair>,
  use: (pair: DatedPair) => void,
  log: Log,
): Promise<void> {
  const fault = faultLine(log);
  try {
    for await (const pair of pairs) {
      try {
        use(pair);
      } catch (error) {
        fault(error);
      }
    }
  } catch (error) {
    fault(error);
  }
}

/**
 * The certificate that is had by ACME: what lib/acme asks for, as the settings want it.
 * @module
 */
import { setTimeout } from "node:timers/promises";
import type { Challenges } from "../acme/order.ts";
import { keepCertificate } from "../acme/schedule.ts";
import { openStore, type Store } from "../acme/store.ts";
import type { DatedPair } from "../net/certificate.ts";
import { ListenError } from "../net/conn.ts";
import { type Config, publicNames } from "../settings/config.ts";
import type { Log } from "./log.ts";

/** A certificate that is kept good. */
export interface Acme {
  /** The one that is kept, if there is one; then each new one. */
  pairs: AsyncGenerator<DatedPair>;
  /** Tries again at once after a failure, unless the directory has said when. */
  hurry(): void;
}

/**
 * Begins to keep a certificate.
 * @param challenges Where answers are put that the plain port gives.
 * @param signal Ends it.
 * @throws {ListenError} If nothing can be kept.
 */
export async function openAcme(
  config: Config,
  log: Log,
  challenges: Challenges,
  signal: AbortSignal,
): Promise<Acme> {
  let hurried = new AbortController();
  const pairs = keepCertificate({
    directory: config.acmeDirectory,
    email: config.acme,
    names: publicNames(config.host),
    store: await open(config),
    challenges,
    fetch,
    time: { now: Date.now, wait: (ms, signal) => setTimeout(ms, undefined, { signal }) },
    tell: (level, message, fields) => log[level](message, fields),
    hurry: () => hurried.signal,
    signal,
  });
  return {
    pairs,
    hurry() {
      hurried.abort();
      hurried = new AbortController();
    },
  };
}

async function open({ data, acmeDirectory }: Config): Promise<Store> {
  try {
    return await openStore(data, acmeDirectory);
  } catch (error) {
    const why = error instanceof Deno.errors.NotCapable
      ? "this needs --allow-read and --allow-write of it"
      : error instanceof Error
      ? error.message
      : String(error);
    throw new ListenError(`nothing can be kept in ${data} (--data): ${why}`);
  }
}
